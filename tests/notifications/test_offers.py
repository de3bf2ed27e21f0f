"""Mails and events of the waitlist: an offer, an offer that is gone, a paused wish."""

import json
from email.message import EmailMessage
from typing import Any

import pytest

from app.identity.tokens.link import LinkTokens
from app.identity.tokens.offer import OfferTokens
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice
from app.tables.waitlist import Offer, Wish
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.notifications.postbox import Postbox
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    RECORDED,
    TICK,
    WISHES,
    Waiting,
    wait,
    work,
)
from tests.world import NOW, Api, TestClock, World


@pytest.fixture
async def waiting(world: World, api: Api) -> Waiting:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    return await wait(world, api)


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


async def send(context: MailContext, world: World, kind: str) -> list[str]:
    """Send the mails of a kind; give the statuses of their rows."""
    for row in await world.rows(Notification, kind=kind):
        await send_notification(context, world.practice_id, row.id)
    return [row.status for row in await world.rows(Notification, kind=kind)]


async def event(world: World, kind: str) -> Any:
    (row,) = await world.rows(Notification, kind=kind, recipient="webhook")
    async with world.engine.connect() as db:
        (found,) = await load_events(db, [(world.practice_id, row.id)])
    assert found is not None
    is_event_as_described(found.body)
    return json.loads(found.body)


def token_in(text: str, mark: str) -> str:
    return text.partition(mark)[2].split()[0]


async def test_an_offer_says_both_times_until_when_and_has_a_link_of_its_own(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World
) -> None:
    offer = await waiting.offered()
    assert await send(context, world, "offer") == ["sent"]
    (mail,) = postbox.mails
    text = text_of(mail)
    assert mail["Subject"] == "A time is free for you: December 3, 2026, 3:00 PM"
    assert mail["To"] == "Ana Ruiz <ana@client.example>"
    assert "Answer by: Monday, November 30, 2026, 11:00 AM" in text
    assert "New time: Thursday, December 3, 2026, 3:00 PM" in text
    assert "Your present time: Thursday, December 10, 2026" in text
    assert "free of charge" in text
    assert "If you do nothing, your session stays as it is." in text
    link = OfferTokens(world.settings.keys).read(token_in(text, "/portal/#offer="))
    assert (link.practice_id, link.offer_id) == (world.practice_id, offer.id)
    assert [part.get_content_type() for part in mail.walk()].count("text/calendar") == 0
    # It never says whose the time was.
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            assert "Okoro" not in part.get_content()


@pytest.mark.parametrize(
    ("locale", "subject", "label"),
    [
        ("fr-FR", "Un horaire s'est libéré pour vous", "Voir l'offre et répondre"),
        ("de-DE", "Eine Zeit ist für Sie frei geworden", "Angebot ansehen und antworten"),
        ("es-ES", "Ha quedado libre una hora para usted", "Ver la oferta y responder"),
    ],
)
async def test_in_the_client_s_language(
    waiting: Waiting,
    context: MailContext,
    postbox: Postbox,
    world: World,
    locale: str,
    subject: str,
    label: str,
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await waiting.offered()
    await send(context, world, "offer")
    (mail,) = postbox.mails
    assert str(mail["Subject"]).startswith(subject)
    assert mail["Content-Language"] == locale
    assert label in text_of(mail)


@pytest.mark.parametrize("end", ["wish", "session", "offer"])
async def test_a_mail_that_the_time_is_gone_says_how_things_stand(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World, end: str
) -> None:
    offer = await waiting.offered()
    (wish,) = await world.rows(Wish)
    order: dict[str, Any] = {"charge_fee": False, "reason": {"note": "Dr. Chen is ill."}}
    path, body = {
        "wish": (f"{WISHES}/{wish.id}/withdraw", {}),
        "session": (f"/v1/practice/sessions/{waiting.session_id}/cancel", order),
        "offer": (f"/v1/practice/offers/{offer.id}/withdraw", {}),
    }[end]
    assert (await waiting.staff.post(path, body)).is_success
    await waiting.work()
    assert await send(context, world, "offer_gone") == ["sent"]
    text = text_of(postbox.mails[-1])
    assert "Offered time: Thursday, December 3, 2026" in text
    assert "New time" not in text
    assert ("Your present time" in text) == (end != "session")
    if end == "offer":
        assert "Your session stays as it is, and you stay on the waitlist." in text
    else:
        assert "You are not on the waitlist any more." in text


@pytest.mark.parametrize("end", ["declined", "late", "closed"])
async def test_an_offer_that_has_ended_is_not_mailed(
    waiting: Waiting, context: MailContext, world: World, clock: TestClock, end: str
) -> None:
    offer = await waiting.offered()
    if end == "declined":
        assert (await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    elif end == "late":
        clock.now = offer.answer_by + TICK
    else:
        await world.change_all(Practice, closed_at=NOW)
    assert await send(context, world, "offer") == ["dropped"]


async def test_a_new_session_names_its_price_or_the_credit(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World
) -> None:
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    await send(context, world, "offer")
    text = text_of(postbox.mails[0])
    assert "It costs $120.00." in text
    assert "Your present time" not in text
    (offer,) = await world.rows(Offer)
    await world.change(Offer, offer.id, package_id=await world.add_package())
    (row,) = await world.rows(Notification, kind="offer")
    await world.change(Notification, row.id, status="pending", finished_at=None)
    await send(context, world, "offer")
    text = text_of(postbox.mails[1])
    assert "A credit of your package pays for it." in text
    assert "$120.00" not in text


LATE_FEE = {"deadline": {"before_minutes": 5 * 24 * 60}, "percent": "50"}
ALLOWANCE = {"free": 1, "per": "calendar_year", "for": ["cancel"]}


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({}, "Once this time is yours, cancelling is free of charge until the session starts."),
        (
            {"cancel": {"closes": {"before_minutes": 1440}}},
            "cancelling is free of charge until Wednesday, December 2, 2026, 3:00 PM",
        ),
        (
            {"cancel": {"fees": [LATE_FEE]}},
            "As soon as this time is yours, cancelling costs $60.00.",
        ),
        (
            {"cancel": {"closes": {"before_minutes": 5 * 24 * 60}}},
            "As soon as this time is yours, you can no longer cancel online.",
        ),
        (
            {"cancel": {"fees": [LATE_FEE]}, "allowance": ALLOWANCE},
            "As soon as this time is yours, cancelling uses one of your free changes.",
        ),
    ],
)
@pytest.mark.parametrize("is_move", [True, False])
async def test_an_offer_says_what_cancelling_costs_after_a_yes(
    world: World,
    api: Api,
    context: MailContext,
    postbox: Postbox,
    rules: dict[str, Any],
    sentence: str,
    *,
    is_move: bool,
) -> None:
    await world.add_policy(rules)
    waiting = await wait(world, api)
    if is_move:
        await waiting.wish()
    else:
        body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
        assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    assert await send(context, world, "offer") == ["sent"]
    text = text_of(postbox.mails[0])
    assert sentence in text
    assert text.count("this time is yours") == 1


