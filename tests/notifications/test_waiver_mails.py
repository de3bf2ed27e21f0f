"""Mails about waivers: the question to the practitioner, and each answer to the client."""

from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest

from app.fees.lapsing import lapse_waivers
from app.identity.tokens.waiver import WaiverLink, WaiverTokens, mark_of
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.outbox.outbox import Kind
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Practitioner
from app.tables.sessions import Fee
from tests.notifications.postbox import Postbox
from tests.series import book_series
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
WEEK = timedelta(days=7)
TICK = timedelta(microseconds=1)
WORDS = "I was in hospital that night."
MESSAGE = "We hope that you are well again."
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]}}
WHY = {"reason": {"note": "Secret words of staff"}}


@pytest.fixture
async def fee_id(api: Api, world: World) -> UUID:
    """A fee that its client asks to waive, with the cancellation that costs it."""
    await world.add_policy(LATE_FEE)
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    done = await api.cancel(session_id, quote=quote, ask_waiver={"note": WORDS})
    assert done.status_code == 200
    (fee,) = await world.rows(Fee)
    found: UUID = fee.id
    return found


async def send(
    context: MailContext, world: World, kind: Kind, recipient: str = "client"
) -> list[str]:
    """Send the mails of a kind, and give what became of them."""
    rows = await world.rows(Notification, kind=kind, recipient=recipient)
    for row in rows:
        await send_notification(context, world.practice_id, row.id)
    return [row.status for row in await world.rows(Notification, kind=kind, recipient=recipient)]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def token_in(text: str, mark: str) -> str:
    return text.partition(mark)[2].split()[0]


