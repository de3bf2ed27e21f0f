"""Hot statements: compiled once by SQLAlchemy, run directly by the driver.

SQLAlchemy's connection and result objects cost more than such a statement itself, so frequent
statements bypass them (docs/decisions/0015-hot-reads.md).
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import ClauseElement, Select
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.compiler import SQLCompiler

# A read runs on an engine, with a connection for this one statement and no transaction, or on the
# connection of a command, within its transaction.
Source = AsyncEngine | AsyncConnection
Row = Mapping[Any, Any]


class SentStatement(NamedTuple):
    """A statement that is passed to the driver. `many`: `values` is a list of rows, one per run."""

    text: str
    values: Sequence[Any]
    many: bool


Watch = Callable[[SentStatement], AbstractContextManager[object]]

_DIALECT = dialect(dbapi=dialect.import_dbapi())  # type: ignore[no-untyped-call] # SQLAlchemy's
_watches: WeakKeyDictionary[AsyncEngine, list[Watch]] = WeakKeyDictionary()


def watch_driver(engine: AsyncEngine, watch: Watch) -> Callable[[], None]:
    """Enter `watch(sent)` around each statement that bypasses SQLAlchemy and its events.

    Calling the returned function ends the watch.
    """
    watches = _watches.setdefault(engine, [])
    watches.append(watch)
    return partial(watches.remove, watch)


class CompiledStatement:
    """A compiled statement: its text, and the order and types of its parameters.

    `names` are the names of the values that every run must pass, exactly.
    """

    def __init__(self, statement: ClauseElement, columns: Sequence[str] | None = None) -> None:
        compiled = statement.compile(dialect=_DIALECT, column_keys=columns)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - all but DDL
        order = compiled.positiontup or ()
        types = [compiled.binds[name].type.dialect_impl(_DIALECT) for name in order]
        processors = [type_.bind_processor(_DIALECT) for type_ in types]
        self.text = str(compiled)
        # `IN` with a list is written out only by SQLAlchemy's own connection.
        assert "POSTCOMPILE" not in self.text, self.text  # noqa: S101 - a programming error
        self.names = frozenset(name for name in order if compiled.binds[name].required)
        self._fixed = [compiled.params[name] for name in order]
        self._given = [
            (position, name) for position, name in enumerate(order) if name in self.names
        ]
        self._processors = [
            (position, process)
            for position, process in enumerate(processors)
            if process is not None
        ]

    def arguments(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Order and convert values for the driver.

        Raises:
            TypeError: a value is missing, or the statement has no parameter of that name.
        """
        if values.keys() != self.names:
            raise TypeError(_mismatch(values.keys(), self.names))
        arguments = self._fixed.copy()
        for position, name in self._given:
            arguments[position] = values[name]
        for position, process in self._processors:
            arguments[position] = process(arguments[position])
        return tuple(arguments)


def _mismatch(given: AbstractSet[str], names: AbstractSet[str]) -> str:
    """Write which values are missing, and which have no parameter."""
    parts = [("lacks", names - given), ("takes no", given - names)]
    return "the statement " + " and ".join(
        f"{verb} {', '.join(sorted(wrong))}" for verb, wrong in parts if wrong
    )


class Read(CompiledStatement):
    """A SELECT."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        super().__init__(statement)

    async def rows(self, db: Source, values: Mapping[str, object]) -> Sequence[Row]:
        """Run it and return its rows. JSON values are decoded, unless the statement casts them."""
        arguments = self.arguments(values)
        if isinstance(db, AsyncConnection):
            return await send(db, self.text, arguments)
        try:
            held = await db.raw_connection()
        except db.dialect.loaded_dbapi.Error as error:
            # SQLAlchemy wraps errors of opening a connection: raise the driver's own.
            raise error.__cause__ or error from None
        try:
            return await _fetch(db, held.driver_connection, self.text, arguments)
        finally:
            held.close()

    async def rows_for_each(
        self, db: AsyncConnection, values: Sequence[Mapping[str, object]]
    ) -> Sequence[Row]:
        """Run it once for each of `values` and return the rows of all runs, in this order."""
        return await send_for_each(db, self.text, [self.arguments(one) for one in values])

    async def one(self, db: Source, values: Mapping[str, object]) -> Row | None:
        """Run it and return its first row; None if there is none."""
        rows = await self.rows(db, values)
        return rows[0] if rows else None


async def send(db: AsyncConnection, text: str, arguments: tuple[object, ...]) -> Sequence[Row]:
    """Run a statement within the transaction and return its rows."""
    driver = driver_in_transaction(db)
    if driver is None:
        result = await db.exec_driver_sql(text, arguments)
        return result.mappings().all() if result.returns_rows else ()
    return await _fetch(db.engine, driver, text, arguments)


async def send_for_each(
    db: AsyncConnection, text: str, rows: Sequence[tuple[object, ...]]
) -> Sequence[Row]:
    """Run a statement within the transaction once for each row of values; return all their rows.

    The driver sends all of them before it waits for the first result: they take one round trip.
    """
    if not rows:
        return ()
    driver = driver_in_transaction(db)
    if driver is None or len(rows) == 1:
        # The first statement of a transaction begins it; then the others can go together.
        first = await send(db, text, rows[0])
        return [*first, *await send_for_each(db, text, rows[1:])]
    with _watched(db.engine, SentStatement(text, rows, many=True)):
        found: Sequence[Row] = await driver.fetchmany(text, rows)
    return found


def driver_in_transaction(db: AsyncConnection) -> Any:  # noqa: ANN401 - asyncpg's, which has no types
    """Return the driver's connection if the transaction has begun, else None.

    SQLAlchemy sends BEGIN before its own first statement, so the first statement of a transaction
    must not bypass it.
    """
    assert db.sync_connection is not None  # noqa: S101 - it is open
    driver: Any = db.sync_connection.connection.driver_connection
    return driver if driver.is_in_transaction() else None


async def _fetch(
    engine: AsyncEngine,
    driver: Any,  # noqa: ANN401
    text: str,
    arguments: tuple[object, ...],
) -> Sequence[Row]:
    with _watched(engine, SentStatement(text, arguments, many=False)):
        rows: Sequence[Row] = await driver.fetch(text, *arguments)
    return rows


def _watched(engine: AsyncEngine, sent: SentStatement) -> ExitStack:
    watched = ExitStack()
    for watch in _watches.get(engine, ()):
        watched.enter_context(watch(sent))
    return watched
