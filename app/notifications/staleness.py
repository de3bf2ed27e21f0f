"""Whether a notification is out of date when it is to be sent (product.md section 6)."""

from datetime import datetime

from app.directory.clients.erased import ERASED_EMAIL
from app.notifications.mail.data import (
    GroupMailData,
    MailData,
    PracticeMailData,
    UnansweredMailData,
)
from app.notifications.mail.nudge import still_free
from app.notifications.mail.offer_data import OfferMailData
from app.outbox.outbox import REMINDERS
from app.sessions.commands.waiver_repository import WAIVER_ASKED

AnyMailData = MailData | GroupMailData | OfferMailData | UnansweredMailData | PracticeMailData

_WAITING = {*REMINDERS, "release_ended", WAIVER_ASKED}


def is_of_erased(data: AnyMailData) -> bool:
    """Tell whether a mail is to or about a client who was erased. Nobody gets it."""
    return isinstance(data, MailData | OfferMailData) and data.client.email == ERASED_EMAIL


def is_out_of_date(data: AnyMailData, now: datetime) -> bool:
    """Return whether a notification must be dropped instead of sent.

    A reminder, a nudge, and that nobody took a released time: the session was moved or cancelled or
    has started, or the practice is closed. A nudge also: its client has confirmed, or cancelling is
    not free any more, or stays free. A confirmation to the client: all its sessions had already
    ended when they were booked. A mail about a group: the group was moved or cancelled since, of
    which a later mail tells. A move request: it has ended for all sessions, and has cancelled none.
    An offer, and a question about a fee: it has ended, or was not answered in time.
    """
    if isinstance(data, PracticeMailData | UnansweredMailData):
        return False
    if isinstance(data, GroupMailData):
        return not data.is_current
    if isinstance(data, OfferMailData):
        return data.is_out_of_date(now)
    if data.kind == "move_request":
        return data.request is None
    if data.kind == "booked":
        has_ended = (one.change.after.ends_at <= one.change.at for one in (data, *data.others))
        return data.recipient == "client" and all(has_ended)
    return data.kind in _WAITING and _is_past(data, now)


def _is_past(data: MailData, now: datetime) -> bool:
    """Tell whether a mail that was queued for later, or asks something, is of no use any more."""
    if data.kind == "nudge" and still_free(data, now) is None:
        return True
    return data.practice_closed or data.is_over_at(now)
