"""`/v1/practice/groups`: staff create, list and read groups."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.directory.fields import RefInPath
from app.groups.commands.create import create_group
from app.groups.presenter import (
    group_answer,
    present_groups,
    show_group,
)
from app.groups.queries import list_groups, read_group, read_group_by_ref
from app.groups.schemas import CreateGroup, GroupCommandAnswer, GroupPage, GroupQuery, GroupView
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/groups", tags=["Practice: groups"])


@router.post(
    "",
    status_code=201,
    summary="Create a group",
    response_model=GroupCommandAnswer,
    responses=responses("slot-unavailable", *WRITING_BY_STAFF),
)
async def create_practice_group(
    body: CreateGroup, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Create a class or a workshop, at a time that is free as for a booking.

    The group takes its practitioner's time at once, also while all its seats are free. `force` also
    permits times outside working hours, in time off and in imported busy times, but never a time
    that overlaps another session or group. Duration and buffers are the service's current ones.

    Book a seat with `POST /v1/practice/sessions` and the `group_id`.
    """
    new = body.group(body.external_ref)
    return await write(
        lambda db: create_group(db, staff, new, force=body.force, now=now),
        lambda outcome: group_answer(outcome, status=201),
    )


@router.get(
    "",
    summary="List the practice's groups",
    response_model=GroupPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_groups(
    query: Annotated[GroupQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List groups by their start, in pages. Several filters are combined with AND.

    Follow `next_cursor` until it is null, with the same filters.
    """
    asked = PageRequest(cursors, query, TimePosition, "groups", staff.practice_id, query.order)
    found = await list_groups(
        db, staff.practice_id, asked.part, latest_first=query.order == "latest"
    )
    page = asked.paginate(found, lambda last: TimePosition(last.starts_at, last.id))
    zone = None if query.time_zone is None else ZoneInfo(query.time_zone)
    return json_answer(present_groups(page, zone))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a group by your own id",
    response_model=GroupView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_group_by_ref(
    external_ref: RefInPath, staff: StaffReader, db: Reading
) -> Response:
    """Show the group that was created with this `external_ref`."""
    return show_group(await read_group_by_ref(db, staff.practice_id, external_ref))


@router.get(
    "/{group_id}",
    summary="Show a group",
    response_model=GroupView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_group(group_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a group with its seats, taken and free.

    Its sessions: `GET /v1/practice/sessions?group=…`.
    """
    return show_group(await read_group(db, staff.practice_id, group_id))
