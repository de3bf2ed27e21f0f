"""Present what a client has used of their allowance."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

from app.allowance.records import Adjusted, SessionAllowance, UseRecord
from app.allowance.schemas import (
    AdjustAnswer,
    AllowanceUseView,
    ClientAllowance,
    SessionAllowanceView,
)
from app.sessions.client_api.allowance_presenter import present_instant
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page


def present_client_allowance(
    client_id: UUID, sessions: Sequence[SessionAllowance], uses: Page[UseRecord]
) -> ClientAllowance:
    """Present what is left for sessions to come, and a page of uses."""
    return ClientAllowance(
        client_id=client_id,
        sessions=[_session(one) for one in sessions],
        items=[_use(one) for one in uses.rows],
        next_cursor=uses.next_cursor,
    )


def adjust_answer(client_id: UUID, adjusted: Adjusted) -> StoredAnswer:
    """Make the response to an adjustment."""
    shown = AdjustAnswer(
        client_id=client_id,
        sessions=[_session(one) for one in adjusted.sessions],
        use=_use(adjusted.use),
        command_id=adjusted.command_id,
    )
    return StoredAnswer(200, None, as_json(shown))


def _session(one: SessionAllowance) -> SessionAllowanceView:
    return {
        "session_id": one.session_id,
        "starts_at": one.starts_at.astimezone(one.zone),
        "service": {"id": one.service_id, "name": one.service_name},
        "policy_version": one.policy_version,
        "time_zone": one.zone.key,
        "left": one.left.left,
        "of": one.left.of,
        "renews_at": present_instant(one.left.renews_at, one.zone),
    }


def _use(one: UseRecord) -> AllowanceUseView:
    return {
        "id": one.id,
        "used_at": one.used_at.astimezone(UTC),
        "kind": one.kind,
        "session_id": one.session_id,
        "given_back_at": None if one.given_back_at is None else one.given_back_at.astimezone(UTC),
        "given_back_by": one.given_back_by,
    }
