"""Pages of a practice's records, with signed cursors that are good for one list only."""

import hashlib
import json
from base64 import b85decode, b85encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.domain.errors import InvalidInputError
from app.practices.records import Position, Record, Records
from app.signing import BadTokenError, TokenSigner


class RecordQuery(BaseModel):
    """Which records, and which page of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    active: Annotated[
        bool | None, Field(description="Only those that are active, or are not. By default both.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=100, description="Records on a page.")] = 20
    cursor: Annotated[
        str | None, Field(max_length=1024, description="`next_cursor` of the page before.")
    ] = None

    def filters(self) -> Mapping[str, Any]:
        """Give the filters that were asked for."""
        return self.model_dump(exclude={"limit", "cursor"}, exclude_none=True)


class RecordCursor:
    """Writes and reads the cursors of one list: of one practice, one kind and the same filters."""

    def __init__(
        self, signer: TokenSigner, practice_id: UUID, kind: str, filters: Mapping[str, Any]
    ) -> None:
        self._signer = signer
        of = json.dumps([practice_id.hex, kind, filters], sort_keys=True, default=str)
        self._of = hashlib.sha256(of.encode()).hexdigest()[:32]

    def write(self, position: Position) -> str:
        """Make the cursor that goes on at `position`."""
        # JSON would need up to twelve characters for one of a name.
        name = b85encode(position.name.encode()).decode()
        return self._signer.sign([self._of, name, position.record_id.hex])

    def read(self, cursor: str | None) -> Position | None:
        """Read a cursor that came back.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        if cursor is None:
            return None
        try:
            of, *position = self._signer.read(cursor)
        except BadTokenError:
            of = None
        if of != self._of:
            raise InvalidInputError("/cursor", "is not a cursor of this list", where="query")
        name, record_id = position
        return Position(b85decode(name).decode(), UUID(record_id))


async def read_page(
    db: AsyncConnection, staff: Staff, records: Records, query: RecordQuery, signer: TokenSigner
) -> tuple[Sequence[Record], str | None]:
    """Read a page of the practice's records by name, and the cursor of the next one if there is.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    filters = query.filters()
    cursor = RecordCursor(signer, staff.practice_id, records.subject, filters)
    after = cursor.read(query.cursor)
    # One more than is shown tells whether there is a next page.
    found = await records.list(db, staff.practice_id, filters, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    if len(found) == len(page):
        return page, None
    return page, cursor.write(Position(page[-1]["name"], page[-1]["id"]))