def parts_of(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


async def test_the_practitioner_reads_the_words_and_has_one_link(
    context: MailContext, postbox: Postbox, world: World, fee_id: UUID
) -> None:
    assert await send(context, world, "fee_waiver_asked", "practitioner") == ["sent"]
    (mail,) = postbox.mails
    text = text_of(mail)
    assert str(mail["To"]).endswith("<maya@harbor.example>")
    assert str(mail["Subject"]).strip() == (
        "A client asks you to waive a fee: session on December 3, 2026, 10:00 AM"
    )
    assert "The client asks you to waive the fee of $45.00 for this session." in text
    assert "Please answer by Monday, December 7, 2026" in text
    assert "Anyone who has this link can decide about the fee." in text
    assert WORDS in text
    assert "Ana Ruiz" in text
    link = WaiverTokens(world.settings.keys).read(token_in(text, "/portal/#waiver="))
    assert (link.practice_id, link.fee_id) == (world.practice_id, fee_id)
    assert link.address_mark == mark_of("maya@harbor.example")
    assert "text/calendar" not in parts_of(mail)
    for name, header in mail.items():
        assert WORDS not in str(header)
        assert ("Ana" in str(header)) == (name == "Reply-To")


async def test_a_practitioner_without_an_address_is_asked_at_the_practice_s(
    context: MailContext, postbox: Postbox, world: World, fee_id: UUID
) -> None:
    assert fee_id
    await world.change(Practitioner, world.practitioner_id, email=None)
    await send(context, world, "fee_waiver_asked", "practitioner")
    (mail,) = postbox.mails
    assert str(mail["To"]).endswith("<hello@harbor.example>")
    token = token_in(text_of(mail), "/portal/#waiver=")
    link = WaiverTokens(world.settings.keys).read(token)
    assert link.address_mark == mark_of("hello@harbor.example")
    assert "Dr. Maya Chen" in text_of(mail)


async def test_the_link_of_the_mail_decides(
    context: MailContext, postbox: Postbox, world: World, api: Api, fee_id: UUID
) -> None:
    await send(context, world, "fee_waiver_asked", "practitioner")
    token = token_in(text_of(postbox.mails[0]), "/portal/#waiver=")
    shown = await api.post("/v1/waivers/open", {"token": token})
    assert shown.json()["note"] == WORDS
    granted = await api.signed_in(token).post(f"/v1/waivers/{fee_id}/grant", {})
    assert granted.status_code == 200


@pytest.mark.parametrize("end", ["granted", "late", "undone", "closed"])
async def test_a_question_that_has_ended_is_not_mailed(
    context: MailContext,
    world: World,
    api: Api,
    staff: Api,
    clock: TestClock,
    fee_id: UUID,
    end: str,
) -> None:
    if end == "granted":
        await staff.post(f"/v1/practice/fees/{fee_id}/waive", WHY)
    elif end == "late":
        clock.now = NOW + WEEK + TICK
    elif end == "undone":
        (fee,) = await world.rows(Fee)
        assert (await api.post(f"/v1/sessions/{fee.session_id}/undo", None)).is_success
    else:
        await world.change_all(Practice, closed_at=NOW)
    assert await send(context, world, "fee_waiver_asked", "practitioner") == ["dropped"]


async def test_the_cancellation_says_that_the_fee_waits(
    context: MailContext, postbox: Postbox, world: World, fee_id: UUID
) -> None:
    assert fee_id
    await send(context, world, "cancelled")
    await send(context, world, "cancelled", "practitioner")
    client, practitioner = (text_of(mail) for mail in postbox.mails)
    assert "A fee of $45.00 is due. Harbor Wellness collects it." in client
    assert "You have asked for it to be waived." in client
    assert "can answer until Monday, December 7, 2026" in client
    assert WORDS not in client
    assert "asked for it to be waived" not in practitioner


async def test_a_grant_by_the_link_tells_the_client_with_its_message(
    context: MailContext, postbox: Postbox, world: World, api: Api, fee_id: UUID
) -> None:
    await answer_by_link(world, api, fee_id, "grant", message=MESSAGE)
    assert await send(context, world, "fee_waived") == ["sent"]
    text = text_of(postbox.mails[0])
    assert "has waived the fee of $45.00 for this session." in text
    assert MESSAGE in text


async def test_the_reason_of_staff_is_not_told(
    context: MailContext, postbox: Postbox, world: World, staff: Api, fee_id: UUID
) -> None:
    await staff.post(f"/v1/practice/fees/{fee_id}/waive", WHY)
    await send(context, world, "fee_waived")
    assert "Secret words" not in text_of(postbox.mails[0])


@pytest.mark.parametrize("message", [None, MESSAGE])
async def test_a_refusal_tells_the_client(
    context: MailContext,
    postbox: Postbox,
    world: World,
    api: Api,
    fee_id: UUID,
    message: str | None,
) -> None:
    said: dict[str, Any] = {} if message is None else {"message": message}
    await answer_by_link(world, api, fee_id, "uphold", **said)
    assert await send(context, world, "fee_waiver_declined") == ["sent"]
    (mail,) = postbox.mails
    text = text_of(mail)
    assert str(mail["Subject"]).startswith("The fee stands: your session on December 3")
    assert "The practice has decided that the fee stands." in text
    assert ("Note from the practice" in text, MESSAGE in text) == (bool(message),) * 2
    assert "text/calendar" not in parts_of(mail)
    assert "/portal/#" not in text


@pytest.mark.parametrize(
    ("locale", "subject", "sentence"),
    [
        ("en-US", "The fee stands", "has not answered within seven days"),
        ("fr-FR", "Les frais restent dus", "n'a pas répondu dans les sept jours"),
        ("de-DE", "Die Gebühr bleibt bestehen", "nicht innerhalb von sieben Tagen geantwortet"),
        ("es-ES", "El cargo se mantiene", "no ha respondido en siete días"),
    ],
)
@pytest.mark.alone
async def test_a_lapse_is_told_in_the_client_s_language(
    context: MailContext,
    postbox: Postbox,
    world: World,
    fee_id: UUID,
    clock: TestClock,
    locale: str,
    subject: str,
    sentence: str,
) -> None:
    assert fee_id
    await world.change(Client, world.client_id, locale=locale)
    clock.now = NOW + WEEK + timedelta(minutes=1)
    await lapse_waivers(world.engine, clock.now)
    assert await send(context, world, "fee_waiver_lapsed") == ["sent"]
    (mail,) = postbox.mails
    assert str(mail["Subject"]).startswith(subject)
    assert sentence in " ".join(text_of(mail).split())


async def test_a_scope_has_one_mail_to_the_client_and_a_question_for_each_fee(
    context: MailContext, postbox: Postbox, world: World, api: Api, staff: Api
) -> None:
    await world.add_policy(LATE_FEE)
    first, *_ = await book_series(staff, world, START, 2)
    preview = (await api.get(f"/v1/sessions/{first}/scope", action="cancel")).json()
    scope = {"scope": "this_and_following", "quote": preview["quote"]}
    done = await api.cancel(UUID(first), **scope, ask_waiver={"note": WORDS})
    assert done.status_code == 200
    await send(context, world, "cancelled")
    text = text_of(postbox.mails[0])
    assert text.count("You have asked for it to be waived.") == 2
    await send(context, world, "fee_waiver_asked", "practitioner")
    tokens = {token_in(text_of(mail), "/portal/#waiver=") for mail in postbox.mails[1:]}
    assert len(tokens) == 2


async def answer_by_link(world: World, api: Api, fee_id: UUID, verb: str, **body: Any) -> None:
    link = WaiverLink(world.practice_id, fee_id, 0, mark_of("maya@harbor.example"))
    practitioner = api.signed_in(WaiverTokens(world.settings.keys).sign(link))
    assert (await practitioner.post(f"/v1/waivers/{fee_id}/{verb}", body)).status_code == 200
