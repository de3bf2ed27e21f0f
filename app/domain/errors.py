"""Errors of the business rules, independent of HTTP.

Each class has a `code`. The texts that people read are in the text catalogue (app/texts/), under
the code, and under the key of the `Explanation` if the error has one.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Explanation:
    """The key of a text in the catalogue, and the values for its placeholders."""

    key: str
    values: "Mapping[str, object]"


class DomainError(Exception):
    """An error that the API returns to the caller. `code` is stable and public."""

    code: ClassVar[str]


class ExplainedError(Exception):
    """What errors share that may say more than their code. `key` and `values`: an `Explanation`."""

    def __init__(self, key: str | None = None, **values: object) -> None:
        super().__init__(key)
        self.explanation = None if key is None else Explanation(key, values)


class NotFoundError(DomainError):
    """The record does not exist, or this caller may not see it; the answer is the same."""

    code = "not-found"


class UnauthorizedError(ExplainedError, DomainError):
    """The credentials are missing, wrong, expired or revoked."""

    code = "unauthorized"


class ForbiddenError(ExplainedError, DomainError):
    """The credentials are valid but do not permit this."""

    code = "forbidden"


class InvalidInputError(DomainError):
    """A field of the request is invalid.

    `pointer` is the field as a JSON pointer. `where` is "body", "query", "path" or "header". `key`
    and `values` are an `Explanation`.
    """

    code = "validation-failed"

    def __init__(self, pointer: str, key: str, *, where: str = "body", **values: object) -> None:
        super().__init__(key)
        self.pointer = pointer
        self.explanation = Explanation(key, values)
        self.where = where


class RefTakenError(InvalidInputError):
    """Another record of the same kind has this `external_ref`. `record_id` is that record's id."""

    def __init__(self, key: str, record_id: "UUID", *, where: str = "body") -> None:
        super().__init__("/external_ref", key, where=where, record_id=record_id)
        self.record_id = record_id


class QuoteStaleError(DomainError):
    """The session has changed since the quote was made."""

    code = "quote-stale"


class QuoteInvalidError(DomainError):
    """The quote is forged, or belongs to another session or action."""

    code = "quote-invalid"


class CreditUnavailableError(ExplainedError, DomainError):
    """The package has no usable credit. `key` is the text that explains why."""

    code = "credit-unavailable"

    def __init__(self, key: str) -> None:
        super().__init__(key)


class OfferExpiredError(DomainError):
    """The offer was not answered in time."""

    code = "offer-expired"


class OfferGoneError(DomainError):
    """The offered time is no longer to be had, or the offer has ended otherwise."""

    code = "offer-gone"


class WaitlistOffError(DomainError):
    """The practice keeps no waitlist for this service."""

    code = "waitlist-off"


class ReleaseUnavailableError(DomainError):
    """The time cannot be released: the policy says so, cancelling is free, or it is too late."""

    code = "release-unavailable"


class FeeClosedError(DomainError):
    """The fee is no longer due: it is waived, settled, forgiven or void."""

    code = "fee-not-due"


class WaiverUnavailableError(DomainError):
    """The client cannot ask about the fee (any more), or does not ask about it."""

    code = "waiver-unavailable"


class SessionNotBookedError(DomainError):
    """The session is cancelled, fulfilled or missed.

    `session_id` is set if the request did not name the session by its id.
    """

    code = "session-not-booked"

    def __init__(self, session_id: "UUID | None" = None) -> None:
        super().__init__()
        self.session_id = session_id


class SessionChangedError(DomainError):
    """A push has new values, but the client has moved the session since the previous push."""

    code = "session-changed"

    def __init__(self, session_id: "UUID") -> None:
        super().__init__()
        self.session_id = session_id


class GroupFullError(DomainError):
    """The group has no free seat."""

    code = "group-full"


class GroupCancelledError(DomainError):
    """The group is cancelled, so it has no seats and does not change any more."""

    code = "group-cancelled"


class UndoUnavailableError(DomainError):
    """The client cannot take back the last change: it is too late, or it was not their own."""

    code = "undo-unavailable"


class NoChangeError(DomainError):
    """The session already is in the requested state."""

    code = "no-change"


class VersionMismatchError(DomainError):
    """`If-Match` does not match the session's version."""

    code = "version-mismatch"


class IdempotencyKeyReusedError(DomainError):
    """The idempotency key was used before with a different request."""

    code = "idempotency-key-reused"


class IdempotencyKeyInUseError(DomainError):
    """The first request with this idempotency key is still running."""

    code = "idempotency-key-in-use"


class LinkInvalidError(DomainError):
    """The link's token is malformed, forged, revoked or already used."""

    code = "link-invalid"


class LinkExpiredError(DomainError):
    """The link has expired: its session ended too long ago, or the sign-in link is too old."""

    code = "link-expired"


class PayloadTooLargeError(DomainError):
    """One of several commands in a request is larger than it may be alone."""

    code = "payload-too-large"


class RateLimitedError(DomainError):
    """A rate limit is exceeded. `retry_after` is the number of seconds to wait."""

    code = "rate-limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class EraseRefusedError(DomainError):
    """A client who is to be erased has booked sessions or due fees."""

    code = "erase-refused"

    def __init__(self, *, booked_sessions: int, due_fees: int) -> None:
        super().__init__(booked_sessions, due_fees)
        self.booked_sessions = booked_sessions
        self.due_fees = due_fees


class ClientErasedError(DomainError):
    """The client was erased: nothing is held of them, and their record stays as it is."""

    code = "client-erased"


class NotificationFinishedError(DomainError):
    """The notification was sent or dropped, so it cannot be retried."""

    code = "notification-finished"


class IssuerTakenError(DomainError):
    """Another practice of this installation uses the issuer with this audience."""

    code = "issuer-taken"


class UnavailableError(DomainError):
    """The service is temporarily unavailable. `detail` tells operators why, in English."""

    code = "service-unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
