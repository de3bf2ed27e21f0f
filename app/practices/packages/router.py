"""`/v1/practice/packages`: prepaid sessions of clients."""

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
from app.practices.packages.records import PACKAGES
from app.practices.packages.schemas import (
    ChangePackage,
    NewPackage,
    PackageQuery,
    PackageRecord,
    PackageRecordPage,
    PutPackage,
)
from app.practices.pages import read_page

router = APIRouter(prefix="/v1/practice/packages", tags=["Practice: records"])


@router.get(
    "",
    summary="List packages",
    response_model=PackageRecordPage,
    responses=LIST_PROBLEMS,
)
async def list_packages(
    query: Annotated[PackageQuery, Query()],
    staff: StaffReader,
    now: Now,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the packages of the practice's clients by name, a page at a time, the inactive ones too.

    Follow `next_cursor` until it is null.
    """
    found, following = await read_page(db, staff, PACKAGES, query, cursors)
    items = [PackageRecord.of(record, now) for record in found]
    return json_answer(PackageRecordPage(items=items, next_cursor=following))


@router.get(
    "/{package_id}",
    summary="Show a package",
    response_model=PackageRecord,
    responses=GET_PROBLEMS,
)
async def get_package(package_id: RecordId, staff: StaffReader, now: Now, db: Reading) -> Response:
    """Show a package with the credits left in it, active or not."""
    record = await PACKAGES.find(db, staff.practice_id, package_id)
    return json_answer(PackageRecord.of(record, now))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a package by your own id",
    response_model=PackageRecord,
    responses=GET_PROBLEMS,
)
async def get_package_by_ref(
    external_ref: RefInPath, staff: StaffReader, now: Now, db: Reading
) -> Response:
    """Show the package whose `external_ref` this is."""
    record = await PACKAGES.find_by_ref(db, staff.practice_id, external_ref)
    return json_answer(PackageRecord.of(record, now))


@router.post(
    "",
    summary="Make a package",
    status_code=201,
    response_model=PackageRecord,
    responses=CREATE_PROBLEMS,
)
async def create_package(
    body: NewPackage, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Make a package: credits of a client for one service. One that is booked takes a credit."""
    command = partial(PACKAGES.create, staff=staff, values=body.values(), now=now)
    return await write(command, lambda record: created(PackageRecord.of(record, now)))


@router.patch(
    "/{package_id}",
    summary="Change a package",
    response_model=PackageRecord,
    responses=CHANGE_PROBLEMS,
)
async def update_package(
    package_id: RecordId,
    body: ChangePackage,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change what is named of a package, and leave the rest as it is.

    Client and service cannot change, and `credits` cannot go below those in use. `active: false`:
    no credit of it pays for a new session; sessions that it has paid for stay paid, and a credit
    that comes back counts as left. A new `expires_at` counts from now on, for new sessions.
    """
    command = partial(
        PACKAGES.change, staff=staff, record_id=package_id, values=body.values(), now=now
    )
    return await write(command, lambda record: answered(PackageRecord.of(record, now)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a package by your own id",
    response_model=PackageRecord,
    responses=push_answers(PackageRecord),
)
async def put_package_by_ref(
    external_ref: RefInPath,
    body: PutPackage,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the whole package under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. Without
    `expires_at` it does not expire; `active` stays as it is where it is left out.
    """
    command = partial(PACKAGES.push, staff=staff, ref=external_ref, values=body.values(), now=now)
    return await write(
        command, lambda push: pushed(PackageRecord.of(push.record, now), is_new=push.is_new)
    )
