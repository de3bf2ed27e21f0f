"""Hot statements that write: see app/database/statements.py, of which this is the other half."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import CompiledStatement, Row, send, send_many


class Write(CompiledStatement):
    """An INSERT, UPDATE or DELETE.

    `columns` are set to values of the same names, beside what the statement says itself. An INSERT
    for which none are named sets all columns of its table.
    """

    def __init__(self, statement: Insert | Update | Delete, *columns: str) -> None:
        super().__init__(statement, columns or None)

    async def run(self, db: AsyncConnection, values: Mapping[str, object]) -> Sequence[Row]:
        """Run it with these values in the transaction, and give what it returns."""
        return await send(db, self.text, self.arguments(values))

    async def run_for_each(self, db: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
        """Run it once for each row of values."""
        await send_many(db, self.text, [self.arguments(row) for row in rows])
