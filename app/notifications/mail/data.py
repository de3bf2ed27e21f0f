"""The data of a mail: what its text is written from."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.audit.write import BY_CLIENT
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Carried, Contact, Format, SessionFacts, Status
from app.domain.waiver import Question, answer_by
from app.identity.tokens.link import Link
from app.identity.tokens.waiver import WaiverLink
from app.mail.brand import Look
from app.policies.stored import StoredPolicy
from app.sessions.commands.meeting import TimeOfEnd
from app.sessions.read.records import AskedToMove


@dataclass(frozen=True, slots=True)
class Party:
    """The client or the practitioner. `locale` is a BCP 47 tag; a practitioner may have none.

    `email` is the address for mails to them: the practice's if the practitioner has none.
    """

    name: str
    email: str
    phone: str | None
    zone: ZoneInfo
    locale: str | None


@dataclass(frozen=True, slots=True)
class Texting:
    """Whether and where a client gets text messages, and what the practice lets them say.

    `client_id` is whose they are. `wanted` is `off`, `reminders` or `all`. `number` is in the form
    of E.164; None: the client has no telephone that text messages can reach. `details` may have
    `service` and `practitioner`.
    """

    client_id: UUID
    wanted: str
    number: str | None
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Time, format and place of a session. `location` is its name and its postal address.

    `zone` is that of the place: the location's, or else the practitioner's. None: not in person.
    """

    starts_at: datetime
    ends_at: datetime
    format: Format
    location: tuple[str, str] | None
    join_url: str | None
    instructions: str | None
    zone: ZoneInfo | None = None

    def clock(self, own: ZoneInfo) -> ZoneInfo:
        """Give the zone whose time leads for a reader.

        In person it is that of the place, where clocks then show another time than the reader's.
        """
        if self.zone is None:
            return own
        there, here = (self.starts_at.astimezone(one).utcoffset() for one in (self.zone, own))
        return own if there == here else self.zone

    @property
    def without_joining(self) -> "Meeting":
        """The meeting without how to join, as the history has it."""
        return replace(self, join_url=None, instructions=None)


def place_of(name: str | None, address: str | None) -> tuple[str, str] | None:
    """Give a location as `Meeting` has it; None if there is none."""
    return None if name is None or address is None else (name, address)


