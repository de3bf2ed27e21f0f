"""Presents what was erased, and what is held of a client."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.erasure.records import ClientData, ErasedClient
from app.erasure.schemas import ClientExport, ErasedView


def present_erased(erased: ErasedClient) -> ErasedView:
    """Present what erasing a client has done."""
    return ErasedView(
        client_id=erased.client_id,
        erased_at=erased.erased_at.astimezone(UTC),
        sessions_cancelled=erased.sessions_cancelled,
        fees_waived=erased.fees_waived,
        command_id=erased.command_id,
    )


def present_data(data: ClientData) -> ClientExport:
    """Present everything held of a client, with times in UTC."""
    rows = {name: [_plain(row) for row in part] for name, part in data.parts.items()}
    return ClientExport(
        exported_at=data.exported_at.astimezone(UTC), client=_plain(data.client), **rows
    )


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "practice_id"
    }
