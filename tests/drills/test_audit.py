"""The audit at the end of the drills detects each kind of error."""

from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest
from httpx import ASGITransport

from app.configuration.settings import Settings
from app.main import create_app
from tests.drills.audit import Findings, audit
from tests.drills.invariants import INVARIANTS
from tests.drills.ledger import Answer, Ledger
from tests.drills.load import Load, counted
from tests.drills.load_work import waiting_work
from tests.drills.scene import Scene, build_scene
from tests.drills.spoiled import SPOILED
from tests.drills.spoiled_waiting import SPOILED_WAITING
from tests.world import NOW, TestClock

COMMANDS = 600
SEED = 5
# So that requests and wishes are open, seats held and times released at the end.
LAST = (
    *("create_group", "take_seat") * 4,
    # A client holds three times at most.
    *("release",) * 24,
    "hold_some_seat",
    *("ask",) * 16,
    *("hold",) * 30,
    *("wish",) * 6,
    *("give_up",) * 12,
)
# Between two runs of the worker's tasks.
LATER = timedelta(minutes=3)
_UNGUARD = """
DO $$ DECLARE found record; BEGIN
  FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
    WHERE contype IN ('c', 'x') AND connamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname); END LOOP;
  DROP INDEX uq_credit_redemptions_session;
  DROP INDEX uq_move_request_sessions_open;
  DROP INDEX uq_offers_once;
  DROP INDEX uq_offers_open;
  DROP INDEX uq_offers_held;
  DROP INDEX uq_wishes_session;
  ALTER TABLE held_times DROP CONSTRAINT uq_held_times_practice_id_session_id;
  ALTER TABLE sessions DROP CONSTRAINT uq_sessions_practice_id_series_id_series_position;
END $$"""


class TickingClock(TestClock):
    """A clock without equal instants: what is ordered by time has the same order in each run."""

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def sentences(found: Findings) -> list[str]:
    return [
        *(f"LOST {one}" for one in found.lost),
        *(f"DOUBLED {one}" for one in found.doubled),
        *found.broken,
    ]


def tells(found: Findings, name: str) -> bool:
    return any(name in sentence for sentence in sentences(found))


async def lived(settings: Settings) -> tuple[Scene, Ledger]:
    """Run a load with every kind of command."""
    scene = await build_scene(settings, NOW, people=3, practitioners=3)
    clock = TickingClock()
    app = create_app(settings, clock=clock)
    async with (
        app.router.lifespan_context(app),
        waiting_work(settings.service_url, clock, settings.undo_window) as work,
    ):

        async def later() -> None:
            clock.now += LATER
            await work()

        transport = ASGITransport(app)
        load = Load(
            "http://reslot.example",
            scene,
            SEED,
            days=3,
            transport=transport,
            work=later,
            acting=1,
            left_out=("give_up", "keep", "confirm"),
            last=LAST,
        )
        await load.run(counted(COMMANDS))
        await later()
    return scene, load.ledger


@pytest.mark.slow
async def test_every_corrupted_row_is_found(settings: Settings) -> None:
    scene, ledger = await lived(settings)
    db = await asyncpg.connect(settings.owner_url)
    try:
        clean = await audit(db, scene.practice_id, ledger, scene.credits_of)
        assert not clean, clean
        await db.execute(_UNGUARD)
        all_spoiled = [*SPOILED, *SPOILED_WAITING]
        assert INVARIANTS.keys() <= {spoiled.name for spoiled in all_spoiled}
        for spoiled in all_spoiled:
            undone = db.transaction()
            await undone.start()
            done = await db.execute(spoiled.statement)
            assert done.split()[-1] == "1", (done, spoiled.statement)
            found = await audit(db, scene.practice_id, ledger, scene.credits_of)
            assert tells(found, spoiled.name), (spoiled.statement, found)
            await undone.rollback()
        await check_doubled_notes(db, scene, ledger)
        await check_ledger(db, scene, ledger)
    finally:
        await db.close()


async def check_doubled_notes(db: asyncpg.Connection, scene: Scene, ledger: Ledger) -> None:
    """Two changes made with one key are reported as doubled."""
    await db.execute(
        "WITH copied AS (INSERT INTO changes SELECT (jsonb_populate_record(changes,"
        " jsonb_build_object('id', gen_random_uuid()))).* FROM changes"
        " WHERE kind = 'cancelled' AND subject = 'session' AND actor = 'client'"
        " AND id IN (SELECT change_id FROM change_notes) LIMIT 1 RETURNING *)"
        " INSERT INTO change_notes SELECT copied.practice_id, copied.id, note FROM copied"
        " JOIN changes AS first USING (session_id, session_version)"
        " JOIN change_notes ON change_id = first.id"
    )
    found = await audit(db, scene.practice_id, ledger, scene.credits_of)
    assert tells(found, "DOUBLED cancelled")


async def check_ledger(db: asyncpg.Connection, scene: Scene, ledger: Ledger) -> None:
    """Reports a command with two different responses, and one both refused and carried out."""
    entry = next(entry for entry in ledger.entries if entry.good)
    first = replace(entry.good[0], replayed=False)
    entry.answers[:] = [first, first]
    found = await audit(db, scene.practice_id, ledger, scene.credits_of)
    assert tells(found, "answered anew 2 times")
    entry.answers[:] = [Answer(0, 0, 409)]
    found = await audit(db, scene.practice_id, ledger, scene.credits_of)
    assert tells(found, "refused, and done all the same")
    entry.answers[:] = [Answer(0, 0, None, error="ReadError")]
    found = await audit(db, scene.practice_id, ledger, scene.credits_of)
    assert not tells(found, entry.key)
