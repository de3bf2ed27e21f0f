"""The data of a mail of the waitlist: a time is offered or gone, or a wish is paused."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.money import Money
from app.domain.policy.after import OfferedSession
from app.domain.session import Contact
from app.domain.waitlist import OfferState
from app.identity.tokens.link import Link
from app.identity.tokens.offer import OfferLink
from app.mail.brand import Look
from app.notifications.mail.data import Meeting, Party, Texting


@dataclass(frozen=True, slots=True)
class OfferedTime:
    """The offer of a mail as it is now. `before` is the present time of the session that moves.

    `price` and `pays_by_credit`: of a session that would be booked. `offered` is the session after
    a yes; None: no yes is possible any more.
    """

    link: OfferLink
    state: OfferState
    holds: bool
    answer_by: datetime
    meeting: Meeting
    practitioner_name: str
    practitioner_zone: ZoneInfo
    before: tuple[datetime, datetime] | None
    price: Money | None
    pays_by_credit: bool
    offered: OfferedSession | None


@dataclass(frozen=True, slots=True)
class OfferMailData:
    """A notification to a client about an offer, or about a wish that is paused (`offer` None).

    `session_link` opens the session that is to come sooner; None: a new one is waited for.
    `is_waiting`: the wish has not ended. `is_booked`: the session is still booked.
    """

    notification_id: UUID
    kind: Literal["offer", "offer_gone", "wish_paused"]
    practice_name: str
    practice_email: str
    practice_closed: bool
    look: Look
    service_name: str
    client: Party
    texting: Texting
    contact: Contact
    session_link: Link | None
    is_waiting: bool
    is_booked: bool
    is_paused: bool
    offer: OfferedTime | None

    def is_out_of_date(self, now: datetime) -> bool:
        """Tell whether the mail must be dropped: its offer has ended, or its wish waits again."""
        if self.practice_closed:
            return True
        if self.kind == "wish_paused":
            return not self.is_paused
        offer = self.offer
        is_open = offer is not None and offer.state == "open" and now <= offer.answer_by
        return self.kind == "offer" and not is_open
