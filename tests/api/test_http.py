"""HTTP rules for every operation: HEAD, repeated headers, one spelling of an id."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute
from starlette.datastructures import QueryParams

from app.configuration.settings import Settings
from app.directory.fields import RefConvertor
from app.identity.tokens.waiver import WaiverLink, WaiverTokens
from app.main import ROUTERS
from app.tables.sessions import Session
from app.web.problems.repeated_parameters import MAX_PARAMETERS, RepeatedParameters
from tests.described import description, json_body, parameters_of
from tests.walls import START, Theirs, body_for, fill, operations
from tests.world import REASON, Api, TestClock, World, media_type_of, serve

PAGES = ("/", "/docs", "/docs-assets/swagger-ui.css", "/openapi.json", "/portal", "/portal/")
OTHERS = ("/portal/main.js", "/portal/nothing.js", "/problems/not-found", "/problems/none", "/none")
# Headers that differ between two responses.
CHANGING = {"date", "x-request-id"}
SPELLINGS = ("{%s}", "urn:uuid:%s", "%s ", "0x%s")


@pytest.fixture
async def theirs(staff: Api, world: World) -> Theirs:
    """A practice with one of everything."""
    return await fill(staff, world)


@pytest.fixture
async def anybody(settings: Settings, clock: TestClock) -> AsyncIterator[Api]:
    """The API, without a practice."""
    async with serve(settings, clock) as api:
        yield api


async def _same_head(api: Api, path: str) -> None:
    headers = api._headers(None)  # noqa: SLF001 - the way in which the class itself asks
    whole = await api.http.get(path, headers=headers)
    head = await api.http.head(path, headers=headers)
    assert head.status_code == whole.status_code, path
    assert head.content == b"", path
    assert _lasting(head.headers) == _lasting(whole.headers), path


def _lasting(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in CHANGING}


@pytest.mark.slow
async def test_a_head_is_answered_like_a_get_by_every_operation(
    api: Api, staff: Api, theirs: Theirs
) -> None:
    for method, path, _ in operations():
        if method == "get":
            caller = staff if path.startswith("/v1/practice") else api
            own = {**theirs.ids, "token": theirs.ids["feed_token"]}
            await _same_head(caller, path.format(**own))


@pytest.mark.parametrize("path", [*PAGES, *OTHERS])
@pytest.mark.slow
async def test_a_head_is_answered_like_a_get_by_every_page(anybody: Api, path: str) -> None:
    await _same_head(anybody, path)


async def test_a_head_asks_for_a_token_too(anybody: Api) -> None:
    answer = await anybody.http.head("/v1/me")
    assert answer.status_code == 401


async def test_without_a_get_there_is_no_head(anybody: Api) -> None:
    answer = await anybody.http.head("/v1/links/open")
    assert (answer.status_code, answer.content) == (405, b"")
    assert answer.headers["allow"] == "POST"
    answer = await anybody.http.delete("/v1/sessions")
    assert answer.headers["allow"] == "GET, HEAD"


def test_head_is_not_in_the_description() -> None:
    """HEAD works for every GET, which the description says in one sentence."""
    assert all("head" not in found for found in description()["paths"].values())
    assert "`HEAD`" in description()["info"]["description"]


@pytest.mark.parametrize(("tags", "status"), [(("0", "1"), 200), (("0", "2"), 412)])
async def test_several_lines_of_if_match_are_one_list(
    api: Api, world: World, tags: tuple[str, ...], status: int
) -> None:
    session_id = await world.book(START)
    lines = [("Authorization", f"Bearer {api.token}"), *(("If-Match", f'"{tag}"') for tag in tags)]
    path = f"/v1/sessions/{session_id}/cancel"
    answer = await api.http.post(path, json={"reason": REASON}, headers=lines)
    assert answer.status_code == status


async def test_two_idempotency_keys_are_refused(api: Api, world: World) -> None:
    session_id = await world.book(START)
    lines = [
        ("Authorization", f"Bearer {api.token}"),
        ("Idempotency-Key", "one"),
        ("Idempotency-Key", "one"),
    ]
    path = f"/v1/sessions/{session_id}/cancel"
    answer = await api.http.post(path, json={"reason": REASON}, headers=lines)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["in"]) == ("/Idempotency-Key", "header")
    (row,) = await world.rows(Session)
    assert row.status == "booked"


async def test_two_tokens_count_as_none(api: Api, staff: Api) -> None:
    for caller, path in ((api, "/v1/me"), (staff, "/v1/practice/me")):
        line = ("Authorization", f"Bearer {caller.token}")
        assert (await caller.http.get(path, headers=[line])).status_code == 200
        for second in (line, ("Authorization", "Bearer other")):
            assert (await caller.http.get(path, headers=[line, second])).status_code == 401


async def test_two_kinds_of_body_are_not_json(anybody: Api) -> None:
    lines = [("Content-Type", "application/json"), ("Content-Type", "text/plain")]
    answer = await anybody.http.post("/v1/links/open", content=b'{"token":"x"}', headers=lines)
    assert answer.status_code == 415


async def test_a_query_parameter_is_given_once_unless_it_is_a_list(anybody: Api) -> None:
    lists = set()
    for method, path, operation in operations():
        for parameter in parameters_of(operation):
            name = parameter["name"]
            if parameter["in"] != "query":
                continue
            if parameter["schema"].get("type") == "array":
                lists.add(name)
                continue
            answer = await anybody.http.request(method, f"{path}?limit=1&{name}=a&{name}=b")
            assert answer.status_code == 422, (method, path, name)
            [error] = answer.json()["errors"]
            assert error == {
                "pointer": f"/{name}",
                "in": "query",
                "detail": "must be given once",
            }
    assert lists == {"keep"}
    answer = await anybody.http.get(f"/v1/sessions/{uuid4()}/scope?keep={uuid4()}&keep={uuid4()}")
    assert answer.status_code == 401


class _Counting(str):
    """A name of a parameter that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        type(self).compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


