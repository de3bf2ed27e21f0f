"""Hot statements that write. Those that read: app/database/statements.py."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Delete, Insert, Update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import CompiledStatement, Row, send, send_for_each


class Write(CompiledStatement):
    """An INSERT, UPDATE or DELETE.

    `columns` are set to the values of the same names, in addition to the columns that the statement
    sets itself. An INSERT without `columns` sets all columns of its table.
    """

    def __init__(self, statement: Insert | Update | Delete, *columns: str) -> None:
        super().__init__(statement, columns or None)

    async def run(self, db: AsyncConnection, values: Mapping[str, object]) -> Sequence[Row]:
        """Run it in the transaction and return the rows of its RETURNING clause."""
        return await send(db, self.text, self.arguments(values))

    async def run_for_each(
        self, db: AsyncConnection, rows: Sequence[Mapping[str, object]]
    ) -> Sequence[Row]:
        """Run it once for each row of values and return what all of them return, in this order."""
        return await send_for_each(db, self.text, [self.arguments(row) for row in rows])