def zone_of(kind: Format, location_zone: str | None, practitioner_zone: str) -> ZoneInfo | None:
    """Give the zone of the place as `Meeting` has it."""
    return ZoneInfo(location_zone or practitioner_zone) if kind is Format.IN_PERSON else None


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A change to a session: kind, time, actor, and cost.

    `carries`: the minimum cost of a later cancellation because of this change.
    `forgiven_if_refilled`: its cost falls away if others take the time. `released`: somebody took
    the time that the client had released. `asks_waiver`: with it the client asked the practice to
    waive the fee. `has_message`: the note is for the client. `voided_fee`: the change made a due
    fee void. `allowance`: the change was a free one of the client's allowance, the first number of
    so many. `allowance_given_back`: what the undone change had used of it is back. `rebooked`: the
    end after which the client booked the session again. `undone`: the kind of the change that this
    one undoes. `by_absence`: the client announced too late to cancel that they cannot come.
    `answers_request`: it is their answer to a move request. `time_of_end`: it is about an end of
    the session, which was then at this time, and not at its present one. `superseded`: a later
    change to the session exists. `is_merged`: the recipient does not know of an earlier change, and
    `before` is what they know.
    """

    kind: str
    at: datetime
    actor: str
    before: Meeting | None
    after: Meeting
    calendar_sequence: int
    reason_code: str | None
    note: str | None
    fee: Money | None
    credit: Credit | None
    carries: Carried | None
    forgiven_if_refilled: bool
    released: bool
    asks_waiver: bool
    has_message: bool
    voided_fee: bool
    allowance: tuple[int, int] | None
    allowance_given_back: bool
    rebooked: str | None
    undone: str | None
    by_absence: bool
    answers_request: bool
    time_of_end: TimeOfEnd | None
    superseded: bool
    is_merged: bool

    @property
    def by_client(self) -> bool:
        """Whether the client made the change, signed in or with a link."""
        return self.actor in BY_CLIENT

    @property
    def waiver_answer_by(self) -> datetime:
        """Until when the practice can answer what the change asks."""
        return answer_by(self.at)


@dataclass(frozen=True, slots=True)
class AskedWaiver:
    """What a client asks about a fee, as it is now, and the link to answer."""

    link: WaiverLink
    question: Question


@dataclass(frozen=True, slots=True)
class MailData:
    """One notification about a session, with the change at its time and the session as it is now.

    `starts_at` is the session start that the notification is about. `facts` is the input of the
    policy. `policy` is None if the session was booked without one. `link` has the current
    generations of the session and of the client's address.

    `asked` is the session's move request, if one is open. `asks` is set if the mail asks the
    practitioner to waive a fee. `others` are the other sessions of the recipient that the same
    command changed, soonest first. `is_confirmed`: the client has said that they are coming.
    `is_seat`: the session is a seat of a group. `texting` is about the client.
    """

    practice_id: UUID
    notification_id: UUID
    session_id: UUID
    kind: str
    recipient: str
    starts_at: datetime
    practice_name: str
    practice_email: str
    practice_closed: bool
    look: Look
    service_name: str
    client: Party
    texting: Texting
    practitioner: Party
    change: ChangeFacts
    present: Meeting
    facts: SessionFacts
    policy: StoredPolicy | None
    link: Link
    asked: AskedToMove | None = None
    asks: AskedWaiver | None = None
    others: tuple["MailData", ...] = ()
    is_confirmed: bool = False
    is_seat: bool = False

    @property
    def contact(self) -> Contact:
        """The contact for the client's questions."""
        return self.facts.contact

    @property
    def request(self) -> AskedToMove | None:
        """The move request that is open for the session, or else for one of the others.

        Its `answer_by` is at the latest the last start of the sessions for which it is open.
        """
        asked = {one.starts_at: one.asked for one in (self, *self.others) if one.asked is not None}
        if not asked:
            return None
        request = next(iter(asked.values()))
        return replace(request, answer_by=min(request.answer_by, max(asked)))

    @property
    def is_cancellation(self) -> bool:
        """Whether the mail tells that the session was cancelled, perhaps with a move request."""
        return "cancelled" in {self.kind, self.change.kind if self.kind == "move_request" else None}

    @property
    def is_current(self) -> bool:
        """Whether the session is booked and still starts at `starts_at`."""
        return self.facts.status is Status.BOOKED and self.facts.starts_at == self.starts_at

    def is_over_at(self, now: datetime) -> bool:
        """Tell whether the mail is no longer of use: its question, or its session, is over."""
        if self.asks is not None:
            return not self.asks.question.is_open(now)
        return not self.is_current or now >= self.starts_at


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a group: those that are taken, all, and the fewest with which it takes place."""

    taken: int
    total: int
    minimum: int | None


@dataclass(frozen=True, slots=True)
class GroupMailData:
    """A notification about a group, with the change that it reports and the group as it is now.

    `starts_at` is the group's start that the notification is about, `before` the meeting before a
    move. `clients` are those whose seats the command changed, each with the kind of that change.
    `cancels`: too few seats were taken, and the same command cancelled the group.
    """

    notification_id: UUID
    group_id: UUID
    kind: str
    starts_at: datetime
    practice_name: str
    practice_email: str
    look: Look
    service_name: str
    practitioner: Party
    present: Meeting
    is_cancelled: bool
    calendar_sequence: int
    seats: Seats
    before: Meeting | None
    actor: str
    note: str | None
    clients: tuple[tuple[str, str], ...]
    cancels: bool

    @property
    def is_current(self) -> bool:
        """Whether the group still is what the notification says."""
        tells_of_end = self.cancels or self.kind == "group_cancelled"
        if self.is_cancelled or tells_of_end:
            return self.is_cancelled and tells_of_end
        return self.present.starts_at == self.starts_at


@dataclass(frozen=True, slots=True)
class PracticeMailData:
    """A notification to the practice, with the audit log entry that it reports."""

    notification_id: UUID
    practice_name: str
    practice_email: str
    endpoint_id: UUID
    at: datetime
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class UnansweredSession:
    """A session whose client has not answered a move request. `zone` is the practitioner's."""

    client: str
    service_name: str
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class UnansweredMailData:
    """A notification to the practice: who has not answered its move request in time."""

    notification_id: UUID
    practice_name: str
    practice_email: str
    request_id: UUID
    is_cancelled: bool
    sessions: tuple[UnansweredSession, ...]
