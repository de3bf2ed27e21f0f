"""`/v1/practice/practitioners`: who gives sessions."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.context import (
    CursorSigner,
    Now,
    Reading,
    StaffReader,
    StaffWriter,
    StaffWriting,
    answered,
    created,
    json_answer,
)
from app.inputs import RecordId
from app.practices.endpoints import (
    CHANGE_PROBLEMS,
    CREATE_PROBLEMS,
    GET_PROBLEMS,
    LIST_PROBLEMS,
    push_answers,
    pushed,
)
from app.practices.fields import RefInPath
from app.practices.pages import RecordQuery, read_page
from app.practices.practitioners.records import PRACTITIONERS
from app.practices.practitioners.schemas import (
    ChangePractitioner,
    NewPractitioner,
    PractitionerRecord,
    PractitionerRecordPage,
    PutPractitioner,
)

router = APIRouter(prefix="/v1/practice/practitioners", tags=["Practice: records"])


@router.get(
    "",
    summary="List practitioners",
    response_model=PractitionerRecordPage,
    responses=LIST_PROBLEMS,
)
async def list_practitioners(
    query: Annotated[RecordQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the practice's practitioners by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """
    found, following = await read_page(db, staff, PRACTITIONERS, query, cursors)
    items = [PractitionerRecord(**record) for record in found]
    return json_answer(PractitionerRecordPage(items=items, next_cursor=following))


@router.get(
    "/{practitioner_id}",
    summary="Show a practitioner",
    response_model=PractitionerRecord,
    responses=GET_PROBLEMS,
)
async def get_practitioner(practitioner_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a practitioner of the practice, active or not."""
    record = await PRACTITIONERS.find(db, staff.practice_id, practitioner_id)
    return json_answer(PractitionerRecord(**record))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a practitioner by your own id",
    response_model=PractitionerRecord,
    responses=GET_PROBLEMS,
)
async def get_practitioner_by_ref(
    external_ref: RefInPath, staff: StaffReader, db: Reading
) -> Response:
    """Show the practitioner whose `external_ref` this is."""
    record = await PRACTITIONERS.find_by_ref(db, staff.practice_id, external_ref)
    return json_answer(PractitionerRecord(**record))


@router.post(
    "",
    summary="Make a practitioner",
    status_code=201,
    response_model=PractitionerRecord,
    responses=CREATE_PROBLEMS,
)
async def create_practitioner(
    body: NewPractitioner, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Make a practitioner. Working hours are given to him afterwards: before, he has no slots."""
    command = partial(PRACTITIONERS.create, staff=staff, values=body.values(), now=now)
    return await write(command, lambda record: created(PractitionerRecord(**record)))


@router.patch(
    "/{practitioner_id}",
    summary="Change a practitioner",
    response_model=PractitionerRecord,
    responses=CHANGE_PROBLEMS,
)
async def update_practitioner(
    practitioner_id: RecordId,
    body: ChangePractitioner,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change what is named of a practitioner, and leave the rest as it is.

    `active: false` takes all his slots off offer, and he cannot be booked any more; `true` brings
    them back. Sessions that are booked stay as they are, always: also where a new `time_zone`
    puts his working hours elsewhere, or a new limit is below what is booked already. They can
    still be cancelled; their clients find no slot to move them to.
    """
    command = partial(
        PRACTITIONERS.change, staff=staff, record_id=practitioner_id, values=body.values(), now=now
    )
    return await write(command, lambda record: answered(PractitionerRecord(**record)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a practitioner by your own id",
    response_model=PractitionerRecord,
    responses=push_answers(PractitionerRecord),
)
async def put_practitioner_by_ref(
    external_ref: RefInPath,
    body: PutPractitioner,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the whole practitioner under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. What may be empty
    and is left out is cleared, but `active` stays as it is where it is left out.
    """
    command = partial(
        PRACTITIONERS.push, staff=staff, ref=external_ref, values=body.values(), now=now
    )
    return await write(
        command, lambda push: pushed(PractitionerRecord(**push.record), is_new=push.is_new)
    )
