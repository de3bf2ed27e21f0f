"""`/v1/practice/locations`: where in-person sessions take place."""

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
from app.practices.locations.records import LOCATIONS
from app.practices.locations.schemas import (
    ChangeLocation,
    LocationRecord,
    LocationRecordPage,
    NewLocation,
    PutLocation,
)
from app.practices.pages import RecordQuery, read_page

router = APIRouter(prefix="/v1/practice/locations", tags=["Practice: records"])


@router.get(
    "",
    summary="List locations",
    response_model=LocationRecordPage,
    responses=LIST_PROBLEMS,
)
async def list_locations(
    query: Annotated[RecordQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the practice's locations by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """
    found, following = await read_page(db, staff, LOCATIONS, query, cursors)
    items = [LocationRecord(**record) for record in found]
    return json_answer(LocationRecordPage(items=items, next_cursor=following))


@router.get(
    "/{location_id}",
    summary="Show a location",
    response_model=LocationRecord,
    responses=GET_PROBLEMS,
)
async def get_location(location_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a location of the practice, active or not."""
    record = await LOCATIONS.find(db, staff.practice_id, location_id)
    return json_answer(LocationRecord(**record))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a location by your own id",
    response_model=LocationRecord,
    responses=GET_PROBLEMS,
)
async def get_location_by_ref(external_ref: RefInPath, staff: StaffReader, db: Reading) -> Response:
    """Show the location whose `external_ref` this is."""
    record = await LOCATIONS.find_by_ref(db, staff.practice_id, external_ref)
    return json_answer(LocationRecord(**record))


@router.post(
    "",
    summary="Make a location",
    status_code=201,
    response_model=LocationRecord,
    responses=CREATE_PROBLEMS,
)
async def create_location(
    body: NewLocation, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Make a location. Services are on offer there once one of their formats names it."""
    command = partial(LOCATIONS.create, staff=staff, values=body.values(), now=now)
    return await write(command, lambda record: created(LocationRecord(**record)))


@router.patch(
    "/{location_id}",
    summary="Change a location",
    response_model=LocationRecord,
    responses=CHANGE_PROBLEMS,
)
async def update_location(
    location_id: RecordId,
    body: ChangeLocation,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change what is named of a location, and leave the rest as it is.

    `active: false` takes the formats at this location off offer; `true` brings them back. Sessions
    that are booked there stay, and show the address as it is now.
    """
    command = partial(
        LOCATIONS.change, staff=staff, record_id=location_id, values=body.values(), now=now
    )
    return await write(command, lambda record: answered(LocationRecord(**record)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a location by your own id",
    response_model=LocationRecord,
    responses=push_answers(LocationRecord),
)
async def put_location_by_ref(
    external_ref: RefInPath,
    body: PutLocation,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the whole location under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. `active`
    stays as it is where it is left out.
    """
    command = partial(LOCATIONS.push, staff=staff, ref=external_ref, values=body.values(), now=now)
    return await write(
        command, lambda push: pushed(LocationRecord(**push.record), is_new=push.is_new)
    )
