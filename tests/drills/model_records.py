"""The model's records besides sessions: quotes, credits, changes and expected responses."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.drills.model_rules import Cost, Verdict
from tests.drills.model_things import Place, Session

NOTHING = Cost(None, None)
STATUS = {
    "action-disabled": 403,
    "not-found": 404,
    "version-mismatch": 412,
    "rate-limited": 429,
    "quote-invalid": 422,
    "validation-failed": 422,
}


@dataclass(frozen=True)
class Quote:
    """A quote that was given to the client. `session` None: it is forged.

    `lines` are those of a quote over several sessions: the version and the cost of each.
    """

    session: Session | None
    version: int = 0
    action: str = ""
    expires_at: datetime | None = None
    cost: Cost = NOTHING
    lines: dict[Session, tuple[int, Cost]] | None = None


@dataclass(frozen=True)
class Preview:
    """What a command would do with a session and those that follow it in its series."""

    action: str
    verdicts: dict[Session, Verdict]
    staying: dict[Session, str]


@dataclass(frozen=True)
class Answer:
    """The expected response to a command; `code` if it is refused.

    `sessions` are those that the response lists, with what it says of each; of times that are not
    free, the wanted starts. `about` is the session that a refusal names. `held_until`: a time is
    free, but others hold it. `hold` is what a session holds now.
    """

    status: int
    code: str | None = None
    cost: Cost = NOTHING
    alternatives: list[datetime] | None = None
    verdict: Verdict | None = None
    sessions: dict[Any, Any] | None = None
    about: Session | None = None
    preview: Preview | None = None
    held_until: datetime | None = None
    hold: Any = None


class RefusedError(Exception):
    def __init__(self, code: str, **more: Any) -> None:
        self.answer = Answer(STATUS.get(code, 409), code, **more)
        super().__init__(code)


@dataclass(eq=False)
class Credit:
    """A used credit. `usable_until`: it was returned to a package that is, or soon is, expired."""

    session: Session
    state: str = "used"
    usable_until: datetime | None = None


@dataclass(eq=False)
class Package:
    id: UUID
    client: UUID
    size: int
    expires_at: datetime | None
    credits: list[Credit] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.size - sum(credit.state != "returned" for credit in self.credits)

    def usable(self, now: datetime) -> int:
        """Count the credits that can pay now; of an expired package, those that came back late."""
        if self.expires_at is None or now < self.expires_at:
            return self.left
        late = [c for c in self.credits if c.usable_until is not None and c.usable_until > now]
        return min(self.left, len(late))

    def take(self, session: Session, now: datetime) -> None:
        if self.left == 0:
            raise RefusedError("credit-unavailable")
        if self.expires_at is not None and now >= self.expires_at:
            late = [c for c in self.credits if c.usable_until is not None and c.usable_until > now]
            if not late:
                raise RefusedError("credit-unavailable")
            min(late, key=lambda credit: credit.usable_until or now).usable_until = None
        self.credits.append(Credit(session))
        session.paid = session.has_package = True


@dataclass(frozen=True)
class Change:
    """A change of a session; `command` is the number of the command that made it."""

    command: int
    kind: str
    by: str
    cost: Cost
    version: int
    starts_at: datetime
    place: Place
