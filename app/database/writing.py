"""Hot statements that write: see app/database/reading.py, of which this is the other half."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.reading import Built, Row, send, send_many


class Write(Built):
    """An INSERT, UPDATE or DELETE. An INSERT names all columns of its table.

    `columns` are those that an UPDATE sets to values of the same names, beside what it says itself.
    """

    def __init__(self, statement: Insert | Update | Delete, *columns: str) -> None:
        super().__init__(statement, columns or None)

    def arguments(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Put values into the statement's order; one that it has no place for would be lost.

        Raises:
            TypeError: there is such a one, a misspelt column for instance.
        """
        if unknown := values.keys() - self.names:
            raise TypeError(f"the statement takes no {', '.join(sorted(unknown))}")
        return super().arguments(values)

    async def run(self, db: AsyncConnection, values: Mapping[str, object]) -> Sequence[Row]:
        """Run it with these values in the transaction, and give what it returns."""
        return await send(db, self.text, self.arguments(values))

    async def run_for_each(self, db: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
        """Run it once for each row of values."""
        await send_many(db, self.text, [self.arguments(row) for row in rows])
