"""Records the statements of a command, so that a bare handler can run them for other sessions.

The values of the recorded session are found and replaced: its ids, the idempotency key, ids that
the command generated, and times near its start, which are stored as distances from it.
"""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from httpx import Response
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.statements import SentStatement, watch_driver

NEAR = timedelta(days=2)
RANDOM = 4  # the version number of a random UUID


@dataclass(frozen=True, slots=True)
class Target:
    """The ids and the key of a command; times are stored as distances from `base`, a start."""

    session_id: UUID
    client_id: UUID
    practitioner_id: UUID
    key: str
    base: datetime

    def fields(self) -> dict[str, object]:
        """Return all values by name."""
        return asdict(self)

    def names(self) -> dict[str, str]:
        """Return the values that can occur within texts."""
        return {
            "session_id": str(self.session_id),
            "client_id": str(self.client_id),
            "practitioner_id": str(self.practitioner_id),
            "key": self.key,
        }


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement's text and parameters; with `many`, a row of parameters for each execution."""

    text: str
    parameters: Any
    many: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """What a command sent between BEGIN and COMMIT for `target`, and its response.

    `made_up` are the ids that the command generated: random UUIDs that occur first in its writes.
    """

    target: Target
    statements: list[Statement]
    made_up: list[UUID]
    body: bytes

    def for_other(self, other: Target) -> list[Statement]:
        """Return the statements for another session."""
        replace = _Replacement(self.target, other, self.made_up)
        return [
            Statement(statement.text, replace(statement.parameters), statement.many)
            for statement in self.statements
        ]


class _Replacement:
    """Replaces the recorded values with another session's, also within texts and lists."""

    def __init__(self, recorded: Target, other: Target, made_up: list[UUID]) -> None:
        fresh = {id_: uuid4() for id_ in made_up}
        self._values = fresh | {
            recorded.session_id: other.session_id,
            recorded.client_id: other.client_id,
            recorded.practitioner_id: other.practitioner_id,
        }
        theirs = other.names()
        self._texts = [(text, theirs[name]) for name, text in recorded.names().items()]
        self._texts += [(str(old), str(new)) for old, new in fresh.items()]
        self._from, self._to = recorded.base, other.base

    def __call__(self, value: Any) -> Any:  # noqa: PLR0911 - whatever a parameter is
        match value:
            case UUID():
                return self._values.get(value, value)
            case str():
                return self._text(value)
            case bytes():
                return self._text(value.decode("latin-1")).encode("latin-1")
            case datetime() if abs(value - self._from) < NEAR:
                return self._to + (value - self._from)
            case list() | tuple():
                return [self(part) for part in value]
            case asyncpg.Range():
                return asyncpg.Range(self(value.lower), self(value.upper))
            case _:
                return value

    def _text(self, value: str) -> str:
        for old, new in self._texts:
            value = value.replace(old, new)
        return value


def _flat(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]


def _made_up(statements: list[Statement]) -> list[UUID]:
    known: set[UUID] = set()
    made: list[UUID] = []
    for statement in statements:
        is_insert = statement.text.lstrip().startswith("INSERT")
        for value in _flat(statement.parameters):
            if isinstance(value, UUID) and value not in known:
                known.add(value)
                if is_insert and value.version == RANDOM:
                    made.append(value)
    return made


async def record(
    engine: AsyncEngine, target: Target, send: Callable[[], Awaitable[Response]]
) -> Recording:
    """Record the statements that the engine sends during a command."""
    statements: list[Statement] = []

    def note(*sent: Any) -> None:
        _, _, text, parameters, _, many = sent
        statements.append(Statement(text, parameters, many))

    def note_driven(sent: SentStatement) -> nullcontext[None]:
        statements.append(Statement(sent.text, sent.values, sent.many))
        return nullcontext()

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    stop = watch_driver(engine, note_driven)
    try:
        answer = await send()
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
        stop()
    assert answer.status_code == HTTPStatus.OK, answer.text
    assert "Idempotency-Replayed" not in answer.headers, (
        "the command only looked up its idempotency key"
    )
    return Recording(target, statements, _made_up(statements), answer.content)
