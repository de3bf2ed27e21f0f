"""Renders the mails of the waitlist (product.md section 10, "Offers"). They name nobody else."""

from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage

from app.configuration.settings import Settings
from app.domain.policy.rules import Credit
from app.identity.tokens.link import LinkTokens, link_url
from app.identity.tokens.offer import OfferTokens, offer_url
from app.mail.headers import add_technical_headers
from app.mail.sanitize import mailbox, one_line
from app.mail.texts.formatter import Formatter
from app.notifications.mail.client_content import MailContent
from app.notifications.mail.facts import Fact, day_of, place, span_of, tile_of
from app.notifications.mail.message import compose
from app.notifications.mail.offer_data import OfferedTime, OfferMailData
from app.outbox.errors import UndeliverableError
from app.texts.catalogue import Texts


def make_offer_mail(data: OfferMailData, settings: Settings, now: datetime) -> EmailMessage:
    """Render the mail with `now` as its Date. Its Message-ID is the same on each attempt.

    An offer is no entry of a calendar: nothing is booked yet.

    Raises:
        UndeliverableError: the client's address is not valid.
    """
    content = _content(data, settings, now)
    mail = compose(content, data.look.brand(data.practice_name))
    mail["From"] = mailbox(data.look.sender(data.practice_name), settings.mail_from)
    mail["To"] = mailbox(data.client.name, data.client.email)
    for name, address in (
        (data.contact.name, data.contact.email),
        (data.practice_name, data.practice_email),
    ):
        with suppress(UndeliverableError):
            mail["Reply-To"] = mailbox(name, address or "")
            break
    mail["Subject"] = content.subject
    add_technical_headers(mail, data.notification_id, settings, now)
    # Set last: adding parts moves Content-* headers into the first part.
    mail["Content-Language"] = content.language
    return mail


def _content(data: OfferMailData, settings: Settings, now: datetime) -> MailContent:
    formatter = Formatter(data.client.locale, data.client.zone)
    texts = formatter.texts
    subject, heading = _headings(data, formatter)
    link, label = _link(data, settings, texts)
    return MailContent(
        language=formatter.tag,
        texts=texts,
        subject=subject,
        heading=heading,
        greeting=texts("mail.greeting", name=one_line(data.client.name)),
        preheader="" if data.offer is None else _new_time(data.offer, formatter),
        sentences=_sentences(data, formatter, now),
        tile=None
        if data.offer is None
        else tile_of(data.offer.meeting, formatter, is_over=data.kind == "offer_gone"),
        when=None if data.offer is None else _when(data, data.offer, formatter),
        facts=(*_times(data, formatter), *_what(data, texts)),
        link=link,
        link_label=label,
        footer=_footer(data, texts),
    )


def _headings(data: OfferMailData, formatter: Formatter) -> tuple[str, str]:
    texts, offer = formatter.texts, data.offer
    if offer is None:
        heading = texts("mail.wish-paused.heading")
        return heading, heading
    day = day_of(offer.meeting, formatter)
    if data.kind == "offer_gone":
        return texts("mail.offer-gone.subject", day=day), texts("mail.offer-gone.heading")
    return texts("mail.offer.subject", day=day), texts("mail.offer.heading")


