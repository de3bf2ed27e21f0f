"""The API keys of the demo: one for each practice, reused at every start while it is valid."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.write import OPERATOR
from app.database.transactions import transact
from app.demo.records import HARBOR, LUMIERE, PARK
from app.domain.errors import ForbiddenError, UnauthorizedError
from app.identity.api_keys.keys import Scope, Staff, create_key, find_staff

NAME = "Demo software"
PRACTICES = {HARBOR: "Harbor Wellness", PARK: "Praxis am Park", LUMIERE: "Cabinet Lumière"}


@dataclass(frozen=True, slots=True)
class DemoKey:
    """An API key: its text, and the caller that it authenticates."""

    staff: Staff
    text: str


async def demo_keys(engine: AsyncEngine, file: Path, now: datetime) -> list[DemoKey]:
    """Return a key of each practice, Harbor's first.

    A key's text is shown only when it is made. So it is taken from `demo.json`, that one in
    somebody's shell works on after a restart; where none there is good, a new one is made.
    """
    known = _read(file)
    return [
        await _find(engine, practice_id, known) or await _make(engine, practice_id, now)
        for practice_id in PRACTICES
    ]


def _read(file: Path) -> list[str]:
    """Read the keys of the last start; none if the file is missing or damaged."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return [str(entry["key"]) for entry in json.loads(file.read_text())["api_keys"]]
    return []


async def _find(engine: AsyncEngine, practice_id: UUID, known: list[str]) -> DemoKey | None:
    for text in known:
        with suppress(UnauthorizedError, ForbiddenError):
            staff = await find_staff(engine, text, Scope.ADMIN, origin=None)
            if staff.practice_id == practice_id:
                return DemoKey(staff, text)
    return None


async def _make(engine: AsyncEngine, practice_id: UUID, now: datetime) -> DemoKey:
    command = partial(
        create_key,
        practice_id=practice_id,
        name=NAME,
        scope=Scope.ADMIN,
        actor=OPERATOR,
        now=now,
    )
    made, text = await transact(engine, command)
    return DemoKey(Staff(practice_id, made.id, made.name, made.scope), text)
