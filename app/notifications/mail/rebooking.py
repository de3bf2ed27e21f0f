"""Writes what a client can still do: move the session, or book it again, or ask for a waiver."""

from datetime import datetime

from app.domain.policy.decide import is_allowed
from app.domain.policy.rebook import is_rebooking, rebook_until
from app.domain.policy.rules import Action
from app.domain.waiver import ask_until
from app.mail.sanitize import one_line
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


def can_ask_until(data: MailData, now: datetime) -> datetime | None:
    """Give until when the client can ask to waive the fee of an end; None: they cannot."""
    change = data.change
    is_asked = change.asks_waiver or change.superseded
    if data.kind not in _ENDS or change.fee is None or is_asked:
        return None
    return ask_until(change.at, None, now)


def ask_sentence(data: MailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write until when the client can ask to waive the fee, in a mail about the end it is for."""
    until = can_ask_until(data, now)
    if until is None:
        return ()
    practice = one_line(data.practice_name)
    written = formatter.texts(
        "mail.can-ask-waiver", practice=practice, until=formatter.instant(until)
    )
    return (written,)


def link_label(data: MailData, texts: Texts, now: datetime) -> str | None:
    """Return the label of the link: what can still be done. None: that of a move."""
    if data.kind == "move_request" and data.is_cancellation:
        return texts("mail.book-again")
    if data.kind not in _ENDS:
        moves = is_allowed(rules_of(data.policy), Action.RESCHEDULE, data.facts, now)
        return None if moves else texts("mail.open-session")
    is_open = rebookable_until(data, now) is not None
    return texts("mail.book-again" if is_open else "mail.after-cancellation")
