"""`/v1/practice/groups/{group_id}/…`: commands of staff on an existing group."""

from fastapi import APIRouter, Response

from app.directory.fields import RefInPath
from app.groups.commands.cancel import cancel_group
from app.groups.commands.change import change_group
from app.groups.commands.move import move_group
from app.groups.commands.push import GroupPush, push_group
from app.groups.presenter import group_answer
from app.groups.schemas import CancelGroup, ChangeGroup, GroupCommandAnswer, MoveGroup, PutGroup
from app.identity.staff_dependencies import StaffWriter, StaffWriting
from app.sessions.commands.orders import ChangeReason
from app.web.app_settings import AppSettings
from app.web.dependencies import Now
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.request_headers import IfMatch
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/groups", tags=["Practice: groups"])


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a group by your own id",
    response_model=GroupCommandAnswer,
    responses={
        201: {
            "model": GroupCommandAnswer,
            "description": "A new group was created with this `external_ref`.",
        },
        **responses(
            "slot-unavailable",
            "seats-conflict",
            "client-erased",
            "group-cancelled",
            "version-mismatch",
            *WRITING_BY_STAFF,
        ),
    },
)
async def put_practice_group_by_ref(
    external_ref: RefInPath,
    body: PutGroup,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch = None,
) -> Response:
    """Write a group under your own id: 201 if this request creates it, 200 if it exists already.

    You can push a group any number of times; the same values change nothing. A new start, duration,
    format or location moves the group with all its seats, like `POST …/move`. An absent location or
    duration stays unchanged; an absent minimum is none. Service and practitioner cannot change.
    """
    push = GroupPush(
        body.group(external_ref),
        external_ref,
        force=body.force,
        leave_behind=body.leave_behind,
        if_match=if_match,
    )
    return await write(
        lambda db: push_group(db, staff, push, now=now, credit_grace=settings.credit_grace),
        lambda pushed: group_answer(pushed.outcome, status=201 if pushed.is_new else 200),
    )


@router.patch(
    "/{group_id}",
    summary="Change the seats of a group",
    response_model=GroupCommandAnswer,
    responses=responses("group-cancelled", "version-mismatch", *WRITING_BY_STAFF, "not-found"),
)
async def update_practice_group(
    group_id: RecordId,
    body: ChangeGroup,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch = None,
) -> Response:
    """Change how many seats a group has, and its minimum. Nobody is told by email.

    There are never fewer seats than are taken. A null for `min_seats` removes the minimum.
    """
    changed = body.values()
    return await write(
        lambda db: change_group(db, staff, group_id, changed, if_match=if_match, now=now),
        group_answer,
    )


@router.post(
    "/{group_id}/cancel",
    summary="Cancel a group",
    response_model=GroupCommandAnswer,
    responses=responses("version-mismatch", *WRITING_BY_STAFF, "not-found"),
)
async def cancel_practice_group(
    group_id: RecordId,
    body: CancelGroup,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch = None,
) -> Response:
    """Cancel a group with all its booked seats: its time is free at once.

    No seat has a fee, and each package credit is returned. Each client gets one email, the
    practitioner gets one about the group, and there is one `session.cancelled` for each seat and
    one `group.cancelled`. Seats that are marked as fulfilled or missed stay. Cancelling a cancelled
    group does nothing.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    return await write(
        lambda db: cancel_group(
            db,
            staff,
            group_id,
            reason=reason,
            if_match=if_match,
            now=now,
            credit_grace=settings.credit_grace,
        ),
        group_answer,
    )


@router.post(
    "/{group_id}/move",
    summary="Move a group",
    response_model=GroupCommandAnswer,
    responses=responses(
        "slot-unavailable",
        "seats-conflict",
        "client-erased",
        "group-cancelled",
        "no-change",
        "version-mismatch",
        *WRITING_BY_STAFF,
        "not-found",
    ),
)
async def reschedule_practice_group(
    group_id: RecordId,
    body: MoveGroup,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch = None,
) -> Response:
    """Move a group with all its booked seats to a time that is free as for a booking.

    Each seat keeps its id, its link and its calendar entry. The move has no fee and does not count
    towards a client's limit. Each client gets one email, and the practitioner one about the group.

    If clients have other sessions at the new time, nothing moves: `seats-conflict` names the seats
    and those sessions. With `leave_behind` the group moves without them: their seats are cancelled
    free of charge, and their credits are returned.
    """
    move = body.move()
    return await write(
        lambda db: move_group(
            db,
            staff,
            group_id,
            move,
            if_match=if_match,
            now=now,
            credit_grace=settings.credit_grace,
        ),
        group_answer,
    )
