"""The number of SQL statements of hot pages, counted before the driver."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.statements import SentStatement, watch_driver
from app.tables.practices import BusyInterval, Service
from tests.application import application
from tests.groups import CLASS, DAY, add_group, add_seat
from tests.holds import put_hold
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)


class Counted(Api):
    """The API, with the statements that it sends to the database."""

    def listen(self, engine: AsyncEngine) -> None:
        """Record every statement that is run on the engine."""
        self.sent: list[str] = []

        def note(*arguments: Any) -> None:
            # Sent only after a wait, which a slow machine may cause.
            if not arguments[2].startswith("SET LOCAL lock_timeout"):
                self.sent.append(arguments[2])

        def note_read(sent: SentStatement) -> nullcontext[None]:
            self.sent.append(sent.text)
            return nullcontext()

        event.listen(engine.sync_engine, "before_cursor_execute", note)
        watch_driver(engine, note_read)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """List the statements that the block sends."""
        already = len(self.sent)
        sent: list[str] = []
        yield sent
        sent += self.sent[already:]


@pytest.fixture
async def api(settings: Settings, world: World) -> AsyncIterator[Counted]:
    with application(settings, TestClock()) as app:
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=transport, base_url="https://reslot.example") as http,
        ):
            counted = Counted(http, TestClock())
            counted.listen(app.state.engine)
            counted.listen(app.state.read_engine)
            counted.token = world.token()
            yield counted


async def test_details_take_one_statement(api: Counted, world: World) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 60}}})
    session_id = await world.book(START, package_id=await world.add_package())
    with api.statements() as sent:
        await api.session(session_id)
    assert len(sent) == 1


async def test_a_seat_takes_one_statement_for_details_and_two_for_availability(
    api: Counted, world: World
) -> None:
    """Availability needs no third one to find the next day with a group."""
    seat = await add_seat(world, await add_group(world))
    await add_group(world, CLASS + 7 * DAY)
    with api.statements() as details:
        await api.session(seat)
    assert len(details) == 1
    for first, last in (("2026-12-01", "2026-12-31"), ("2026-12-04", "2026-12-05")):
        with api.statements() as sent:
            found = await api.availability(seat, **{"from": first, "to": last})
        assert len(sent) == 2
    assert found["next_available"] == "2026-12-10"


async def test_a_list_takes_one_statement_whatever_its_length(api: Counted, world: World) -> None:
    for day in range(3):
        await world.book(START + timedelta(days=day))
    with api.statements() as sent:
        answer = await api.get("/v1/sessions")
    assert len(answer.json()["items"]) == 3
    assert len(sent) == 1


async def test_availability_with_slots_takes_one_statement_whatever_the_range(
    api: Counted, world: World
) -> None:
    session_id = await world.book(START)
    for last in ("2026-12-03", "2027-01-31"):
        with api.statements() as sent:
            found = await api.availability(session_id, **{"from": "2026-12-01", "to": last})
        assert slots(found)
        assert len(sent) == 1


async def test_holds_take_no_further_statement_of_availability(api: Counted, world: World) -> None:
    """Neither the session's own nor those of others."""
    session_id, other = await world.book(START), await world.book(START + 7 * DAY)
    await put_hold(world, session_id, START + DAY)
    await put_hold(world, other, START + DAY + timedelta(hours=2))
    with api.statements() as sent:
        found = await api.availability(session_id, **{"from": "2026-12-01", "to": "2026-12-31"})
    assert [slot["start"] for day in found["days"] for slot in day["slots"] if "held_until" in slot]
    assert len(sent) == 1


async def test_availability_without_slots_takes_two_at_most(api: Counted, world: World) -> None:
    session_id = await world.book(START)
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=NOW,
        ends_at=NOW + timedelta(days=20),
    )
    with api.statements() as sent:
        found = await api.availability(session_id, **{"from": "2026-12-01", "to": "2026-12-10"})
    assert found["days"] == []
    assert found["next_available"] == "2026-12-21"
    assert len(sent) == 2


async def test_it_takes_two_where_the_next_day_may_be_the_present_one(
    api: Counted, world: World
) -> None:
    """The bookable slots and the session's own time are read together."""
    session_id = await world.book(START)
    await world.change(Service, world.service_id, minimum_notice_minutes=5 * 1440)
    today = NOW.date().isoformat()
    with api.statements() as sent:
        found = await api.availability(
            session_id, **{"from": today, "to": today, "format": "phone"}
        )
    assert found["next_available"] == START.date().isoformat()
    assert len(sent) == 2


async def test_history_takes_one_statement(api: Counted, world: World) -> None:
    session_id = await world.book(START)
    with api.statements() as sent:
        await api.get(f"/v1/sessions/{session_id}/changes")
    assert len(sent) == 1


async def test_an_unknown_session_takes_no_more_than_a_known_one(
    api: Counted, world: World
) -> None:
    with api.statements() as sent:
        answer = await api.get(f"/v1/sessions/{world.client_id}")
    assert answer.status_code == 404
    assert len(sent) == 1


async def test_asking_to_sign_in_sends_the_same_statements_for_every_address(
    api: Counted, world: World
) -> None:
    """So the response time does not reveal whether an address is known."""
    del world
    sent = []
    for address in ("ana@client.example", "nobody@client.example"):
        with api.statements() as statements:
            answer = await api.post("/v1/auth/sign-in-links", {"email": address})
        assert answer.status_code == 202
        sent.append(statements)
    assert sent[0] == sent[1]
    assert len(sent[0]) == 3  # the counter, the request, its job
    assert "clients" not in " ".join(sent[0])


async def test_a_forged_sign_in_or_refresh_token_reaches_no_table(
    api: Counted, world: World
) -> None:
    del world
    with api.statements() as sent:
        await api.post("/v1/auth/tokens", {"token": "nonsense"})
        for path in ("refresh", "sign-out"):
            await api.post(f"/v1/auth/{path}", {"refresh_token": "nonsense"})
    assert sent == []


async def test_commands_take_no_more_statements_than_their_steps(
    api: Counted, world: World
) -> None:
    """Caller (2), key (3), lock, read, write, wish, history (2), reminders, mails (3), read."""
    session_id = await world.book(START)
    keyed = {"Idempotency-Key": "k-1"}
    with api.statements() as sent:
        answer = await api.reschedule(session_id, START + timedelta(days=1), keyed)
    assert answer.status_code == 200
    assert len(sent) == 17
    with api.statements() as sent:
        answer = await api.cancel(session_id, {"Idempotency-Key": "k-2"})
    assert answer.status_code == 200
    assert len(sent) == 17


async def test_deadlines_in_working_days_cost_one_statement_where_the_start_changes(
    api: Counted, world: World
) -> None:
    """Neither pages nor other commands read the closed days. There is no key here (3)."""
    await world.add_policy({"cancel": {"closes": {"working_days": 2, "at": "16:00"}}})
    session_id = await world.book(START + 7 * DAY)
    with api.statements() as details:
        await api.session(session_id)
    with api.statements() as availability:
        found = await api.availability(session_id, **{"from": "2026-12-10", "to": "2026-12-31"})
    assert slots(found)
    assert (len(details), len(availability)) == (1, 1)
    with api.statements() as moving:
        assert (await api.reschedule(session_id, START + 8 * DAY)).status_code == 200
    assert len(moving) == 15
    with api.statements() as cancelling:
        assert (await api.cancel(session_id)).status_code == 200
    assert len(cancelling) == 14
