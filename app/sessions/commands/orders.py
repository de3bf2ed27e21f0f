"""The inputs that commands share, and their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.domain.policy.costs import Cost
from app.domain.policy.reasons import ReasonEffect, effect_of
from app.domain.scope import Stays
from app.policies.stored import rules_of
from app.sessions.read.records import SessionRecord
from app.sessions.read.staff_queries import StaffSession

NO_COST = Cost(None, None)
NO_UNDO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Effect:
    """What a command did: the cost for the client, and the id of the command.

    `command_id` None: the command changed nothing.
    """

    cost: Cost
    command_id: UUID | None


NO_EFFECT = Effect(NO_COST, None)


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """Why a session changes: a code for statistics, and a note in the caller's words."""

    code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class ClientOrder:
    """A client's input: the reason, the signed quote, and the `If-Match` header.

    `reason` None: they gave none, and change no session.
    `undo_window` is how long they may take the change back. `ask_waiver` are the words with which
    they ask the practice to waive a fee; None: they do not ask. Without `use_allowance` they pay
    what the change costs, and keep what is left of their allowance.
    """

    reason: ChangeReason | None
    quote: str | None
    if_match: str | None
    undo_window: timedelta = NO_UNDO
    ask_waiver: str | None = None
    use_allowance: bool = True

    def effect_on(self, record: SessionRecord) -> ReasonEffect:
        """Give what the reason changes about the cost, by the policy of this session."""
        code = None if self.reason is None else self.reason.code
        return effect_of(rules_of(record.policy).reasons, code)

    def question_about(self, record: SessionRecord) -> str | None:
        """Give the words with which the client asks to waive a fee of this session, if they do.

        A reason may ask by itself, in the words of its note.
        """
        if self.ask_waiver is not None or self.reason is None:
            return self.ask_waiver
        return self.reason.note if self.effect_on(record) is ReasonEffect.ASK else None


@dataclass(frozen=True, slots=True)
class StaffOrder:
    """The input of staff: the reason, whether the client is charged, and the `If-Match` header."""

    reason: ChangeReason | None
    charged: bool
    if_match: str | None

    @property
    def undo_window(self) -> timedelta:
        """The client cannot take back what staff have done."""
        return NO_UNDO

    def question_about(self, record: SessionRecord) -> None:
        """Staff ask nobody: they decide themselves what is charged."""


@dataclass(frozen=True, slots=True)
class Touched:
    """A session of a command's scope: the session after the command, and its cost.

    `why` says why it stays as it is; None: the command changed it, or it was as requested already.
    """

    record: SessionRecord
    cost: Cost
    why: Stays | None
    changed: bool


@dataclass(frozen=True, slots=True)
class ScopeOutcome:
    """The result of a client's command on several sessions, the named one first."""

    record: SessionRecord
    effect: Effect
    touched: Sequence[Touched]


@dataclass(frozen=True, slots=True)
class StaffScopeOutcome:
    """The result of a staff command on several sessions, the named one first."""

    found: StaffSession
    effect: Effect
    touched: Sequence[Touched]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a client's command: the session after it, and its effect."""

    record: SessionRecord
    effect: Effect


@dataclass(frozen=True, slots=True)
class StaffOutcome:
    """The result of a staff command: the session after it, and its effect."""

    found: StaffSession
    effect: Effect
