"""Presents webhook endpoints."""

from typing import Any

from app.web.idempotency import StoredAnswer
from app.web.responses import answered, created
from app.webhooks.commands import WriteResult
from app.webhooks.queries import EndpointRecord
from app.webhooks.schemas import EndpointView, EndpointWithSecret


def present(record: EndpointRecord) -> EndpointView:
    """Present an endpoint, without its secret."""
    return EndpointView.model_construct(**_fields(record))


def present_result(written: WriteResult) -> StoredAnswer:
    """Present the endpoint after a command."""
    return answered(present(written.record))


def present_with_secret(written: WriteResult) -> StoredAnswer:
    """Present the endpoint with its secret if the command generated one; 201 if it is new."""
    view = EndpointWithSecret.model_construct(**_fields(written.record), secret=written.secret)
    return created(view) if written.is_new else answered(view)


def _fields(record: EndpointRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in EndpointView.model_fields}
