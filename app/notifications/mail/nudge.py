"""Writes until when a client can cancel or move free of charge, and what follows.

Source: product.md section 10, "Nudge". A mail that is a reminder too leaves this out if it is no
longer true when it is sent.
"""

from datetime import datetime

from app.domain.nudge import EndOfFree, end_of_free
from app.domain.policy.decide import decide
from app.domain.policy.rules import Action
from app.mail.texts.formatter import Formatter
from app.notifications.mail.data import MailData
from app.policies.stored import rules_of
from app.texts.catalogue import Texts


def still_free(data: MailData, now: datetime) -> EndOfFree | None:
    """Give until when cancelling is free; None: it no longer is, or the client has confirmed."""
    end = None if data.is_confirmed else end_of_free(rules_of(data.policy), data.facts)
    return None if end is None or now > end.until else end


def asks_if_coming(data: MailData, now: datetime) -> bool:
    """Tell whether the mail asks the client to say that they are coming."""
    return data.kind in {"nudge", "reminder_nudge"} and still_free(data, now) is not None


def nudge_sentences(data: MailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write until when cancelling and moving are free, what cancelling costs then, and the answer.

    Empty if there is nothing to say any more. The terms of both actions follow in the mail.
    """
    end = still_free(data, now)
    if end is None:
        return ()
    texts, until = formatter.texts, formatter.instant(end.until)
    move = decide(rules_of(data.policy), Action.RESCHEDULE, data.facts, now)
    move_until = move.free_until if move.allowed else None
    if move_until == end.until:
        free = [texts("mail.nudge-free", until=until)]
    else:
        free = [texts("mail.nudge-free-to-cancel", until=until)]
        if move_until is not None and now <= move_until:
            free.append(texts("mail.nudge-free-to-move", until=formatter.instant(move_until)))
    return (*free, _then(end, formatter, texts), texts("mail.nudge-coming"))


def _then(end: EndOfFree, formatter: Formatter, texts: Texts) -> str:
    fee = end.then.fee
    if fee is None:
        return texts("mail.nudge-closes-credit" if end.closes else "mail.nudge-then-credit")
    key = "mail.nudge-closes-fee" if end.closes else "mail.nudge-then-fee"
    return texts(key, fee=formatter.money(fee))