async def test_an_offer_says_that_a_credit_would_be_lost(
    world: World, api: Api, context: MailContext, postbox: Postbox
) -> None:
    await world.add_policy({"cancel": {"fees": [LATE_FEE], "late_credit": "forfeited"}})
    waiting = await wait(world, api)
    package_id = str(await world.add_package())
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    made = await waiting.staff.post(WISHES, body | {"package_id": package_id})
    assert made.status_code == 201
    await waiting.free()
    await waiting.work()
    await send(context, world, "offer")
    assert "cancelling no longer returns the credit." in text_of(postbox.mails[0])


async def test_a_time_that_is_gone_is_told_and_names_nobody(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World
) -> None:
    offer = await waiting.offered()
    assert (await waiting.staff.post(f"/v1/practice/offers/{offer.id}/withdraw", {})).is_success
    assert await send(context, world, "offer_gone") == ["sent"]
    (mail,) = postbox.mails
    text = text_of(mail)
    assert str(mail["Subject"]).startswith("The offered time is gone")
    assert "Your session stays as it is, and you stay on the waitlist." in text
    assert "Okoro" not in text
    link = LinkTokens(world.settings.keys).read(token_in(text, "/portal/#"))
    assert link.session_id == waiting.session_id


async def test_a_paused_wish_is_told_with_the_link_of_its_session(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World, clock: TestClock
) -> None:
    offer = await waiting.offered()
    await world.change(Wish, offer.wish_id, unanswered=2)
    clock.now = offer.answer_by + RECORDED
    await waiting.work()
    assert await send(context, world, "wish_paused") == ["sent"]
    text = text_of(postbox.mails[-1])
    assert "Three offers in a row were not answered" in text
    link = LinkTokens(world.settings.keys).read(token_in(text, "/portal/#"))
    assert link.session_id == waiting.session_id
    (row,) = await world.rows(Notification, kind="wish_paused")
    await world.change(Notification, row.id, status="pending", finished_at=None)
    await waiting.wish()
    assert await send(context, world, "wish_paused") == ["dropped"]


async def test_events_tell_ids_times_and_states_and_no_person(
    waiting: Waiting, world: World
) -> None:
    offer = await waiting.offered()
    made = await event(world, "offer.made")
    assert made["data"]["offer_id"] == str(offer.id)
    assert (made["data"]["state"], made["data"]["by"]) == ("open", "system")
    assert made["data"]["starts_at"] == "2026-12-03T20:00:00Z"
    assert made["data"]["old_starts_at"] == "2026-12-10T20:00:00Z"
    assert "Ana" not in json.dumps(made)
    done = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    accepted = await event(world, "offer.accepted")
    moved = await event(world, "session.rescheduled")
    assert accepted["data"]["by"] == "client"
    assert accepted["data"]["command_id"] == moved["data"]["command_id"]
    assert moved["data"]["command_id"] == done.json()["command_id"]


@pytest.mark.parametrize("end", ["declined", "expired"])
async def test_each_end_has_its_event(
    waiting: Waiting, world: World, clock: TestClock, end: str
) -> None:
    offer = await waiting.offered()
    if end == "declined":
        assert (await waiting.api.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    else:
        clock.now = offer.answer_by + RECORDED
        await work(world, clock.now)
    assert (await event(world, f"offer.{end}"))["data"]["state"] == end


async def test_the_mails_about_the_move_are_those_of_any_move(
    waiting: Waiting, context: MailContext, postbox: Postbox, world: World
) -> None:
    offer = await waiting.offered()
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).is_success
    rows = await world.rows(Notification, kind="rescheduled", session_id=waiting.session_id)
    for row in rows:
        await send_notification(context, world.practice_id, row.id)
    assert len(postbox.mails) == 2
    for mail in postbox.mails:
        text = text_of(mail)
        assert "Thursday, December 3, 2026" in text
        assert "Okoro" not in text
    assert FREED + DAY - HOUR > NOW
