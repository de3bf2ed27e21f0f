"""Reading hot pages: a statement whose text is made once, run by the driver itself.

SQLAlchemy still builds the statement; its connection and its result objects cost more than the
statement does, and a page that is read often needs neither (docs/performance.md).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# What a read is run on: an engine, whose connection it holds for this one statement, outside of any
# transaction; or the connection of a command, within its transaction.
Source = AsyncEngine | AsyncConnection
Row = Mapping[Any, Any]
Watch = Callable[[str], AbstractContextManager[object]]

_DIALECT = dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's
_watches: WeakKeyDictionary[AsyncEngine, list[Watch]] = WeakKeyDictionary()


def watch_reads(engine: AsyncEngine, watch: Watch) -> None:
    """Enter `watch(text)` around each read on the engine: SQLAlchemy's events do not tell of it."""
    _watches.setdefault(engine, []).append(watch)


class Read:
    """A SELECT with its text and the order of its parameters."""

    def __init__(self, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.text = str(compiled)
        self._parameters = [(name, compiled.params[name]) for name in compiled.positiontup or ()]

    async def rows(self, db: Source, values: Mapping[str, object]) -> Sequence[Row]:
        """Run it with these values, and give its rows. JSON comes as text."""
        arguments = tuple(values.get(name, fixed) for name, fixed in self._parameters)
        if isinstance(db, AsyncConnection):
            # Never past SQLAlchemy: it sends BEGIN with its own first statement.
            return (await db.exec_driver_sql(self.text, arguments)).mappings().all()
        held = await db.raw_connection()
        try:
            driver: Any = held.driver_connection
            with ExitStack() as watched:
                for watch in _watches.get(db, ()):
                    watched.enter_context(watch(self.text))
                rows: Sequence[Row] = await driver.fetch(self.text, *arguments)
            return rows
        finally:
            held.close()