async def test_parameters_are_counted_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [_Counting(f"name-{number}") for number in range(MAX_PARAMETERS)]
    pairs = [(name, "1") for name in names]
    monkeypatch.setattr(QueryParams, "multi_items", lambda _: pairs)
    monkeypatch.setattr(QueryParams, "getlist", None)
    arrived = []

    async def app(*_: object) -> None:
        arrived.append("here")

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"a=1&b=2"}
    await RepeatedParameters(app)(scope, None, None)  # type: ignore[arg-type] # not called
    assert arrived == ["here"]
    assert _Counting.compared < 10 * len(names)


async def test_a_request_has_at_most_200_query_parameters(anybody: Api) -> None:
    def query(number: int) -> str:
        return "&".join(f"p{index}=1" for index in range(number))

    for number, status in ((200, 401), (201, 422), (5000, 422)):
        answer = await anybody.http.get(f"/v1/sessions?{query(number)}")
        assert answer.status_code == status, number
    assert answer.json()["errors"] == [
        {"pointer": "", "in": "query", "detail": "at most 200 query parameters"}
    ]
    answer = await anybody.http.get(f"/none?{query(5000)}")
    assert answer.status_code == 404


async def test_a_range_does_not_end_before_it_begins(api: Api, staff: Api, theirs: Theirs) -> None:
    """Of dates or of instants: an empty answer would hide that `from` and `to` are mixed up."""
    of_service = {name: theirs.ids[f"{name}_id"] for name in ("service", "practitioner")}
    needed = {
        "/v1/practice/reports/changes": {"group_by": "month"},
        "/v1/practice/availability": {"format": "video", **of_service},
    }
    asked = 0
    for _, path, operation in operations():
        schemas = {one["name"]: one["schema"] for one in parameters_of(operation)}
        if not {"from", "to"} <= schemas.keys():
            continue
        time = "T09:00:00Z" if "date-time" in json.dumps(schemas["to"]) else ""
        range_ = {"from": f"2026-12-02{time}", "to": f"2026-12-01{time}"}
        caller = staff if path.startswith("/v1/practice") else api
        query: dict[str, Any] = range_ | needed.get(path, {})
        answer = await caller.get(path.format(**theirs.ids), **query)
        assert answer.status_code == 422, (path, answer.text)
        (error,) = answer.json()["errors"]
        assert (error["in"], error["pointer"]) == ("query", "/to"), path
        assert error["detail"].startswith("must not be before 2026-12-02"), path
        asked += 1
    assert asked == 14


@pytest.mark.slow
async def test_only_the_plain_spelling_is_an_id_in_paths(
    api: Api, staff: Api, theirs: Theirs, settings: Settings
) -> None:
    link = WaiverLink(uuid4(), uuid4(), 0, "")
    practitioner = api.signed_in(WaiverTokens(settings.keys).sign(link))
    names = {name: id_ for name, id_ in theirs.ids.items() if name.endswith("_id")}
    assert (await api.get(f"/v1/sessions/{names['session_id'].upper()}")).status_code == 200
    for method, path, operation in operations():
        for name, id_ in names.items():
            if f"{{{name}}}" not in path:
                continue
            for spelled in _spellings(id_):
                url = path.format(**{**theirs.ids, name: spelled})
                body = body_for(operation, theirs.ids)
                caller = staff if path.startswith("/v1/practice") else api
                caller = practitioner if path.startswith("/v1/waivers") else caller
                headers = caller._headers(None)  # noqa: SLF001 - the same
                sent: dict[str, Any] = {"json": body}
                if isinstance(body, bytes):
                    sent = {"content": body}
                    headers["Content-Type"] = media_type_of(body)
                answer = await caller.http.request(method, url, headers=headers, **sent)
                assert answer.status_code == 404, (method, url)
                assert answer.json()["code"] == "not-found"


