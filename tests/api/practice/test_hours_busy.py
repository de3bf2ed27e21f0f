"""Time off, and busy times of other calendars."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.practices import BusyInterval
from app.tables.sessions import Session
from tests.world import NOW, Api, World, slots

START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
HOUR = timedelta(hours=1)
NONE = {"count": 0, "items": [], "groups": []}


def of(world: World, rest: str, practitioner_id: object = None) -> str:
    return f"/v1/practice/practitioners/{practitioner_id or world.practitioner_id}/{rest}"


def named(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), answer.text
    return [(error["in"], error["pointer"]) for error in answer.json()["errors"]]


def off(start: datetime = START, length: timedelta = HOUR, **more: Any) -> dict[str, Any]:
    return {"starts_at": start.isoformat(), "ends_at": (start + length).isoformat(), **more}


def wire(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def trail(world: World, subject: str) -> list[tuple[str, UUID]]:
    """List changes and subjects, sorted by name because the test clock does not advance."""
    return sorted((row.kind, row.subject_id) for row in await world.rows(Change, subject=subject))


# Time off


async def test_during_time_off_nothing_is_offered(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START + timedelta(days=1))
    body = off(START - HOUR, 10 * HOUR, external_ref="leave-118")
    answer = await staff.post(of(world, "time-off"), body)
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "practitioner_id": str(world.practitioner_id),
        "starts_at": wire(START - HOUR),
        "ends_at": wire(START + 9 * HOUR),
        "external_ref": "leave-118",
        "misfits": NONE,
    }
    day: dict[str, Any] = {"from": "2026-12-03", "to": "2026-12-03"}
    assert slots(await api.availability(session_id, **day)) == []
    removed = await staff.delete(of(world, f"time-off/{made['id']}"))
    assert (removed.status_code, removed.content) == (204, b"")
    assert slots(await api.availability(session_id, **day))
    assert (await staff.delete(of(world, f"time-off/{made['id']}"))).status_code == 404
    absence_id = UUID(made["id"])
    assert await trail(world, "time_off") == [("created", absence_id), ("deleted", absence_id)]


async def test_time_off_over_a_session_is_reported_not_refused(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    before = await world.rows(Session)
    answer = await staff.post(of(world, "time-off"), off(START + timedelta(minutes=49)))
    assert answer.status_code == 201
    (misfit,) = answer.json()["misfits"]["items"]
    assert (misfit["id"], misfit["reasons"]) == (str(session_id), ["time_off"])
    assert await world.rows(Session) == before
    changed = await staff.patch(
        of(world, f"time-off/{answer.json()['id']}"),
        {"starts_at": wire(START + timedelta(minutes=50))},
    )
    assert changed.json()["misfits"] == NONE


async def test_a_change_keeps_the_fields_it_does_not_name(staff: Api, world: World) -> None:
    made = (await staff.post(of(world, "time-off"), off(external_ref="a"))).json()
    path = of(world, f"time-off/{made['id']}")
    later = (await staff.patch(path, {"ends_at": wire(START + 3 * HOUR)})).json()
    assert later == made | {"ends_at": wire(START + 3 * HOUR)}
    assert (await staff.patch(path, {"starts_at": None})).json() == later
    assert (await staff.patch(path, {"external_ref": "a"})).json() == later
    assert (await staff.patch(path, {})).json() == later
    assert (await staff.patch(path, {"external_ref": None})).json()["external_ref"] is None
    assert [kind for kind, _ in await trail(world, "time_off")] == ["created"] + ["updated"] * 2


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param(off(length=timedelta(0)), "/ends_at", id="empty"),
        pytest.param(off(length=-HOUR), "/ends_at", id="wrong-way-round"),
        pytest.param(off(length=timedelta(days=731, seconds=1)), "/ends_at", id="too-long"),
        pytest.param(off() | {"starts_at": "2026-12-03T10:00:00"}, "/starts_at", id="no-offset"),
        pytest.param(off() | {"starts_at": None}, "/starts_at", id="null"),
        pytest.param(off(external_ref=""), "/external_ref", id="no-ref"),
        pytest.param(off(external_ref="a\x00"), "/external_ref", id="nul"),
        pytest.param(off(external_ref=" a"), "/external_ref", id="space"),
        pytest.param(off(external_ref="a" * 256), "/external_ref", id="long-ref"),
        pytest.param(off(kind="external"), "/kind", id="unknown-field"),
    ],
)
async def test_bad_time_off_is_named(
    staff: Api, world: World, body: dict[str, Any], pointer: str
) -> None:
    assert named(await staff.post(of(world, "time-off"), body)) == [("body", pointer)]
    assert await world.rows(BusyInterval) == []
    assert await trail(world, "time_off") == []


async def test_two_years_are_accepted_and_a_change_keeps_the_bounds(
    staff: Api, world: World
) -> None:
    answer = await staff.post(of(world, "time-off"), off(length=timedelta(days=731)))
    assert answer.status_code == 201
    path = of(world, f"time-off/{answer.json()['id']}")
    for change in ({"starts_at": wire(START - HOUR)}, {"ends_at": wire(START)}):
        assert named(await staff.patch(path, change)) == [("body", "/ends_at")]


async def test_a_reference_is_used_once_in_the_practice(staff: Api, world: World) -> None:
    other = await world.add_practitioner()
    await staff.post(of(world, "time-off"), off(external_ref="a"))
    for practitioner_id in (None, other):
        again = await staff.post(of(world, "time-off", practitioner_id), off(external_ref="a"))
        assert named(again) == [("body", "/external_ref")]
    free = (await staff.post(of(world, "time-off", other), off())).json()
    path = of(world, f"time-off/{free['id']}", other)
    assert named(await staff.patch(path, {"external_ref": "a"})) == [("body", "/external_ref")]
    by_ref = await staff.put(of(world, "time-off/by-ref/a", other), off())
    assert named(by_ref) == [("path", "/external_ref")]
    assert (await staff.get(of(world, "time-off/by-ref/a", other))).status_code == 404
    elsewhere = await World(world.engine, world.settings).build()
    theirs = staff.signed_in(await elsewhere.key())
    answer = await theirs.post(of(elsewhere, "time-off"), off(external_ref="a"))
    assert answer.status_code == 201


@pytest.mark.parametrize("ref", ["leave-118", "2026/118", "Urlaub%20M%C3%BCller"])
async def test_an_existing_system_pushes_its_time_off_repeatedly(
    staff: Api, world: World, ref: str
) -> None:
    path = of(world, f"time-off/by-ref/{ref}")
    assert (await staff.get(path)).status_code == 404
    first = await staff.put(path, off())
    again = await staff.put(path, off())
    moved = await staff.put(path, off(START + HOUR))
    assert [answer.status_code for answer in (first, again, moved)] == [201, 200, 200]
    assert first.json() == again.json()
    assert moved.json()["id"] == first.json()["id"]
    shown = (await staff.get(path)).json()
    assert shown | {"misfits": NONE} == moved.json()
    assert shown["starts_at"] == wire(START + HOUR)
    assert [kind for kind, _ in await trail(world, "time_off")] == ["created", "updated"]
    (row,) = await world.rows(BusyInterval)
    assert row.kind == "time_off"


async def test_time_off_is_listed_by_local_dates_a_page_at_a_time(staff: Api, world: World) -> None:
    """3 December in New York lasts from 05:00 UTC to 05:00 UTC of the 4th."""
    midnight = START.replace(hour=5)
    inside = [midnight - HOUR / 2, midnight, midnight + 23 * HOUR]
    for start in (midnight - HOUR, *inside, midnight + 24 * HOUR):
        await staff.post(of(world, "time-off"), off(start))
    day: dict[str, Any] = {"from": "2026-12-03", "to": "2026-12-03", "limit": 2}
    first = (await staff.get(of(world, "time-off"), **day)).json()
    second = (await staff.get(of(world, "time-off"), **day, cursor=first["next_cursor"])).json()
    shown = [item["starts_at"] for item in first["items"] + second["items"]]
    assert shown == [wire(start) for start in inside]
    assert second["next_cursor"] is None
    forward: dict[str, Any] = {"limit": 4}
    page = (await staff.get(of(world, "time-off"), **forward)).json()
    rest = (await staff.get(of(world, "time-off"), **forward, cursor=page["next_cursor"])).json()
    assert len(page["items"] + rest["items"]) == 5
    other = await world.add_practitioner()
    for path, query in (
        (of(world, "time-off"), {"limit": 2}),
        (of(world, "time-off", other), day),
        (of(world, "busy-intervals"), day),
    ):
        answer = await staff.get(path, **query, cursor=first["next_cursor"])
        assert named(answer) == [("query", "/cursor")]
    backwards: dict[str, Any] = {"from": "2026-12-03", "to": "2026-12-02"}
    assert named(await staff.get(of(world, "time-off"), **backwards)) == [("query", "/to")]


# Other calendars


def items(*spans: tuple[datetime, datetime]) -> dict[str, Any]:
    return {
        "items": [
            {"starts_at": start.isoformat(), "ends_at": end.isoformat()} for start, end in spans
        ]
    }


async def test_a_source_is_replaced_whole_and_others_stay(
    staff: Api, api: Api, world: World
) -> None:
    session_id = await world.book(START + timedelta(days=1))
    day: dict[str, Any] = {"from": "2026-12-03", "to": "2026-12-03"}
    all_day = (START - HOUR, START + 9 * HOUR)
    path = of(world, "busy-intervals/work")
    await staff.put(of(world, "busy-intervals/home"), items((START, START + HOUR)))
    assert (await staff.put(path, items(all_day))).json() == {
        "source": "work",
        "count": 1,
        "dropped": 0,
        "misfits": (await staff.get(of(world, "misfits"))).json(),
    }
    assert slots(await api.availability(session_id, **day)) == []
    assert (await staff.put(path, items())).json()["count"] == 0
    (left,) = await world.rows(BusyInterval)
    assert (left.source, left.starts_at, left.ends_at) == ("home", START, START + HOUR)
    assert slots(await api.availability(session_id, **day))


async def test_touching_intervals_are_joined_and_fractional_seconds_kept(
    staff: Api, world: World
) -> None:
    tick = timedelta(microseconds=1)
    answer = await staff.put(
        of(world, "busy-intervals/work"),
        items(
            (START + 2 * HOUR, START + 3 * HOUR),
            (START, START + HOUR),
            (START + HOUR, START + HOUR + tick),
            (START + 5 * HOUR, START + 6 * HOUR),
            (START + 5 * HOUR + tick, START + 5 * HOUR + 2 * tick),
            (START + HOUR + 2 * tick, START + HOUR + 3 * tick),
        ),
    )
    assert answer.json()["count"] == 4
    listed = (await staff.get(of(world, "busy-intervals"))).json()["items"]
    assert [(item["starts_at"], item["ends_at"]) for item in listed] == [
        (wire(START), "2026-12-03T16:00:00.000001Z"),
        ("2026-12-03T16:00:00.000002Z", "2026-12-03T16:00:00.000003Z"),
        (wire(START + 2 * HOUR), wire(START + 3 * HOUR)),
        (wire(START + 5 * HOUR), wire(START + 6 * HOUR)),
    ]


async def test_the_same_push_again_writes_nothing(staff: Api, world: World) -> None:
    path = of(world, "busy-intervals/work%20calendar")
    await staff.put(path, items((START, START + HOUR), (START + HOUR, START + 2 * HOUR)))
    before = await world.rows(BusyInterval)
    await staff.put(path, items((START, START + 2 * HOUR)))
    assert await world.rows(BusyInterval) == before
    (entry,) = await world.rows(Change, subject="busy_intervals")
    assert (entry.kind, entry.subject_id) == ("updated", world.practitioner_id)
    assert entry.details == {"source": "work calendar", "intervals": 1, "before": 0}


async def test_5000_intervals_fit_into_a_body(staff: Api, world: World) -> None:
    spans = [
        (START + n * HOUR + timedelta(microseconds=1), START + n * HOUR + HOUR / 2)
        for n in range(5001)
    ]
    path = of(world, "busy-intervals/work")
    assert (await staff.put(path, items(*spans[:5000]))).json()["count"] == 5000
    assert named(await staff.put(path, items(*spans))) == [("body", "/items")]
    assert len(await world.rows(BusyInterval)) == 5000


async def test_a_session_in_time_taken_elsewhere_is_reported(staff: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await staff.put(of(world, "busy-intervals/work"), items((START - HOUR, START + HOUR)))
    (misfit,) = answer.json()["misfits"]["items"]
    assert (misfit["id"], misfit["reasons"]) == (str(session_id), ["busy_elsewhere"])


async def test_busy_intervals_are_listed_by_source_a_page_at_a_time(
    staff: Api, world: World
) -> None:
    for number, source in enumerate(("home", "work")):
        spans = [(START + n * 2 * HOUR, START + (n * 2 + 1) * HOUR) for n in range(number, 3)]
        await staff.put(of(world, f"busy-intervals/{source}"), items(*spans))
    path = of(world, "busy-intervals")
    first = (await staff.get(path, limit=3)).json()
    second = (await staff.get(path, limit=3, cursor=first["next_cursor"])).json()
    found = first["items"] + second["items"]
    assert len({item["id"] for item in found}) == len(found) == 5
    assert sorted(item["starts_at"] for item in found) == [item["starts_at"] for item in found]
    work = (await staff.get(path, source="work")).json()["items"]
    assert {item["source"] for item in work} == {"work"}
    assert len(work) == 2


@pytest.mark.parametrize("source", ["%00", "x" * 256, "%20x", "a%0Ab"])
async def test_a_bad_source_is_named(staff: Api, world: World, source: str) -> None:
    answer = await staff.put(of(world, f"busy-intervals/{source}"), items())
    assert named(answer) == [("path", "/source")]


async def test_a_bad_busy_interval_is_named(staff: Api, world: World) -> None:
    good = (START, START + HOUR)
    body = items(good, (START, START - timedelta(microseconds=1)))
    path = of(world, "busy-intervals/work")
    assert named(await staff.put(path, body)) == [("body", "/items/1/ends_at")]
    assert await world.rows(BusyInterval) == []


async def test_an_interval_without_length_is_dropped_and_counted(staff: Api, world: World) -> None:
    path = of(world, "busy-intervals/work")
    late = START + 5 * HOUR
    body = items((START, START), (START, START + HOUR), (late, late))
    answer = (await staff.put(path, body)).json()
    assert (answer["count"], answer["dropped"]) == (1, 2)
    (kept,) = await world.rows(BusyInterval)
    assert (kept.starts_at, kept.ends_at) == (START, START + HOUR)
    answer = (await staff.put(path, items((START, START)))).json()
    assert (answer["count"], answer["dropped"]) == (0, 1)
    assert await world.rows(BusyInterval) == []


@pytest.mark.parametrize("source", ["ana/work", "/ana/", "by-ref/x", "a b", "é/ü", "x" * 255])
async def test_a_source_allows_the_same_text_as_a_reference(
    staff: Api, world: World, source: str
) -> None:
    path = of(world, f"busy-intervals/{quote(source, safe='')}")
    answer = await staff.put(path, items((START, START + HOUR)))
    assert answer.status_code == 200, answer.text
    assert answer.json()["source"] == source
    (listed,) = (await staff.get(of(world, "busy-intervals"), source=source)).json()["items"]
    assert listed["source"] == source


async def test_time_off_is_no_outside_busy_time(staff: Api, world: World) -> None:
    await staff.put(of(world, "busy-intervals/work"), items((START, START + HOUR)))
    (row,) = await world.rows(BusyInterval)
    assert (await staff.delete(of(world, f"time-off/{row.id}"))).status_code == 404
    assert (await staff.get(of(world, "time-off"))).json()["items"] == []


# Permissions

READS = ["time-off", "busy-intervals"]
WRITES: list[tuple[str, str, Any]] = [
    ("post", "time-off", off()),
    ("put", "time-off/by-ref/a", off()),
    ("patch", "time-off/{id}", {"ends_at": wire(START + 5 * HOUR)}),
    ("put", "busy-intervals/work", items((START, START + HOUR))),
    ("delete", "time-off/{id}", None),
]


async def send(api: Api, method: str, path: str, body: Any) -> Any:
    return await api.http.request(
        method, path, json=body, headers={"Authorization": f"Bearer {api.token}"}
    )


async def test_another_practices_practitioner_gets_the_404_of_an_unknown_one(
    staff: Api, world: World
) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    theirs = staff.signed_in(await elsewhere.key())
    absence = (await theirs.post(of(elsewhere, "time-off"), off())).json()["id"]
    before = [await elsewhere.rows(table) for table in (BusyInterval, Change)]
    for practitioner_id in (elsewhere.practitioner_id, uuid4(), "not-an-id"):
        for path in (*READS, "time-off/by-ref/a"):
            assert (await staff.get(of(world, path, practitioner_id))).status_code == 404
        for method, path, body in WRITES:
            address = of(world, path.format(id=absence), practitioner_id)
            assert (await send(staff, method, address, body)).status_code == 404
    for method, path, body in (WRITES[2], WRITES[4]):
        for absence_id in (absence, uuid4(), "not-an-id"):
            address = of(world, path.format(id=absence_id))
            assert (await send(staff, method, address, body)).status_code == 404
    assert before == [await elsewhere.rows(table) for table in (BusyInterval, Change)]
    assert await world.rows(BusyInterval) == []


async def test_a_read_key_changes_nothing(staff: Api, world: World) -> None:
    absence = (await staff.post(of(world, "time-off"), off())).json()["id"]
    before = await world.rows(BusyInterval)
    reader = staff.signed_in(await world.key(Scope.READ))
    writer = staff.signed_in(await world.key(Scope.WRITE))
    for path in READS:
        assert (await reader.get(of(world, path))).status_code == 200
    for method, path, body in WRITES:
        address = of(world, path.format(id=absence))
        answer = await send(reader, method, address, body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await world.rows(BusyInterval) == before
    for method, path, body in WRITES:
        answer = await send(writer, method, of(world, path.format(id=absence)), body)
        assert answer.is_success
