"""`reslot client`: what is held of a client is handed over and erased."""

import asyncio
import json
import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.tables.changes import Change, ChangeNote
from tests.fixtures.command_line import build, refusal, run

# The commands search all practices.
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("shell")]


@pytest.mark.slow
def test_an_operator_exports_and_erases_a_client(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, session_id = asyncio.run(build(settings))
    client = ("--practice", "Harbor Wellness", str(world.client_id))
    told = json.loads(run("client", "export", *client))
    assert told["client"]["name"] == "Ana Ruiz"
    assert [row["id"] for row in told["sessions"]] == [str(session_id)]
    # Whether the session is to come depends on today's date.
    erased = run("client", "erase", *client, "--reason", "By letter.", "--force")
    assert re.fullmatch(
        r"The client is erased\. Sessions cancelled: [01]\. Fees waived: 0\.\n", erased
    )
    assert run("client", "erase", *client, "--reason", "By letter.") == erased
    assert "was erased" in refusal(monkeypatch, "client", "export", *client)
    assert "was erased" in refusal(monkeypatch, "link", str(session_id), "--revoke")
    kinds = asyncio.run(_entries(settings))
    assert kinds == [("exported", None), ("erased", "By letter.")]


def test_what_is_wrong_is_one_sentence(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    world, _ = asyncio.run(build(settings))
    own = ("--practice", str(world.practice_id))
    for what in (("export",), ("erase", "--reason", "By letter.")):
        told = refusal(monkeypatch, "client", *what, *own, str(uuid4()))
        assert told == "reslot: There is no client with this id in this practice."
    blank = ("client", "erase", *own, str(world.client_id), "--reason", "  ")
    assert refusal(monkeypatch, *blank) == "reslot: --reason: 1 to 500 visible characters."


async def _entries(settings: Settings) -> list[tuple[str, str | None]]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        rows = await db.execute(
            select(Change.kind, ChangeNote.note)
            .outerjoin(
                ChangeNote,
                (ChangeNote.practice_id == Change.practice_id)
                & (ChangeNote.change_id == Change.id),
            )
            .where(Change.subject == "client", Change.actor == "operator")
            .order_by(Change.at)
        )
        found = [(kind, note) for kind, note in rows]
    await engine.dispose()
    return found