def test_free_text_in_a_path_may_have_slashes() -> None:
    """An id of other software is free text: the path accepts it whole."""
    routes = [
        route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        # The token of a feed is our own, without slashes.
        if route.path != "/feeds/{token}.ics"
    ]
    free = [
        (route, part.name)
        for route in routes
        for part in route.dependant.path_params
        if part.field_info.annotation is str
    ]
    assert len(free) >= 15
    for route, name in free:
        assert isinstance(route.param_convertors[name], RefConvertor), route.path


@pytest.mark.slow
async def test_only_the_plain_spelling_is_an_id_in_queries(
    api: Api, staff: Api, theirs: Theirs
) -> None:
    checked = 0
    for method, path, operation in operations():
        for parameter in parameters_of(operation):
            is_id = parameter["schema"].get("format") == "uuid"
            if parameter["in"] != "query" or not is_id:
                continue
            for spelled in _spellings(theirs.ids["client_id"]):
                caller = staff if path.startswith("/v1/practice") else api
                query: dict[str, Any] = {parameter["name"]: spelled}
                answer = await caller.get(path.format(**theirs.ids), None, **query)
                assert answer.status_code == 422, (method, path, parameter["name"])
                pointers = [error["pointer"] for error in answer.json()["errors"]]
                assert f"/{parameter['name']}" in pointers
            checked += 1
    assert checked >= 15


@pytest.mark.slow
async def test_no_query_parameter_accepts_the_null_character(
    api: Api, staff: Api, theirs: Theirs
) -> None:
    """PostgreSQL's text type cannot hold U+0000, so it must not reach the database."""
    checked = 0
    for method, path, operation in operations():
        for parameter in parameters_of(operation):
            # Of those that are no reads, the tests of the gateway's calls look at the only one.
            if parameter["in"] != "query" or method != "get":
                continue
            caller = staff if path.startswith("/v1/practice") else api
            query: dict[str, Any] = {parameter["name"]: "a\0b"}
            answer = await caller.get(path.format(**theirs.ids), None, **query)
            assert answer.status_code == 422, (method, path, parameter["name"])
            pointers = [error["pointer"] for error in answer.json()["errors"]]
            # A bad item of a list has the list's name and its index.
            assert f"/{parameter['name']}" in {found.removesuffix("/0") for found in pointers}
            checked += 1
    assert checked >= 60


@pytest.mark.slow
async def test_only_the_plain_spelling_is_an_id_in_bodies(
    api: Api, staff: Api, theirs: Theirs
) -> None:
    checked = 0
    for method, path, operation in operations():
        body = body_for(operation, theirs.ids)
        for pointer in {*_ids_in(body), *_ids_of(operation)}:
            for spelled in _spellings(theirs.ids["client_id"]):
                caller = staff if path.startswith("/v1/practice") else api
                answer = await caller.http.request(
                    method,
                    path.format(**theirs.ids),
                    json=_put(body, pointer, spelled),
                    headers=caller._headers(None),  # noqa: SLF001 - the same
                )
                assert answer.status_code == 422, (method, path, pointer)
                found = [error["pointer"] for error in answer.json()["errors"]]
                assert "/" + "/".join(map(str, pointer)) in found
            checked += 1
    assert checked >= 8


def _spellings(id_: str) -> list[str]:
    return [*(spelling % id_ for spelling in SPELLINGS), id_.replace("-", "")]


def _ids_in(body: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Point to the ids in the example of a body."""
    if not isinstance(body, dict | list):
        return []
    found: list[tuple[Any, ...]] = []
    for name, value in body.items() if isinstance(body, dict) else enumerate(body):
        if str(name).endswith("_id") and value is not None:
            found.append((*way, name))
        found += _ids_in(value, (*way, name))
    return found


def _ids_of(operation: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Point to the ids that the body's schema has, with or without a value in its example."""
    fields = json_body(operation).get("properties", {})
    return [(name,) for name, part in fields.items() if '"uuid"' in json.dumps(part)]


def _put(body: Any, way: tuple[Any, ...], value: str) -> Any:
    name, *rest = way
    whole = dict(body) if isinstance(body, dict) else list(body)
    whole[name] = _put(whole[name], tuple(rest), value) if rest else value
    return whole


async def test_every_page_has_a_policy_and_no_frame_around_it(anybody: Api) -> None:
    for path in (*PAGES, *OTHERS):
        answer = await anybody.get(path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            assert "frame-ancestors 'none'" in policy, path


@pytest.mark.slow
async def test_the_docs_can_be_switched_off(settings: Settings, clock: TestClock) -> None:
    for portal, start in ((True, "portal/"), (False, None)):
        without = settings.model_copy(update={"docs": False, "portal": portal})
        async with serve(without, clock) as api:
            for path in ("/docs", "/docs-assets/swagger-ui.css"):
                assert (await api.get(path)).status_code == 404
            assert (await api.get("/openapi.json")).status_code == 200
            assert (await api.get("/")).headers.get("location") == start
