"""Writes a text message to a client (product.md section 10, "Text messages").

It names the practice, the subject and the time. Service and practitioner are in it only if the
practice allows that, a reason never.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.text_messages import Message, write
from app.mail.sanitize import one_line
from app.mail.texts.formatter import Formatter, format_name
from app.notifications.mail.data import MailData, Meeting, Texting
from app.notifications.mail.facts import meeting_of, topic_of
from app.notifications.mail.nudge import still_free
from app.notifications.mail.offer_data import OfferedTime, OfferMailData
from app.outbox.outbox import REMINDERS, TEXT_ANSWER

# Kinds that go as a mail and as a text message. Reminders go one way only.
BESIDE_MAIL = frozenset({"booked", "rescheduled", "cancelled", "move_request", "offer"})


def goes_beside_mail(data: MailData | OfferMailData) -> bool:
    """Tell whether a mail to a client has a text message beside it."""
    return _is_on(data.texting) and data.texting.wanted == "all" and data.kind in BESIDE_MAIL


def goes_instead(data: MailData | OfferMailData) -> bool:
    """Tell whether a mail is a reminder or a nudge that the client gets as a text message."""
    return _is_on(data.texting) and data.kind in REMINDERS


def takes_text(data: MailData | OfferMailData) -> bool:
    """Tell whether the client still gets this text message."""
    is_answer = _is_on(data.texting) and data.kind == TEXT_ANSWER
    return is_answer or goes_beside_mail(data) or goes_instead(data)


def _is_on(texting: Texting) -> bool:
    return texting.number is not None and texting.wanted != "off"


def start_of(data: MailData | OfferMailData) -> datetime | None:
    """Give the start of the session, or of the offered time, that a message is about."""
    if isinstance(data, MailData):
        return meeting_of(data).starts_at
    return None if data.offer is None else data.offer.meeting.starts_at


def text_of_session(data: MailData, url: str, now: datetime) -> str:
    """Write the text message about a session, or about several that one command changed."""
    formatter = Formatter(data.client.locale, data.client.zone)
    return _written(data, _sentence(data, formatter, now), data.practitioner.name, url)


def text_of_offer(data: OfferMailData, url: str) -> str:
    """Write the text message about a time that is offered."""
    formatter, offer = Formatter(data.client.locale, data.client.zone), offer_of(data)
    sentence = formatter.texts(
        "sms.offer",
        when=_when(offer.meeting, offer.practitioner_zone, formatter),
        until=formatter.brief(offer.answer_by, offer.meeting.zone),
    )
    return _written(data, sentence, offer.practitioner_name, url)


def offer_of(data: OfferMailData) -> OfferedTime:
    """Give the offer that a message is about."""
    assert data.offer is not None  # noqa: S101 - only of offers there are text messages
    return data.offer


def _written(data: MailData | OfferMailData, sentence: str, practitioner: str, url: str) -> str:
    named = {"service": data.service_name, "practitioner": practitioner}
    detail = ", ".join(one_line(named[name]) for name in named if name in data.texting.details)
    sender = one_line(data.look.sender(data.practice_name))
    return write(Message(sender, sentence, detail or None, url))


def _when(meeting: Meeting, practitioner_zone: ZoneInfo, formatter: Formatter) -> str:
    """Write the start, with the zone where the practitioner's, or the place's, is another one."""
    if meeting.zone is None:
        return formatter.brief(meeting.starts_at, practitioner_zone)
    by_place = formatter.in_zone(meeting.clock(formatter.zone))
    return by_place.brief(meeting.starts_at, formatter.zone)


def _sentence(data: MailData, formatter: Formatter, now: datetime) -> str:
    texts, kind = formatter.texts, data.kind
    if kind == TEXT_ANSWER:
        return texts("sms.answer")
    meeting = meeting_of(data)
    when = _when(meeting, data.practitioner.zone, formatter)
    count = len(data.others)
    if kind == "move_request" and data.request is not None:
        until = formatter.brief(data.request.answer_by, meeting.zone)
        asked = "asked-cancelled" if data.request.is_cancelled else "move-request"
        if not count:
            return texts(f"sms.{asked}", when=when, until=until)
        key = f"sms.{asked}-of-several"
        return texts.counted(key, count, count=count, when=when, until=until)
    end = still_free(data, now) if kind in {"nudge", "reminder_nudge"} else None
    if end is None:
        how = format_name(meeting.format, texts)
        said = texts(f"sms.{topic_of(data)}", when=when, format=how)
        return texts.counted("sms.and-more", count, sentence=said, count=count) if count else said
    until, fee = formatter.brief(end.until, meeting.zone), end.then.fee
    if fee is None:
        key = "sms.nudge-closes-credit" if end.closes else "sms.nudge-credit"
        return texts(key, when=when, until=until)
    key = "sms.nudge-closes-fee" if end.closes else "sms.nudge-fee"
    return texts(key, when=when, until=until, fee=formatter.money(fee))
