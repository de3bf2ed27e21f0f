"""Writes what a client can still do after the end of a session: book it again, or look at it."""

from datetime import datetime

from app.domain.policy.decide import is_allowed
from app.domain.policy.rebook import is_rebooking, rebook_until
from app.domain.policy.rules import Action
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.policies.stored import rules_of
from app.texts.catalogue import Texts

_ENDS = {"cancelled", "noshow"}


def rebookable_until(data: MailData, now: datetime) -> datetime | None:
    """Give the last instant at which the client may book the session again; None: they may not."""
    rules, facts = rules_of(data.policy), data.facts
    if not is_rebooking(rules, facts, now) or not is_allowed(rules, Action.RESCHEDULE, facts, now):
        return None
    return rebook_until(rules, facts)


def rebook_sentence(data: MailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write until when the client may book the session again, in a mail about its end."""
    until = rebookable_until(data, now) if data.kind in _ENDS else None
    if until is None:
        return ()
    return (formatter.texts("mail.rebook-until", until=formatter.instant(until)),)


def link_label(data: MailData, texts: Texts, now: datetime) -> str | None:
    """Return the label of the link after an end: what can still be done. Else None."""
    if data.kind not in _ENDS:
        return None
    is_open = rebookable_until(data, now) is not None
    return texts("mail.book-again" if is_open else "mail.after-cancellation")
