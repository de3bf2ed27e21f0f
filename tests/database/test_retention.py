"""What is older than the operator keeps it is deleted (product.md section 10, "Retention")."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from app.configuration.settings import Settings
from app.erasure.retention import delete_what_is_old
from app.identity.api_keys.keys import Scope
from app.tables.changes import Change, ChangeNote
from app.tables.move_requests import MoveRequest
from app.tables.notifications import Notification
from app.worker.run import repeated_tasks
from tests.world import NOW, Api, World

# The task looks at all practices.
pytestmark = pytest.mark.alone

START = NOW + timedelta(days=3)
DAY, TICK = timedelta(days=1), timedelta(microseconds=1)


async def leave(api: Api, staff: Api, world: World) -> None:
    """Leave a note with an origin, a note of a move request, and mails of which one is sent."""
    session_id, other = await world.book(START), await world.book(START + DAY)
    assert (await api.cancel(session_id, reason={"note": "A note."})).status_code == 200
    asked = {
        "sessions": [str(other)],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
        "note": "The room is being painted.",
    }
    assert (await staff.post("/v1/practice/move-requests", asked)).status_code == 201
    first = (await world.rows(Notification, status="pending"))[0]
    await world.change(Notification, first.id, status="sent", finished_at=NOW)


def keeping(settings: Settings, **days: int) -> Settings:
    return settings.model_copy(update=days)


async def notes(world: World) -> list[tuple[Any, Any]]:
    return [(row.note, row.origin) for row in await world.rows(ChangeNote)]


async def test_nothing_is_deleted_without_a_setting(
    api: Api, staff: Api, world: World, settings: Settings
) -> None:
    await leave(api, staff, world)
    before = await notes(world), await world.rows(Notification), await world.rows(MoveRequest)
    await delete_what_is_old(world.engine, settings, NOW + 3650 * DAY)
    after = await notes(world), await world.rows(Notification), await world.rows(MoveRequest)
    assert after == before


async def test_notes_end_and_origins_stay(
    api: Api, staff: Api, world: World, settings: Settings
) -> None:
    """Exactly on the day it is over."""
    await leave(api, staff, world)
    old = keeping(settings, keep_notes_days=30)
    await delete_what_is_old(world.engine, old, NOW + 30 * DAY - TICK)
    assert ("A note.", "127.0.0.1") in await notes(world)
    entries = await world.rows(Change)
    await delete_what_is_old(world.engine, old, NOW + 30 * DAY)
    found = await notes(world)
    assert found
    assert set(found) == {(None, "127.0.0.1")}
    assert await world.rows(Change) == entries
    (request,) = await world.rows(MoveRequest)
    assert request.note == "The room is being painted."  # it was open for a day more
    await delete_what_is_old(world.engine, old, NOW + 31 * DAY)
    (request,) = await world.rows(MoveRequest)
    assert request.note is None


async def test_origins_end_and_notes_stay(
    api: Api, staff: Api, world: World, settings: Settings
) -> None:
    await leave(api, staff, world)
    written = {note for note, _ in await notes(world) if note is not None}
    old = keeping(settings, keep_origins_days=7)
    await delete_what_is_old(world.engine, old, NOW + 7 * DAY)
    assert sorted(await notes(world), key=str) == sorted(
        ((note, None) for note in written), key=str
    )
    await delete_what_is_old(world.engine, old, NOW + 8 * DAY)
    assert {note for note, _ in await notes(world)} == written


async def test_finished_notifications_end_and_others_stay(
    api: Api, staff: Api, world: World, settings: Settings
) -> None:
    await leave(api, staff, world)
    kept = keeping(settings, keep_notifications_days=90)
    await delete_what_is_old(world.engine, kept, NOW + 90 * DAY - TICK)
    assert await world.rows(Notification, status="sent")
    await delete_what_is_old(world.engine, kept, NOW + 90 * DAY)
    assert {row.status for row in await world.rows(Notification)} == {"pending"}


REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'made up'; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON change_notes FOR EACH ROW
    WHEN (old.practice_id = '{practice_id}') EXECUTE FUNCTION refuse();
"""


@pytest.mark.own_database
@pytest.mark.parametrize("fails_first", [True, False])
async def test_a_practice_that_fails_keeps_no_other_from_it(
    api: Api, staff: Api, world: World, settings: Settings, *, fails_first: bool
) -> None:
    other = await World(world.engine, settings).build()
    await leave(api, staff, world)
    await leave(api.signed_in(other.token()), api.signed_in(await other.key(Scope.ADMIN)), other)
    first, last = sorted((world, other), key=lambda one: one.practice_id)
    failing, good = (first, last) if fails_first else (last, first)
    owner = await asyncpg.connect(settings.owner_url)
    await owner.execute(REFUSE.format(practice_id=failing.practice_id))
    await owner.close()
    kept = keeping(settings, keep_notes_days=1)
    with capture_logs() as logs:
        await delete_what_is_old(world.engine, kept, NOW + 30 * DAY)
    assert {note for note, _ in await notes(good)} == {None}
    assert ("A note.", "127.0.0.1") in await notes(failing)
    (told,) = [log for log in logs if log["event"] == "old_data_not_deleted"]
    assert told["practice_id"] == str(failing.practice_id)


async def test_the_worker_does_it(api: Api, staff: Api, world: World, settings: Settings) -> None:
    await leave(api, staff, world)
    tasks = repeated_tasks(keeping(settings, keep_notes_days=1), world.engine)
    (task,) = [one for one in tasks if one.__name__ == "forgetting"]
    await task(NOW + DAY)
    assert {note for note, _ in await notes(world)} == {None}
