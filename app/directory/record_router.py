"""Endpoints of one kind of record: list, get, get by reference, create, change, push.

`RecordApi` holds what differs between the kinds: fields, rules and descriptions.
"""

from dataclasses import dataclass
from http import HTTPStatus
from inspect import cleandoc
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.directory.fields import KeptRecord, RecordBody, RecordQuery, RefInPath
from app.directory.records import Records
from app.directory.repository import RecordPosition
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageAnswer, PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import answered, created, json_answer
from app.web.types import PathId


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The OpenAPI description of each endpoint."""

    list: str
    get: str
    create: str
    update: str
    put: str


@dataclass(frozen=True, slots=True)
class RecordApi:
    """The API of one kind of record.

    Operation ids contain `one` and `many`: `list_clients`, `get_client`,
    `get_client_by_ref`, `create_client`, `update_client`, `put_client_by_ref`.
    `problems_of_change` are problems of a change that other kinds do not have.
    """

    one: str
    many: str
    records: Records
    query: type[RecordQuery]
    record: type[KeptRecord]
    page: type[PageAnswer[Any]]
    new: type[RecordBody]
    change: type[RecordBody]
    put: type[RecordBody]
    descriptions: Descriptions
    problems_of_change: tuple[str, ...] = ()


def record_router(api: RecordApi) -> APIRouter:
    """Return a router with the six endpoints of a kind of record."""
    router = APIRouter(prefix=f"/v1/practice/{api.many}", tags=["Practice: records"])
    _add_list(router, api)
    _add_gets(router, api)
    _add_create(router, api)
    _add_update(router, api)
    _add_put(router, api)
    return router


def _add_list(router: APIRouter, api: RecordApi) -> None:
    @router.get(
        "",
        name=f"list_{api.many}",
        summary=f"List {api.many}",
        description=cleandoc(api.descriptions.list),
        response_model=api.page,
        responses=responses(*READING_BY_STAFF),
    )
    async def list_records(
        query: Annotated[api.query, Query()],  # type: ignore[name-defined]
        staff: StaffReader,
        now: Now,
        cursors: CursorSigner,
        db: Reading,
    ) -> Response:
        asked = PageRequest(cursors, query, RecordPosition, api.many, staff.practice_id)
        found = await api.records.rows.list(db, staff.practice_id, asked.part)
        page = asked.paginate(found, lambda last: RecordPosition(last["id"]))
        return json_answer(api.page.of(page, lambda record: api.record.of(record, now)))


def _add_gets(router: APIRouter, api: RecordApi) -> None:
    @router.get(
        _path_of_one(api),
        name=f"get_{api.one}",
        summary=f"Show a {api.one}",
        description=cleandoc(api.descriptions.get),
        response_model=api.record,
        responses=responses(*READING_BY_STAFF, "not-found"),
    )
    async def get_record(
        record_id: Annotated[PathId, _record_id(api)],
        staff: StaffReader,
        now: Now,
        db: Reading,
    ) -> Response:
        record = await api.records.rows.find(db, staff.practice_id, record_id)
        return json_answer(api.record.of(record, now))

    @router.get(
        "/by-ref/{external_ref:ref}",
        name=f"get_{api.one}_by_ref",
        summary=f"Show a {api.one} by your own id",
        description=f"Show the {api.one} with this `external_ref`.",
        response_model=api.record,
        responses=responses(*READING_BY_STAFF, "not-found"),
    )
    async def get_record_by_ref(
        external_ref: RefInPath, staff: StaffReader, now: Now, db: Reading
    ) -> Response:
        record = await api.records.rows.find_by_ref(db, staff.practice_id, external_ref)
        return json_answer(api.record.of(record, now))


def _add_create(router: APIRouter, api: RecordApi) -> None:
    @router.post(
        "",
        name=f"create_{api.one}",
        summary=f"Create a {api.one}",
        description=cleandoc(api.descriptions.create),
        status_code=HTTPStatus.CREATED,
        response_model=api.record,
        responses=responses(*WRITING_BY_STAFF),
    )
    async def create_record(
        body: api.new,  # type: ignore[name-defined]
        staff: StaffWriter,
        now: Now,
        write: StaffWriting,
    ) -> Response:
        return await write(
            lambda db: api.records.create(db, staff, body.values(), now),
            lambda record: created(api.record.of(record, now)),
        )


def _add_update(router: APIRouter, api: RecordApi) -> None:
    @router.patch(
        _path_of_one(api),
        name=f"update_{api.one}",
        summary=f"Change a {api.one}",
        description=cleandoc(api.descriptions.update),
        response_model=api.record,
        responses=responses(*WRITING_BY_STAFF, "not-found", *api.problems_of_change),
    )
    async def update_record(
        record_id: Annotated[PathId, _record_id(api)],
        body: api.change,  # type: ignore[name-defined]
        staff: StaffWriter,
        now: Now,
        write: StaffWriting,
    ) -> Response:
        return await write(
            lambda db: api.records.change(db, staff, record_id, body.values(), now),
            lambda record: answered(api.record.of(record, now)),
        )


def _add_put(router: APIRouter, api: RecordApi) -> None:
    new: dict[int | str, dict[str, Any]] = {
        HTTPStatus.CREATED.value: {
            "model": api.record,
            "description": "No record had this `external_ref`, so a new one was created.",
        }
    }

    @router.put(
        "/by-ref/{external_ref:ref}",
        name=f"put_{api.one}_by_ref",
        summary=f"Create or replace a {api.one} by your own id",
        description=cleandoc(api.descriptions.put),
        response_model=api.record,
        responses=new | responses(*WRITING_BY_STAFF),
    )
    async def put_record_by_ref(
        external_ref: RefInPath,
        body: api.put,  # type: ignore[name-defined]
        staff: StaffWriter,
        now: Now,
        write: StaffWriting,
    ) -> Response:
        return await write(
            lambda db: api.records.push(db, staff, external_ref, body.values(), now),
            lambda push: (created if push.is_new else answered)(api.record.of(push.record, now)),
        )


def _path_of_one(api: RecordApi) -> str:
    return f"/{{{api.one}_id}}"


def _record_id(api: RecordApi) -> Any:  # noqa: ANN401 - what FastAPI calls a parameter
    """Declare the id in the path. The parameter's name contains the kind of record."""
    return Path(
        alias=f"{api.one}_id",
        description="The record's id. A record that the caller may not see gets a 404.",
    )
