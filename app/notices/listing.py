"""Pages of notices, and how a notice is shown."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.cursors import Cursors
from app.notices.queries import NoticeRecord, list_notices
from app.notices.schemas import NoticePage, NoticeQuery, NoticeView
from app.signing import TokenSigner


async def read_page(
    db: AsyncConnection, practice_id: UUID, query: NoticeQuery, signer: TokenSigner
) -> NoticePage:
    """Read a page of the practice's notices.

    Raises:
        InvalidInputError: the cursor is not one of this list with these filters.
    """
    filters = query.model_dump(exclude={"limit", "cursor"})
    cursor = Cursors(signer, "notices", practice_id, filters)
    # One more than is shown tells whether there is a next page.
    found = await list_notices(
        db,
        practice_id,
        query.equal(),
        first=query.first,
        last=query.last,
        after=cursor.read_place(query.cursor),
        limit=query.limit + 1,
    )
    shown, following = found[: query.limit], None
    if len(found) > len(shown):
        last = shown[-1]
        following = cursor.write_place(last.send_at, last.id)
    return NoticePage(items=[present(record) for record in shown], next_cursor=following)


def present(record: NoticeRecord) -> NoticeView:
    """Show a notice."""
    fields = {name: getattr(record, name) for name in NoticeView.model_fields}
    return NoticeView.model_construct(**fields)
