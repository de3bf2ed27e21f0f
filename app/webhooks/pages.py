"""Pages of webhook endpoints, and how an endpoint is shown."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.context import answered, created
from app.cursors import Cursors
from app.database.idempotency import StoredAnswer
from app.signing import TokenSigner
from app.webhooks.commands import Written
from app.webhooks.queries import EndpointRecord, list_endpoints
from app.webhooks.schemas import EndpointPage, EndpointQuery, EndpointView, EndpointWithSecret


async def read_page(
    db: AsyncConnection, practice_id: UUID, query: EndpointQuery, signer: TokenSigner
) -> EndpointPage:
    """Read a page of the practice's endpoints.

    Raises:
        InvalidInputError: the cursor is not one of this list.
    """
    cursor = Cursors(signer, "webhook_endpoints", practice_id, query.active)
    # One more than is shown tells whether there is a next page.
    found = await list_endpoints(
        db,
        practice_id,
        active=query.active,
        after=_position(cursor.read(query.cursor)),
        limit=query.limit + 1,
    )
    shown = found[: query.limit]
    following = cursor.write(shown[-1].id.hex) if len(found) > len(shown) else None
    return EndpointPage(items=[present(record) for record in shown], next_cursor=following)


def present(record: EndpointRecord) -> EndpointView:
    """Show an endpoint."""
    return EndpointView.model_construct(**_fields(record))


def shown(written: Written) -> StoredAnswer:
    """Answer with the endpoint as it is now."""
    return answered(present(written.record))


def shown_with_secret(written: Written) -> StoredAnswer:
    """Answer with the endpoint and its secret, if it was made just now: 201 where it is new."""
    view = EndpointWithSecret.model_construct(**_fields(written.record), secret=written.secret)
    return created(view) if written.is_new else answered(view)


def _fields(record: EndpointRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in EndpointView.model_fields}


def _position(parts: list[str] | None) -> UUID | None:
    return None if parts is None else UUID(parts[0])
