"""Invalid input gets a 4xx that names the field, changes nothing, and is never a 5xx."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Session
from app.web.body_limit import MAX_BYTES, MAX_PRACTICE_BYTES
from tests.world import NOW, REASON, Api, World

START = NOW + timedelta(days=3)
TO = "2026-12-04T10:00:00-05:00"
MOVE = {"start": TO, "format": "video", "reason": REASON}
JSON_TYPE = "application/json"


async def send(
    api: Api,
    path: str,
    content: bytes | AsyncIterator[bytes],
    headers: dict[str, str | bytes] | None = None,
) -> Response:
    """Post the given bytes as the body."""
    own: dict[Any, Any] = {"Content-Type": JSON_TYPE, "Authorization": f"Bearer {api.token}"}
    return await api.http.post(path, content=content, headers=own | (headers or {}))


def named(answer: Response) -> list[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "validation-failed"
    assert all(error["detail"] for error in answer.json()["errors"])
    return [(error["in"], error["pointer"]) for error in answer.json()["errors"]]


class Untouched:
    """One booked session, with a snapshot that shows whether it has changed."""

    def __init__(self, world: World, session_id: UUID, before: Any) -> None:
        self.world = world
        self.session_id = session_id
        self.before = before
        self.cancel = f"/v1/sessions/{session_id}/cancel"
        self.reschedule = f"/v1/sessions/{session_id}/reschedule"

    @staticmethod
    async def snapshot(world: World) -> Any:
        return [await world.rows(table) for table in (Session, Change, Notification)]


@pytest.fixture
async def target(world: World) -> AsyncIterator[Untouched]:
    session_id = await world.book(START)
    untouched = Untouched(world, session_id, await Untouched.snapshot(world))
    yield untouched
    assert await Untouched.snapshot(world) == untouched.before


# Fields


BAD_CANCELLATIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"reason": None}, ["/reason"]),
    ({"reason": "work"}, ["/reason"]),
    ({"reason": []}, ["/reason"]),
    ({"reason": {}}, ["/reason/note"]),
    ({"reason": {"note": None}}, ["/reason/note"]),
    ({"reason": {"note": 7}}, ["/reason/note"]),
    ({"reason": {"note": ""}}, ["/reason/note"]),
    ({"reason": {"note": " \t\n\u2003"}}, ["/reason/note"]),
    ({"reason": {"note": "\u200b\u2060\u00ad"}}, ["/reason/note"]),
    ({"reason": {"note": "\u2800\u3164"}}, ["/reason/note"]),
    ({"reason": {"note": "x" * 501}}, ["/reason/note"]),
    ({"reason": {"note": "a\x00b"}}, ["/reason/note"]),
    ({"reason": {"note": "x", "code": "So bored"}}, ["/reason/code"]),
    ({"reason": {"note": "x", "code": 1}}, ["/reason/code"]),
    ({"reason": {"note": "x", "why": "y"}}, ["/reason/why"]),
    ({"reason": {"note": "", "code": "So bored"}}, ["/reason/code", "/reason/note"]),
    ({"quote": ""}, ["/quote"]),
    ({"quote": 7}, ["/quote"]),
    ({"quote": True}, ["/quote"]),
    ({"quote": "x" * 24_577}, ["/quote"]),
    ({"actor": "practice"}, ["/actor"]),
    ({"fee": None}, ["/fee"]),
    ({"a/b": 1, "c~d": 2}, ["/a~1b", "/c~0d"]),
]


async def test_a_bad_cancellation_is_named(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for change, pointers in BAD_CANCELLATIONS:
        with subtests.test(repr(change)[:80]):
            answer = await api.post(target.cancel, {"reason": REASON} | change)
            assert sorted(named(answer)) == sorted(("body", pointer) for pointer in pointers)


NO_TIMES: list[Any] = [
    None,
    0,
    1764774000,
    1.5,
    True,
    "",
    "tomorrow",
    "0",
    "1764774000",
    "2026-12-04",
    "2026-12-04T10:00:00",
    "2026-12-04 10:00:00-05:00",
    "2026-12-04T10:00-05:00",
    "2026-12-04T10:00:00.1234567-05:00",
    "2026-12-04T10:00:00-0500",
    "2026-12-04T10:00:00 -05:00",
    "2026-12-04T10:00:00-05:00\n",
    "2026-02-30T10:00:00-05:00",
    "2026-12-04T24:00:00-05:00",
    "2026-12-04T10:60:00-05:00",
    "2026-12-04T10:00:61-05:00",
    "2026-12-04T10:00:00+24:00",
    "2026-12-04T10:00:00+99:99",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "1970-12-31T23:00:00Z",
    "2200-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "-2026-12-04T10:00:00Z",
    "\u0662\u0660\u0662\u0666-12-04T10:00:00Z",
    "2026-W49-5T10:00:00Z",
    ["2026-12-04T10:00:00-05:00"],
    {"at": "2026-12-04T10:00:00-05:00"},
]


async def test_a_time_without_an_offset_is_named(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for start in NO_TIMES:
        with subtests.test(repr(start)[:80]):
            assert named(await api.post(target.reschedule, MOVE | {"start": start})) == [
                ("body", "/start")
            ]


async def test_an_impossible_time_is_not_a_slot(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for start in [
        "2199-12-31T23:59:59-14:00",
        "1971-01-01T00:00:00+14:00",
        "2026-12-04T10:00:00.5-05:00",
    ]:
        with subtests.test(repr(start)[:80]):
            answer = await api.post(target.reschedule, MOVE | {"start": start})
            assert (answer.status_code, answer.json()["code"]) == (409, "slot-unavailable")


BAD_MOVES: list[tuple[dict[str, Any], list[str]]] = [
    ({"format": None}, ["/format"]),
    ({"format": "telepathy"}, ["/format"]),
    ({"format": "VIDEO"}, ["/format"]),
    ({"format": 1}, ["/format"]),
    ({"location_id": "here"}, ["/location_id"]),
    ({"location_id": 7}, ["/location_id"]),
    ({"location_id": "9d2c7a3e-0000-4000-8000-000000000000"}, ["/location_id"]),
    ({"session_id": "x"}, ["/session_id"]),
    ({"start": "x", "format": "y", "reason": {}}, ["/start", "/format", "/reason/note"]),
]


async def test_a_bad_move_is_named(subtests: pytest.Subtests, api: Api, target: Untouched) -> None:
    for change, pointers in BAD_MOVES:
        with subtests.test(repr(change)[:80]):
            answer = await api.post(target.reschedule, MOVE | change)
            assert named(answer) == [("body", pointer) for pointer in pointers]


async def test_every_missing_field_is_named(api: Api, target: Untouched) -> None:
    pointers = [pointer for _, pointer in named(await api.post(target.reschedule, {}))]
    assert pointers == ["/start", "/format", "/reason"]


async def test_a_format_that_the_service_lacks_is_named(api: Api, world: World) -> None:
    video_only = await world.add_service(name="Check-in", formats=("video",))
    session_id = await world.book(START, service_id=video_only)
    answer = await api.reschedule(session_id, TO, format="phone")
    assert named(answer) == [("body", "/format")]


async def test_a_note_is_trimmed_and_otherwise_kept(api: Api, world: World) -> None:
    session_id = await world.book(START)
    note = "Ünï 🌿\n'); DROP TABLE sessions; -- <b>" + "x" * 463
    answer = await api.cancel(session_id, reason={"note": f"  {note}\n"})
    assert len(note) <= 500
    assert answer.json()["session"]["cancellation"]["reason"]["note"] == note


# Bodies


async def test_a_body_that_is_not_a_json_object_is_refused(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for content in [
        b"",
        b"{",
        b"{]",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"NaN",
        b"\xff\xfe\xfd",
        b'{"reason": "\xc3\x28"}',
        b"\x00",
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b"1" * 5_000,
        b'{"reason": {"note": "x"}, "\\ud800": 1}',
        b'{"reason": {"note": "x"}} trailing',
        b"reason=work",
    ]:
        with subtests.test(repr(content)[:80]):
            for path in (target.cancel, target.reschedule, "/v1/links/open"):
                assert named(await send(api, path, content))[0][0] == "body"


async def test_odd_values_are_named(subtests: pytest.Subtests, api: Api, target: Untouched) -> None:
    for content, pointer in [
        (b'{"reason": {"note": "\\ud800"}}', "/reason/note"),
        (b'{"reason": {"note": "x", "code": "\\udfff"}}', "/reason/code"),
        (b'{"reason": {"note": "x"}, "quote": "\\ud800"}', "/quote"),
        (b'{"reason": {"note": "x"}, "quote": 1e999}', "/quote"),
        (b'{"reason": {"note": 123456789012345678901234567890}}', "/reason/note"),
        (b'{"reason": {"note": -Infinity}}', "/reason/note"),
        (b'{"reason": {"note": "x"}, "quote": NaN}', "/quote"),
        (b'{"reason": {"note": "x"}, "reason": 1}', "/reason"),
    ]:
        with subtests.test(repr(content)[:80]):
            assert named(await send(api, target.cancel, content)) == [("body", pointer)]


async def test_a_body_not_declared_as_json_gets_a_415(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    """So a form of another site cannot post it without a preflight request."""
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "application/problem+json",
        "",
    ]:
        with subtests.test(kind[:80]):
            for path in (target.cancel, target.reschedule, "/v1/links/open"):
                content = json.dumps({"reason": REASON}).encode()
                answer = await send(api, path, content, {"Content-Type": kind})
                assert (answer.status_code, answer.json()["code"]) == (
                    415,
                    "unsupported-media-type",
                )


async def test_a_problem_names_at_most_100_wrong_fields(staff: Api) -> None:
    body = {f"field-{number}": 1 for number in range(5000)}
    answer = await staff.post("/v1/practice/locations", body)
    found = named(answer)
    assert len(found) == 100
    assert set(found) < {("body", f"/{name}") for name in ("name", "address", *body)}


async def test_json_may_name_its_charset(api: Api, world: World) -> None:
    session_id = await world.book(START)
    content = json.dumps({"reason": REASON}).encode()
    kind: dict[str, str | bytes] = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await send(api, f"/v1/sessions/{session_id}/cancel", content, kind)
    assert answer.status_code == 200, answer.text


def padded(size: int) -> bytes:
    content = json.dumps({"reason": REASON}).encode()
    return content + b" " * (size - len(content))


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for first in range(0, len(content), 1000):
        yield content[first : first + 1000]


async def test_a_body_over_64_kib_is_refused(api: Api, target: Untouched) -> None:
    """By its declared length, or by the bytes received in chunks."""
    large = padded(MAX_BYTES + 1)
    for path in (target.cancel, "/v1/links/open"):
        for answer in (await send(api, path, large), await send(api, path, pieces(large))):
            assert (answer.status_code, answer.json()["code"]) == (413, "payload-too-large")
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_an_odd_length_does_no_harm(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    """A reverse proxy refuses them; the service does not rely on that."""
    for length in (b"\xb2", b"9" * 5000, b"x", b"-1", b""):
        with subtests.test(repr(length)[:80]):
            answer = await send(api, target.cancel, b"{}", {"Content-Length": length})
            assert named(answer) == [("body", "/reason")]


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_64_kib_are_taken(api: Api, world: World, *, in_pieces: bool) -> None:
    session_id = await world.book(START)
    content = padded(MAX_BYTES)
    body = pieces(content) if in_pieces else content
    answer = await send(api, f"/v1/sessions/{session_id}/cancel", body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_the_practices_software_may_send_a_mib_and_no_more(
    staff: Api, *, in_pieces: bool
) -> None:
    content = json.dumps({"text": "", "rules": {}}).encode()
    for path, size, expected in (
        ("/v1/practice/policies", MAX_PRACTICE_BYTES, 201),
        ("/v1/practice/policies", MAX_PRACTICE_BYTES + 1, 413),
        ("/v1/links/open", MAX_BYTES + 1, 413),
    ):
        padded_content = content + b" " * (size - len(content))
        body = pieces(padded_content) if in_pieces else padded_content
        answer = await send(staff, path, body)
        assert answer.status_code == expected, answer.text


# Headers


async def test_a_bad_idempotency_key_is_named(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for key in [
        b"",
        b" ",
        b'""',
        b"x" * 256,
        b'"' + b"x" * 256 + b'"',
        b"\xe9",
        b"a\x7fb",
        b"a\tb",
        "🌿".encode(),
    ]:
        with subtests.test(repr(key)[:80]):
            content = json.dumps({"reason": REASON}).encode()
            answer = await send(api, target.cancel, content, {"Idempotency-Key": key})
            assert named(answer) == [("header", "/Idempotency-Key")]


async def test_another_version_is_a_412(
    subtests: pytest.Subtests, api: Api, target: Untouched
) -> None:
    for tag in ['"2"', "1", "", "x", 'W/"1"', '"1', '"\u00e9"', "," * 500]:
        with subtests.test(tag[:80]):
            content = json.dumps({"reason": REASON}).encode()
            answer = await send(api, target.cancel, content, {"If-Match": tag.encode("latin-1")})
            assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")


# Random input


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([TO, "video", "work", "2026-12-04T10:00:00", "\x00", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["reason", "note", "code", "quote", "start", "format", "location_id"])
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
async def test_no_body_causes_a_server_error(api: Api, target: Untouched) -> None:
    """For any body, the response is one of the documented refusals."""
    bodies: list[bytes] = []

    @settings(max_examples=120, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(JSON | st.fixed_dictionaries({"reason": JSON, "start": JSON, "format": JSON}))
    def collect(value: Any) -> None:
        bodies.append(json.dumps(value).encode())

    collect()
    for content in bodies:
        for path in (target.cancel, target.reschedule, "/v1/links/open"):
            answer = await send(api, path, content)
            assert answer.status_code == 422, (content, answer.text)


async def test_no_query_causes_a_server_error(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for query in [
        "%00=1",
        "%ff=%ff",
        "a=" + "x" * 5000,
        "&&&",
        "=",
        "time_zone=UTC&time_zone=%00",
        "%",
    ]:
        with subtests.test(repr(query)[:80]):
            for tail in ("", "/availability", "/changes", "/calendar.ics"):
                answer = await api.get(f"/v1/sessions/{session_id}{tail}?{query}")
                assert answer.status_code in {200, 422}, answer.text[:300]
            for path in ("/v1/sessions", "/v1/me", "/v1/packages"):
                assert (await api.get(f"{path}?{query}")).status_code in {200, 422}
