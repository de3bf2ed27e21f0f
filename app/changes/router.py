"""`GET /v1/practice/changes`: the audit trail."""

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.changes import queries
from app.changes.queries import TrailEntry, TrailFilters, list_trail
from app.changes.schemas import ActorView, TrailEntryView, TrailPage, TrailQuery
from app.context import CursorSigner, Reading, StaffReader, json_answer
from app.cursors import Cursors
from app.domain.session import Format
from app.problems.catalogue import READING_BY_STAFF, responses
from app.sessions.client_api.presenter import Notes, notes_for_staff, present_money
from app.sessions.client_api.schemas import Moment

router = APIRouter(prefix="/v1/practice/changes", tags=["Practice: access"])


@router.get(
    "",
    summary="List what was done, by whom, and why",
    response_model=TrailPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_changes(
    query: Annotated[TrailQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the audit trail, the latest first: everything that somebody could dispute.

    Sessions, fees, credits, records, hours, policies, keys, links and webhooks: each change has who
    did it (a client, the holder of a link, an API key with its name, the operator, the service
    itself), when, from where, what and why. The trail is only ever added to; notes and addresses
    can be erased from it. Filters that are named together all hold. Times are UTC.

    With a `read` key, `code` and `note` of a reason are null: they need `write`.
    """
    filters = TrailFilters(
        subject=query.subject,
        subject_id=query.subject_id,
        kind=query.kind,
        actor=query.actor,
        key_id=query.key,
        session_id=query.session,
        client_id=query.client,
        since=query.since,
        until=query.until,
    )
    cursor = Cursors(cursors, "changes", staff.practice_id, filters)
    found = await list_trail(
        db,
        staff.practice_id,
        filters,
        after=cursor.read_place(query.cursor),
        limit=query.limit + 1,
    )
    return json_answer(_page(found, query.limit, cursor, notes_for_staff(staff.scope)))


def _page(found: list[TrailEntry], limit: int, cursor: Cursors, notes: Notes) -> TrailPage:
    following = None
    if len(found) > limit:
        last = found[limit - 1]
        following = cursor.write_place(last.at, last.id)
    items = [_entry(entry, notes) for entry in found[:limit]]
    return TrailPage(items=items, next_cursor=following)


def _entry(entry: TrailEntry, notes: Notes) -> TrailEntryView:
    has_reason = entry.reason_code is not None or entry.note is not None
    return TrailEntryView(
        id=entry.id,
        at=entry.at.astimezone(UTC),
        subject=entry.subject,
        subject_id=entry.subject_id,
        kind=entry.kind,
        by=ActorView(
            kind=entry.actor, name=entry.actor_name, key_id=entry.key_id, origin=entry.origin
        ),
        session_id=entry.session_id,
        session_version=entry.session_version,
        reason=notes.shown(entry.actor, entry.reason_code, entry.note) if has_reason else None,
        before=_moment(entry.before),
        after=_moment(entry.after),
        fee=present_money(entry.fee),
        credit=entry.credit,
        details=entry.details,
    )


def _moment(moment: queries.Moment | None) -> Moment | None:
    if moment is None:
        return None
    return Moment(
        starts_at=moment.starts_at.astimezone(UTC),
        ends_at=moment.ends_at.astimezone(UTC),
        format=Format(moment.format),
        location_id=moment.location_id,
    )
