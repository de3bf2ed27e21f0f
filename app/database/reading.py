"""Reading hot pages: a statement whose text is made once, run by the driver itself.

SQLAlchemy still builds the statement; its connection and its result objects cost more than the
statement does, and a page that is read often needs neither (docs/performance.md).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

# What a read is run on: an engine, whose connection it holds for this one statement, outside of any
# transaction; or the connection of a command, within its transaction.
Source = AsyncEngine | AsyncConnection

_DIALECT = dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's


class Row(asyncpg.Record):
    """A row whose columns are attributes. JSON comes as text."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the column holds
        """Give a column."""
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Read:
    """A SELECT with its text and the order of its parameters."""

    def __init__(self, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        self.text = str(compiled)
        self._parameters = [(name, compiled.params[name]) for name in compiled.positiontup or ()]

    async def rows(self, db: Source, values: Mapping[str, object]) -> Sequence[Any]:
        """Run it with these values, and give its rows."""
        arguments = tuple(values.get(name, fixed) for name, fixed in self._parameters)
        if isinstance(db, AsyncConnection):
            # Never past SQLAlchemy: it sends BEGIN with its own first statement.
            return (await db.exec_driver_sql(self.text, arguments)).all()
        held = await db.raw_connection()
        try:
            driver: Any = held.driver_connection
            rows: Sequence[Row] = await driver.fetch(self.text, *arguments, record_class=Row)
            return rows
        finally:
            held.close()
