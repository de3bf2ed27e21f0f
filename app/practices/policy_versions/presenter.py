"""Showing policy versions, and the cursors of their lists."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from app.cursors import Cursors
from app.practices.policy_versions.records import Place, PolicyVersionRecord, Resolution
from app.practices.policy_versions.schemas import (
    PolicyVersionPage,
    PolicyVersionView,
    ResolvedPolicy,
)
from app.texts.catalogue import Texts


def present_policy(record: PolicyVersionRecord) -> PolicyVersionView:
    """Show one version."""
    return PolicyVersionView(
        id=record.id,
        level=record.level,
        service_id=record.service_id,
        practitioner_id=record.practitioner_id,
        version=record.number,
        text=record.text,
        rules=record.rules,
        created_at=record.created_at.astimezone(UTC),
    )


def present_policies(
    records: Sequence[PolicyVersionRecord], limit: int, cursor: Cursors
) -> PolicyVersionPage:
    """Show the first `limit`; one more than that means that there is a next page."""
    shown, following = records[:limit], None
    if len(records) > limit:
        last = shown[-1]
        following = cursor.write(last.created_at.isoformat(), last.number, last.id.hex)
    return PolicyVersionPage(
        items=[present_policy(record) for record in shown], next_cursor=following
    )


def read_place(cursor: Cursors, text: str | None) -> Place | None:
    """Read where a list goes on.

    Raises:
        InvalidInputError: it is not a cursor of this list.
    """
    position = cursor.read(text)
    if position is None:
        return None
    created_at, number, policy_id = position
    return Place(datetime.fromisoformat(created_at), number, UUID(policy_id))


def present_resolution(found: Resolution, texts: Texts) -> ResolvedPolicy:
    """Show which version applies, and why, in the reader's language."""
    version = found.applies
    return ResolvedPolicy(
        policy=None if version is None else present_policy(version),
        level="none" if version is None else version.level.value,
        reason=" ".join(texts.explain(reason) for reason in found.reasons),
    )
