"""What can go wrong, in the words of the business. Nothing here knows of HTTP.

Each class names its `code`. The sentences that people read are in the catalogue of texts: by the
code, and by the key of an `Explanation` where an error has one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from app.domain.availability import Slot
    from app.domain.policy.decide import Decision


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text of the catalogue: its key, and the values for its placeholders."""

    key: str
    values: "Mapping[str, object]"


class DomainError(Exception):
    """A refusal that the caller can act on. `code` is stable and public."""

    code: ClassVar[str]


class NotFoundError(DomainError):
    """There is no such thing for this caller; whether it exists for others stays unsaid."""

    code = "not-found"


class UnauthorizedError(DomainError):
    """The credentials are missing, wrong, expired or revoked."""

    code = "unauthorized"


class ForbiddenError(DomainError):
    """The credentials are good, but not for this. `key` and `values` are an explanation."""

    code = "forbidden"

    def __init__(self, key: str | None = None, **values: object) -> None:
        super().__init__(key)
        self.explanation = None if key is None else Explanation(key, values)


class InvalidInputError(DomainError):
    """A field of the request cannot be used. `where` is body, query, path or header.

    `key` and `values` are an explanation.
    """

    code = "validation-failed"

    def __init__(self, pointer: str, key: str, *, where: str = "body", **values: object) -> None:
        super().__init__(key)
        self.pointer = pointer
        self.explanation = Explanation(key, values)
        self.where = where


class RefTakenError(InvalidInputError):
    """Another record of the same kind has the `external_ref`. `record_id` is that record's id."""

    def __init__(self, key: str, record_id: "UUID", *, where: str = "body") -> None:
        super().__init__("/external_ref", key, where=where, record_id=record_id)
        self.record_id = record_id


class ActionRefusedError(DomainError):
    """The policy refuses. Its public code is that of the refusal; `zone` is the client's."""

    code = "action-refused"

    def __init__(self, decision: "Decision", zone: "ZoneInfo") -> None:
        super().__init__(decision.action)
        self.decision = decision
        self.zone = zone


class QuoteStaleError(DomainError):
    """The session has changed since the quote was made."""

    code = "quote-stale"


class QuoteInvalidError(DomainError):
    """The quote is forged, or belongs to another session or action."""

    code = "quote-invalid"


class SlotUnavailableError(DomainError):
    """The wished start is not on offer (any more). `alternatives`: the nearest that are."""

    code = "slot-unavailable"

    def __init__(
        self, alternatives: "Sequence[Slot]", duration: "timedelta", zone: "ZoneInfo"
    ) -> None:
        super().__init__()
        self.alternatives = alternatives
        self.duration = duration
        self.zone = zone


class CreditUnavailableError(DomainError):
    """The package has no credit that could be used. The text of `key` says why."""

    code = "credit-unavailable"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.explanation = Explanation(key, {})


class FeeClosedError(DomainError):
    """The fee is not due any more."""

    code = "fee-not-due"


class SessionNotBookedError(DomainError):
    """The session is cancelled, or has taken place, or its client did not come.

    `session_id` is set where the request did not name the session by its id.
    """

    code = "session-not-booked"

    def __init__(self, session_id: "UUID | None" = None) -> None:
        super().__init__()
        self.session_id = session_id


class SessionChangedError(DomainError):
    """A push has new values for a session that its client has changed since the last push."""

    code = "session-changed"

    def __init__(self, session_id: "UUID") -> None:
        super().__init__()
        self.session_id = session_id


class NoChangeError(DomainError):
    """The session already is as it is asked to be."""

    code = "no-change"


class VersionMismatchError(DomainError):
    """`If-Match` names another version than the session has."""

    code = "version-mismatch"


class IdempotencyKeyReusedError(DomainError):
    """The key was used before with another request."""

    code = "idempotency-key-reused"


class IdempotencyKeyInUseError(DomainError):
    """The first request with this key is still running."""

    code = "idempotency-key-in-use"


class LinkInvalidError(DomainError):
    """The link's token is wrong, forged, revoked, or was used up."""

    code = "link-invalid"


class LinkExpiredError(DomainError):
    """The link's session lies too far back, or a sign-in link is too old."""

    code = "link-expired"


class RateLimitedError(DomainError):
    """Too often. `retry_after`: how many seconds to wait."""

    code = "rate-limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class NotificationFinishedError(DomainError):
    """The notification has been sent, or was dropped: there is nothing to try again."""

    code = "notification-finished"


class UnavailableError(DomainError):
    """The service cannot do its work for the moment. `detail` tells operators why, in English."""

    code = "service-unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
