"""The data of a mail: what its text is written from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from app.audit.write import BY_CLIENT
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import Carried, Contact, Format, SessionFacts, Status
from app.identity.tokens.link import Link
from app.policies.stored import StoredPolicy


@dataclass(frozen=True, slots=True)
class Party:
    """The client or the practitioner. `locale` is a BCP 47 tag; the practitioner has none.

    `email` is where mails to them go: for a practitioner without an address, the practice's.
    """

    name: str
    email: str
    phone: str | None
    zone: ZoneInfo
    locale: str | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """When, how and where a session takes place. `location` is a name and an address."""

    starts_at: datetime
    ends_at: datetime
    format: Format
    location: tuple[str, str] | None
    join_url: str | None
    instructions: str | None


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What was done, when, by whom, and at what cost.

    `carries`: what the change makes a later cancellation cost at least. `voided_fee`: a fee that
    was due for the session no longer is. `superseded`: the session has changed again.
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
    voided_fee: bool
    superseded: bool

    @property
    def by_client(self) -> bool:
        """Tell whether the client did it himself, signed in or by a link."""
        return self.actor in BY_CLIENT


@dataclass(frozen=True, slots=True)
class MailData:
    """One notification with all it refers to: the change as it was, the session as it is now.

    `starts_at` is the start that the notification is about. `facts` is what the policy judges.
    `policy` is None if the session was booked without one. `link` has the present generations.
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
    service_name: str
    client: Party
    practitioner: Party
    change: ChangeFacts
    present: Meeting
    facts: SessionFacts
    policy: StoredPolicy | None
    link: Link

    @property
    def contact(self) -> Contact:
        """Say whom the client turns to."""
        return self.facts.contact

    @property
    def is_still_true(self) -> bool:
        """Tell whether the session is booked for the time that the notification is about."""
        return self.facts.status is Status.BOOKED and self.facts.starts_at == self.starts_at


@dataclass(frozen=True, slots=True)
class PracticeMailData:
    """A notification to the practice, with the entry of the trail that it tells of."""

    notification_id: UUID
    practice_name: str
    practice_email: str
    endpoint_id: UUID
    at: datetime
    details: dict[str, Any]
