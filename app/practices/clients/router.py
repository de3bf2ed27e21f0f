"""`/v1/practice/clients`: who receives sessions."""

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
from app.practices.clients.records import CLIENTS
from app.practices.clients.schemas import (
    ChangeClient,
    ClientQuery,
    ClientRecord,
    ClientRecordPage,
    NewClient,
    PutClient,
)
from app.practices.endpoints import (
    CHANGE_PROBLEMS,
    CREATE_PROBLEMS,
    GET_PROBLEMS,
    LIST_PROBLEMS,
    push_answers,
    pushed,
)
from app.practices.fields import RefInPath
from app.practices.pages import read_page

router = APIRouter(prefix="/v1/practice/clients", tags=["Practice: records"])


@router.get(
    "",
    summary="List clients",
    response_model=ClientRecordPage,
    responses=LIST_PROBLEMS,
)
async def list_clients(
    query: Annotated[ClientQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the practice's clients by name, a page at a time, the inactive ones too.

    An `email` may be that of several clients; `name` is a part of the name. Follow `next_cursor`
    until it is null.
    """
    found, following = await read_page(db, staff, CLIENTS, query, cursors)
    items = [ClientRecord(**record) for record in found]
    return json_answer(ClientRecordPage(items=items, next_cursor=following))


@router.get(
    "/{client_id}",
    summary="Show a client",
    response_model=ClientRecord,
    responses=GET_PROBLEMS,
)
async def get_client(client_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a client of the practice, active or not."""
    record = await CLIENTS.find(db, staff.practice_id, client_id)
    return json_answer(ClientRecord(**record))


@router.get(
    "/by-ref/{external_ref:ref}",
    summary="Show a client by your own id",
    response_model=ClientRecord,
    responses=GET_PROBLEMS,
)
async def get_client_by_ref(external_ref: RefInPath, staff: StaffReader, db: Reading) -> Response:
    """Show the client whose `external_ref` this is."""
    record = await CLIENTS.find_by_ref(db, staff.practice_id, external_ref)
    return json_answer(ClientRecord(**record))


@router.post(
    "",
    summary="Make a client",
    status_code=201,
    response_model=ClientRecord,
    responses=CREATE_PROBLEMS,
)
async def create_client(
    body: NewClient, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Make a client. Nothing is mailed to him; several clients may share an address."""
    command = partial(CLIENTS.create, staff=staff, values=body.values(), now=now)
    return await write(command, lambda record: created(ClientRecord(**record)))


@router.patch(
    "/{client_id}",
    summary="Change a client",
    response_model=ClientRecord,
    responses=CHANGE_PROBLEMS,
)
async def update_client(
    client_id: RecordId,
    body: ChangeClient,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change what is named of a client, and leave the rest as it is.

    A new `email` ends the links that were mailed to the old address, and signs the client out
    everywhere; other capitals, or the other spelling of its domain (Unicode or punycode), make no
    new address. `active: false` signs the client out too: they can neither sign in nor be booked
    until it is `true` again. Sessions that are booked stay, and so do the links in emails.
    """
    command = partial(
        CLIENTS.change, staff=staff, record_id=client_id, values=body.values(), now=now
    )
    return await write(command, lambda record: answered(ClientRecord(**record)))


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a client by your own id",
    response_model=ClientRecord,
    responses=push_answers(ClientRecord),
)
async def put_client_by_ref(
    external_ref: RefInPath,
    body: PutClient,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the whole client under your own id: 201 where it is new, 200 where it was there.

    Push it as often as you like: where nothing differs, nothing is written. A phone that
    is left out is cleared, but `active` stays as it is where it is left out.
    """
    command = partial(CLIENTS.push, staff=staff, ref=external_ref, values=body.values(), now=now)
    return await write(
        command, lambda push: pushed(ClientRecord(**push.record), is_new=push.is_new)
    )
