"""Pages of notices, and how a notice is shown."""

import hashlib
import json
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import InvalidInputError
from app.notices.queries import NoticeRecord, Position, list_notices
from app.notices.schemas import NoticePage, NoticeQuery, NoticeView
from app.signing import BadTokenError, TokenSigner


async def read_page(
    db: AsyncConnection, practice_id: UUID, query: NoticeQuery, signer: TokenSigner
) -> NoticePage:
    """Read a page of the practice's notices.

    Raises:
        InvalidInputError: the cursor is not one of this list with these filters.
    """
    of = _list_of(practice_id, query)
    # One more than is shown tells whether there is a next page.
    found = await list_notices(
        db,
        practice_id,
        query.equal(),
        first=query.first,
        last=query.last,
        after=_read(signer, of, query.cursor),
        limit=query.limit + 1,
    )
    shown, following = found[: query.limit], None
    if len(found) > len(shown):
        last = shown[-1]
        following = signer.sign([of, last.send_at.isoformat(), last.id.hex])
    return NoticePage(items=[present(record) for record in shown], next_cursor=following)


def present(record: NoticeRecord) -> NoticeView:
    """Show a notice."""
    fields = {name: getattr(record, name) for name in NoticeView.model_fields}
    return NoticeView.model_construct(**fields)


def _list_of(practice_id: UUID, query: NoticeQuery) -> str:
    filters = query.model_dump(exclude={"limit", "cursor"}, mode="json")
    text = json.dumps(["notices", practice_id.hex, filters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(signer: TokenSigner, of: str, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        found, *position = signer.read(cursor)
    except BadTokenError:
        found = None
    if found != of:
        raise InvalidInputError("/cursor", "is not a cursor of this list", where="query")
    send_at, notice_id = position
    return Position(datetime.fromisoformat(send_at), UUID(notice_id))
