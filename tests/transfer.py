"""Shared by the tests of import and export in bulk."""

import json
from typing import Any

from httpx import Response

from app.directory.practice.repository import PracticeRepository
from tests.world import Api, World

IMPORT, EXPORT = "/v1/practice/import", "/v1/practice/export"
NDJSON = "application/x-ndjson"


def written(lines: list[Any]) -> bytes:
    """Write lines. A text stands for itself, also if it is no JSON."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return "".join(f"{text}\n" for text in texts).encode()


def read(answer: Response) -> list[Any]:
    """Read the lines of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == NDJSON
    return [json.loads(line) for line in answer.text.splitlines()]


async def send(staff: Api, body: bytes, **headers: str) -> Response:
    """Send a body to the import."""
    sent = {"Authorization": f"Bearer {staff.token}", "Content-Type": NDJSON} | headers
    return await staff.http.post(IMPORT, content=body, headers=sent)


async def imported(staff: Api, lines: list[Any]) -> list[Any]:
    """Import lines, and give the results."""
    return read(await send(staff, written(lines)))


async def outcomes(staff: Api, lines: list[Any]) -> list[str]:
    """Import lines, and say in a word what became of each; of a failed one its first pointer."""
    return [in_short(result) for result in await imported(staff, lines)]


def in_short(result: Any) -> str:
    """Say in a word what became of a line; of a failed one its first pointer."""
    problem = result["problem"]
    if problem is None:
        return str(result["result"])
    assert result["result"] == "failed"
    errors = problem.get("errors", [{"pointer": ""}])
    return f"{problem['code']} {errors[0]['pointer']}".strip()


async def exported(staff: Api) -> list[Any]:
    """Export the practice, and give the lines."""
    return read(await staff.get(EXPORT))


def of_kind(lines: list[Any], kind: str) -> list[Any]:
    """Choose the lines of a kind."""
    return [line for line in lines if line["kind"] == kind]


async def empty_practice(staff: Api, world: World, currency: str = "USD") -> tuple[World, Api]:
    """Open a practice without any record; give it, and a caller with its admin key."""
    other = World(world.engine, world.settings)
    async with world.engine.begin() as db:
        await PracticeRepository(db, other.practice_id).open_practice(
            name="New Harbor", currency=currency, email="new@harbor.example"
        )
    return other, staff.signed_in(await other.key())
