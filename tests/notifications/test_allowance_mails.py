"""Mails say that a change was free as one of an allowance, and how many are left."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.refilling import judge_due_refills
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.reading import Read
from tests.notifications.scenario import START
from tests.series import book_series
from tests.world import Api, World

DAY = timedelta(days=1)
RULES: dict[str, Any] = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}],
        "refilled": {"covered_percent": 80},
    },
    "allowance": {"free": 2, "per": {"days": 365}, "for": ["cancel", "reschedule"]},
}
WHY = {"reason": {"note": "It was our mistake."}}


def flat(mail: Read) -> str:
    """Give the text of a mail on one line."""
    return " ".join(mail.text.split())


async def cancel(api: Api, session_id: UUID, **body: Any) -> None:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote, **body)).status_code == 200


@pytest.mark.parametrize(
    ("locale", "used", "back"),
    [
        ("en-US", "this was your free change 1 of 2.", "you get the free change back"),
        ("de-DE", "Das war Ihre kostenlose Änderung 1 von 2.", "die kostenlose Änderung zurück"),
        ("fr-FR", "modification gratuite 1 sur 2.", "la modification gratuite vous est rendue"),
        ("es-ES", "ha sido su cambio gratuito 1 de 2.", "se le devuelve el cambio gratuito"),
    ],
)
async def test_the_confirmation_says_which_free_change_it_was(
    read: Any, api: Api, world: World, locale: str, used: str, back: str
) -> None:
    await world.change(Client, world.client_id, locale=locale)
    await world.add_policy(RULES)
    session_id = await world.book(START)
    await cancel(api, session_id)
    text = flat(await read(session_id, "cancelled"))
    assert used in text
    assert back in text
    of_practitioner = flat(await read(session_id, "cancelled", "practitioner"))
    assert used not in of_practitioner
    assert back not in of_practitioner


async def test_who_has_paid_is_told_of_the_fee_alone(read: Any, api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START)
    await cancel(api, session_id, use_allowance=False)
    text = flat(await read(session_id, "cancelled"))
    assert "free change" not in text
    assert "If somebody else takes this time, it costs nothing." in text


@pytest.mark.parametrize(
    ("of", "to_cancel", "to_move"),
    [
        (["cancel"], "Free cancellations that you have left: 2 of 2.", None),
        (["reschedule"], None, "Free moves that you have left: 2 of 2. Each lifts the fee of a"),
        (["cancel", "reschedule"], "Free changes that you have left", "Free changes that you"),
    ],
)
async def test_the_terms_say_for_what_they_are(
    read: Any, world: World, of: list[str], to_cancel: str | None, to_move: str | None
) -> None:
    moves = {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 500}]}
    allowance = RULES["allowance"] | {"for": of}
    await world.add_policy(RULES | {"reschedule": moves, "allowance": allowance})
    text = flat(await read(await world.book(START + 9 * DAY), "booked"))
    cancelling, _, moving = text.partition("To reschedule:")
    for part, said in ((cancelling, to_cancel), (moving, to_move)):
        assert "To cancel" in cancelling
        assert (said in part) if said else ("that you have left" not in part)


async def test_a_change_that_used_one_is_told_as_a_change(
    read: Any, api: Api, world: World
) -> None:
    """Also if the booking was not confirmed yet: "it is free" is about the move."""
    await world.add_policy(RULES)
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    moved = await api.reschedule(session_id, START + DAY, quote=quote)
    assert moved.status_code == 200, moved.text
    mail = await read(session_id, "rescheduled")
    assert mail.subject.startswith("Your session has moved to")
    statuses = {row.status for row in await world.rows(Notification, kind="booked")}
    assert statuses == {"pending"}


async def test_the_terms_say_how_many_are_left(read: Any, api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START + 9 * DAY)
    text = flat(await read(session_id, "booked"))
    assert "Free changes that you have left: 2 of 2." in text
    for number in range(2):
        await cancel(api, await world.book(START + number * DAY))
    text = flat(await read(session_id, "booked"))
    assert "You have used all of your free changes (2)." in text
    assert "The next one is available from Tuesday, November 30, 2027." in text


async def test_of_several_each_says_what_cancelling_costs_without_it(
    read: Any, staff: Api, world: World
) -> None:
    """Regression: where the allowance lifts the fee that is due now, it said nothing."""
    await world.add_policy(RULES)
    first, *_ = await book_series(staff, world, START, 3)
    text = flat(await read(UUID(first), "booked"))
    now = "To cancel: for a fee of $45.00. Free changes that you have left: 2 of 2."
    assert text.count(now) == 2
    assert text.count("To cancel: free of charge until") == 1


async def test_where_nothing_costs_anything_it_is_not_said(read: Any, world: World) -> None:
    await world.add_policy({"allowance": RULES["allowance"]})
    text = (await read(await world.book(START), "booked")).text
    assert "ree changes" not in text


async def test_an_undo_by_staff_says_that_it_is_back(read: Any, api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START)
    await cancel(api, session_id)
    staff = api.signed_in(await world.key())
    await staff.post(f"/v1/practice/sessions/{session_id}/undo", WHY)
    text = flat(await read(session_id, "restored"))
    assert "The free change that it had used is back." in text


@pytest.mark.alone
async def test_a_refill_says_that_it_is_back(
    read: Any, api: Api, world: World, engine: AsyncEngine
) -> None:
    await world.add_policy(RULES)
    ben = await world.add_client(name="Ben", email="ben@client.example")
    session_id = await world.book(START)
    await cancel(api, session_id)
    await world.book(START, client_id=ben)
    await judge_due_refills(engine, START + DAY, credit_grace=DAY)
    mail = await read(session_id, "allowance_returned", now=START + DAY)
    assert "the free change that it had used is back" in flat(mail)
