"""Pages of a practice's records, with signed cursors that are good for one list only."""

from base64 import b85decode, b85encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.cursors import Cursors
from app.inputs import NextCursor, PageLimit, no_nul
from app.practices.fields import MAX_NAME
from app.practices.names import has_letters
from app.practices.records import Position, Record, Records
from app.signing import TokenSigner


class RecordQuery(BaseModel):
    """Which records, and which page of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    active: Annotated[
        bool | None, Field(description="Only those that are active, or are not. By default both.")
    ] = None
    name: Annotated[
        str | None,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME),
        Field(
            description="Only those with this in their name, in whatever capitals and with or "
            "without accents: `dord` finds Đorđević. No character stands for others."
        ),
        AfterValidator(no_nul),
        AfterValidator(has_letters),
    ] = None
    limit: PageLimit = 20
    cursor: NextCursor = None

    def filters(self) -> Mapping[str, Any]:
        """Give the filters that were asked for."""
        return self.model_dump(exclude={"limit", "cursor"}, exclude_none=True)


async def read_page(
    db: AsyncConnection, staff: Staff, records: Records, query: RecordQuery, signer: TokenSigner
) -> tuple[Sequence[Record], str | None]:
    """Read a page of the practice's records by name, and the cursor of the next one if there is.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    filters = query.filters()
    cursor = Cursors(signer, records.subject, staff.practice_id, filters)
    after = _position(cursor.read(query.cursor))
    # One more than is shown tells whether there is a next page.
    found = await records.list(db, staff.practice_id, filters, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    if len(found) == len(page):
        return page, None
    # JSON would need up to twelve characters for one of a name.
    name = b85encode(page[-1]["name"].encode()).decode()
    return page, cursor.write(name, page[-1]["id"].hex)


def _position(parts: list[str] | None) -> Position | None:
    return None if parts is None else Position(b85decode(parts[0]).decode(), UUID(parts[1]))
