"""`/v1/practice/services`: what can be booked."""

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
from app.practices.services.records import SERVICES
from app.practices.services.schemas import (
    ChangeService,
    NewService,
    PutService,
    ServiceRecord,
    ServiceRecordPage,
)

router = APIRouter(prefix="/v1/practice/services", tags=["Practice: records"])


@router.get(
    "",
    summary="List services",
    response_model=ServiceRecordPage,
    responses=LIST_PROBLEMS,
)
async def list_services(
    query: Annotated[RecordQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the practice's services by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """
    found, following = await read_page(db, staff, SERVICES, query, cursors)
    items = [ServiceRecord(**record) for record in found]
    return json_answer(ServiceRecordPage(items=items, next_cursor=following))


@router.get(
    "/{service_id}",
    summary="Show a service",
    response_model=ServiceRecord,
    responses=GET_PROBLEMS,
)
async def get_service(service_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a service of the practice with its formats, active or not."""
    record = await SERVICES.find(db, staff.practice_id, service_id)
    return json_answer(ServiceRecord(**record))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a service by your own id",
    response_model=ServiceRecord,
    responses=GET_PROBLEMS,
)
async def get_service_by_ref(external_ref: RefInPath, staff: StaffReader, db: Reading) -> Response:
    """Show the service whose `external_ref` this is."""
    record = await SERVICES.find_by_ref(db, staff.practice_id, external_ref)
    return json_answer(ServiceRecord(**record))


@router.post(
    "",
    summary="Make a service",
    status_code=201,
    response_model=ServiceRecord,
    responses=CREATE_PROBLEMS,
)
async def create_service(
    body: NewService, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Make a service. It needs a format at least; the price is in the practice's currency."""
    command = partial(SERVICES.create, staff=staff, values=body.values(), now=now)
    return await write(command, lambda record: created(ServiceRecord(**record)))


@router.patch(
    "/{service_id}",
    summary="Change a service",
    response_model=ServiceRecord,
    responses=CHANGE_PROBLEMS,
)
async def update_service(
    service_id: RecordId,
    body: ChangeService,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change what is named of a service, and leave the rest as it is; `formats` come whole.

    Sessions that are booked keep their duration, price, buffers and format for life. Step, minimum
    notice, horizon and formats count as they are now, also where a booked session is moved.
    `active: false`: the service cannot be booked any more; sessions that are booked stay, and can
    still be moved.
    """
    command = partial(
        SERVICES.change, staff=staff, record_id=service_id, values=body.values(), now=now
    )
    return await write(command, lambda record: answered(ServiceRecord(**record)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a service by your own id",
    response_model=ServiceRecord,
    responses=push_answers(ServiceRecord),
)
async def put_service_by_ref(
    external_ref: RefInPath,
    body: PutService,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the whole service under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. What is left
    out gets its default, but `active` stays as it is where it is left out.
    """
    command = partial(SERVICES.push, staff=staff, ref=external_ref, values=body.values(), now=now)
    return await write(
        command, lambda push: pushed(ServiceRecord(**push.record), is_new=push.is_new)
    )