def _sentences(data: OfferMailData, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    texts, offer, practice = formatter.texts, data.offer, one_line(data.practice_name)
    is_move = data.session_link is not None
    if offer is None:
        remedy = (
            texts("mail.wish-paused.session-stays")
            if is_move
            else texts("mail.wish-paused.ask", practice=practice)
        )
        return (texts("mail.wish-paused.why"), remedy)
    if data.kind == "offer_gone":
        return (texts(f"mail.offer-gone.{_state(data)}"),)
    return (
        texts("mail.offer.move" if is_move else "mail.offer.book", practice=practice),
        *_price(offer, formatter),
        *_cancelling(offer, formatter, now),
        texts("mail.offer.held", until=formatter.instant(offer.answer_by))
        if offer.holds
        else texts("mail.offer.not-held"),
        texts("mail.offer.session-stays" if is_move else "mail.offer.nothing-booked"),
    )


def _state(data: OfferMailData) -> str:
    """Tell how things stand after the offer, as a part of the text's key."""
    if not data.is_waiting:
        return "not-waiting"
    return "nothing-booked" if data.session_link is None else "session-stays"


def _when(data: OfferMailData, offer: OfferedTime, formatter: Formatter) -> Fact:
    """Write the offered time. It is a new one only for a session that may still move to it."""
    if data.kind == "offer_gone":
        label = formatter.texts("mail.offer-gone.time")
    else:
        label = formatter.texts("mail.when" if offer.before is None else "mail.offer.new-time")
    return Fact(label, _new_time(offer, formatter))


def _price(offer: OfferedTime, formatter: Formatter) -> tuple[str, ...]:
    """Write what a session that would be booked costs."""
    if offer.pays_by_credit:
        return (formatter.texts("mail.offer.credit"),)
    if offer.price is None or not offer.price.amount_minor or offer.before is not None:
        return ()
    return (formatter.texts("mail.offer.price", price=formatter.money(offer.price)),)


def _cancelling(offer: OfferedTime, formatter: Formatter, now: datetime) -> tuple[str, ...]:
    """Write what cancelling costs once the client has accepted."""
    texts = formatter.texts
    after = None if offer.offered is None else offer.offered.cancel_after(now)
    if after is None:
        return ()
    if after.cost is None:
        return (texts("mail.offer.then-closed"),)
    if after.uses_allowance:
        return (texts("mail.offer.then-allowance"),)
    if after.cost.fee is not None:
        return (texts("mail.offer.then-fee", fee=formatter.money(after.cost.fee)),)
    if after.cost.credit is Credit.FORFEITED:
        return (texts("mail.offer.then-credit"),)
    return _free(after.free_until, offer.meeting.starts_at, formatter, now)


def _free(
    until: datetime | None, starts_at: datetime, formatter: Formatter, now: datetime
) -> tuple[str, ...]:
    """Write until when cancelling stays free; nothing where only the present term is free."""
    if until is None or until < now:
        return ()
    if until == starts_at:
        return (formatter.texts("mail.offer.then-free-until-start"),)
    return (formatter.texts("mail.offer.then-free-until", until=formatter.instant(until)),)


def _times(data: OfferMailData, formatter: Formatter) -> tuple[Fact, ...]:
    texts, offer = formatter.texts, data.offer
    if offer is None:
        return ()
    facts = []
    if data.kind == "offer":
        facts.append(Fact(texts("mail.offer.answer-by"), formatter.instant(offer.answer_by)))
    if offer.before is not None and data.is_booked:
        facts.append(Fact(texts("mail.offer.old-time"), formatter.span(*offer.before)))
    return tuple(facts)


def _new_time(offer: OfferedTime, formatter: Formatter) -> str:
    return span_of(offer.meeting, formatter)


def _what(data: OfferMailData, texts: Texts) -> tuple[Fact, ...]:
    service = Fact(texts("mail.service"), one_line(data.service_name))
    if data.offer is None:
        return (service,)
    practitioner = one_line(data.offer.practitioner_name)
    return (
        service,
        Fact(texts("mail.practitioner"), practitioner),
        *place(data.offer.meeting, texts),
    )


def _link(data: OfferMailData, settings: Settings, texts: Texts) -> tuple[str | None, str | None]:
    """Give the link and its label: to the offer, or to the session of a paused wish."""
    if data.kind == "offer" and data.offer is not None:
        token = OfferTokens(settings.keys).sign(data.offer.link)
        return offer_url(settings.portal_url, token), texts("mail.offer.link")
    if data.session_link is None:
        return None, None
    token = LinkTokens(settings.keys).sign(data.session_link)
    return link_url(settings.portal_url, token), texts("mail.open-session")


def _footer(data: OfferMailData, texts: Texts) -> tuple[str, ...]:
    phone = data.contact.phone
    questions = texts("mail.questions")
    if phone:
        questions = texts("mail.questions-with-phone", phone=one_line(phone))
    return (texts("mail.why-this-mail", practice=one_line(data.practice_name)), questions)
