"""Moving a session and those that follow it: same number of local days, same local time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Practitioner, Service
from app.tables.sessions import Fee, Session
from app.tables.taken_times import TakenTime
from tests.api.series.conftest import Booked
from tests.world import NOW, Api, TestClock, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SESSIONS = "/v1/practice/sessions"
LATE_FEE = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]},
    "reschedule": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]},
}


async def move(api: Api, session_id: str, start: datetime, **body: Any) -> Response:
    return await api.reschedule(UUID(session_id), start, **({"scope": "this_and_following"} | body))


async def move_by_staff(staff: Api, session_id: str, start: datetime, **body: Any) -> Response:
    return await staff.reschedule_by_staff(
        session_id, start, **({"scope": "this_and_following"} | body)
    )


async def starts(api: Api, ids: list[str]) -> list[datetime]:
    shown = [await api.session(UUID(id_)) for id_ in ids]
    return [datetime.fromisoformat(one["starts_at_utc"]) for one in shown]


def weekly(first: datetime, count: int = 4) -> list[datetime]:
    return [first + number * WEEK for number in range(count)]


async def test_the_following_move_by_the_same_days_to_the_same_time_and_earlier_ones_stay(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    answer = await move(api, ids[1], START + WEEK + DAY + HOUR)
    assert answer.status_code == 200, answer.text
    assert await starts(api, ids) == [START, *weekly(START + WEEK + DAY + HOUR, 3)]
    assert [one["touched"] for one in answer.json()["sessions"]] == [True] * 3
    rows = {str(row.id): row for row in await world.rows(Session)}
    assert [rows[id_].series_starts_at for id_ in ids] == await starts(api, ids)
    assert [rows[id_].client_moves for id_ in ids] == [0, 1, 1, 1]
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("zone", "wall", "client_zone"),
    [
        pytest.param(NEW_YORK, "2027-02-15T10:00", "America/New_York", id="new-york"),
        pytest.param(LONDON, "2027-02-22T10:00", "Europe/London", id="london"),
        pytest.param(LORD_HOWE, "2027-03-01T10:00", "Australia/Lord_Howe", id="lord-howe"),
        pytest.param(NEW_YORK, "2027-02-15T10:00", "Pacific/Auckland", id="half-a-world"),
    ],
)
async def test_over_a_clock_change_nine_local_times_stay_equal_and_the_moved_date_is_untouched(
    api: Api,
    world: World,
    book_series: Booked,
    zone: ZoneInfo,
    wall: str,
    client_zone: str,
) -> None:
    await world.change(Practitioner, world.practitioner_id, time_zone=zone.key)
    await world.change(Client, world.client_id, time_zone=client_zone)
    await world.change(Service, world.service_id, horizon_days=365)
    first = datetime.fromisoformat(wall).replace(tzinfo=zone)
    ids = await book_series(first, 10)
    alone = (first + 4 * WEEK).replace(hour=14) + DAY
    assert (await api.reschedule(UUID(ids[4]), alone)).status_code == 200

    answer = await move(api, ids[0], first.replace(hour=11) + DAY)
    assert answer.status_code == 200, answer.text
    moved = await starts(api, ids)
    assert moved.pop(4) == alone.astimezone(UTC)
    local = [start.astimezone(zone) for start in moved]
    assert {(one.hour, one.minute, one.weekday()) for one in local} == {(11, 0, 1)}
    assert len({one.utcoffset() for one in local}) == 2
    touched = {one["session_id"]: one["touched"] for one in answer.json()["sessions"]}
    assert touched == {id_: id_ != ids[4] for id_ in ids}
    changes = [row for row in await world.rows(Change) if row.kind == "rescheduled"]
    together = [row for row in changes if str(row.session_id) != ids[4]]
    assert len(together) == 9
    assert {str(row.command_id) for row in together} == {answer.json()["command_id"]}
    mails = [
        row.recipient
        for row in await world.rows(Notification, kind="rescheduled")
        if row.change_id in {row.id for row in together}
    ]
    assert sorted(mails) == ["client", "practitioner"]
    assert len([row for row in changes if str(row.session_id) == ids[4]]) == 1


async def test_sessions_of_the_series_do_not_block_one_another(
    api: Api, world: World, book_series: Booked
) -> None:
    """Each one moves to the old time of the next, and back."""
    ids = await book_series(START)
    assert (await move(api, ids[0], START + WEEK)).status_code == 200
    assert await starts(api, ids) == weekly(START + WEEK)
    assert (await move(api, ids[0], START)).status_code == 200
    assert await starts(api, ids) == weekly(START)
    half_an_hour = timedelta(minutes=30)
    assert (await move(api, ids[0], START + half_an_hour)).status_code == 200
    assert len(await world.rows(TakenTime)) == 4


async def test_a_conflict_changes_nothing_and_names_the_nearest_times(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    other = await world.add_client(email="bo@client.example")
    await world.book(START + 2 * WEEK + HOUR, client_id=other)
    answer = await move(api, ids[0], START + HOUR)
    assert (answer.status_code, answer.json()["code"]) == (409, "scope-conflicts")
    (conflict,) = answer.json()["conflicts"]
    assert conflict["session_id"] == ids[2]
    assert conflict["wanted"] == "2026-12-17T11:00:00-05:00"
    assert [slot["start"] for slot in conflict["alternatives"]] == [
        "2026-12-17T12:00:00-05:00",
        "2026-12-17T09:30:00-05:00",
        "2026-12-17T12:30:00-05:00",
    ]
    assert await starts(api, ids) == weekly(START)


async def test_an_override_or_keep_resolves_a_conflict(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    other = await world.add_client(email="bo@client.example")
    await world.book(START + 2 * WEEK + HOUR, client_id=other)
    noon = START + 2 * WEEK + 2 * HOUR
    override = {"session_id": ids[2], "start": noon.isoformat()}
    answer = await move(api, ids[0], START + HOUR, overrides=[override])
    assert answer.status_code == 200, answer.text
    wanted = weekly(START + HOUR)
    assert await starts(api, ids) == [wanted[0], wanted[1], noon, wanted[3]]
    rows = {str(row.id): row.series_starts_at for row in await world.rows(Session)}
    assert rows[ids[2]] == wanted[2]

    answer = await move(api, ids[0], START, keep=[ids[1]])
    assert answer.status_code == 200, answer.text
    assert await starts(api, ids) == [START, wanted[1], noon, START + 3 * WEEK]
    assert [one["why"] for one in answer.json()["sessions"]] == [None, "kept", "moved", None]


async def test_a_kept_session_blocks_its_time(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    answer = await move(api, ids[0], START + WEEK, keep=[ids[1]])
    conflicts = answer.json()["conflicts"]
    assert [conflict["session_id"] for conflict in conflicts] == [ids[0]]


async def test_a_moved_session_that_is_taken_along_returns_to_the_rhythm(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    await api.reschedule(UUID(ids[1]), START + WEEK + DAY)
    answer = await move(api, ids[0], START + 2 * HOUR, include_moved=True)
    assert answer.status_code == 200, answer.text
    assert await starts(api, ids) == weekly(START + 2 * HOUR)


async def test_the_others_follow_a_session_that_was_moved_alone_before(
    api: Api, book_series: Booked
) -> None:
    """Its own start is as requested already; the others come to the same day and time."""
    ids = await book_series(START)
    await api.reschedule(UUID(ids[0]), START + DAY)
    answer = await move(api, ids[0], START + DAY)
    assert answer.status_code == 200, answer.text
    assert [one["touched"] for one in answer.json()["sessions"]] == [False, True, True, True]
    assert await starts(api, ids) == weekly(START + DAY)
    assert (await move(api, ids[0], START + DAY)).json()["code"] == "no-change"


async def test_a_format_changes_for_all_or_stays_for_each(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    await api.reschedule(UUID(ids[2]), START + 2 * WEEK, format="phone")
    assert (await move(api, ids[0], START + HOUR)).status_code == 200
    kinds = [(await api.session(UUID(id_)))["format"]["kind"] for id_ in ids]
    assert kinds == ["video", "video", "phone", "video"]
    assert (await move(api, ids[0], START + DAY, format="phone")).status_code == 200
    kinds = [(await api.session(UUID(id_)))["format"]["kind"] for id_ in ids]
    assert kinds == ["phone"] * 4


async def test_only_the_format_of_all_can_change(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    answer = await move(api, ids[0], START, format="phone")
    assert answer.status_code == 200, answer.text
    assert await starts(api, ids) == weekly(START)
    shown = [await api.session(UUID(id_)) for id_ in ids]
    assert {one["format"]["kind"] for one in shown} == {"phone"}


async def test_each_session_counts_once_against_its_limit(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    ids = await book_series(START)
    await api.reschedule(UUID(ids[2]), START + 2 * WEEK + DAY)
    assert (await move(api, ids[0], START + HOUR)).status_code == 200
    again = await move(api, ids[1], START + WEEK + 2 * HOUR)
    assert (again.json()["code"], again.json()["refusal"]) == (
        "scope-refused",
        "reschedule-limit-reached",
    )
    assert again.json()["session_id"] == ids[1]


async def test_fees_need_one_quote_over_all_sessions(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    refused = await move(api, ids[0], START + HOUR)
    assert refused.json()["code"] == "quote-required"
    assert refused.json()["preview"]["action"] == "reschedule"
    quote = refused.json()["preview"]["quote"]
    answer = await move(api, ids[0], START + HOUR, quote=quote)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"]["amount_minor"] == 4500
    assert [row.amount_minor for row in await world.rows(Fee)] == [4500]


async def test_the_preview_shows_where_each_session_goes_and_the_conflicts(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    other = await world.add_client(email="bo@client.example")
    await world.book(START + WEEK + HOUR, client_id=other)
    start = (START + HOUR).isoformat()
    answer = await api.get(f"/v1/sessions/{ids[0]}/scope", action="reschedule", start=start)
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert [one["new_starts_at"] for one in shown["sessions"]][:2] == [
        "2026-12-03T11:00:00-05:00",
        "2026-12-10T11:00:00-05:00",
    ]
    assert [conflict["session_id"] for conflict in shown["conflicts"]] == [ids[1]]
    assert await starts(api, ids) == weekly(START)


async def test_a_time_outside_the_clients_rules_is_a_conflict(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    off_step = await move(api, ids[0], START + timedelta(minutes=10))
    sunday = await move(api, ids[0], START + 3 * DAY)
    assert [len(answer.json()["conflicts"]) for answer in (off_step, sunday)] == [4, 4]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"overrides": [{"session_id": "A", "start": "B"}]}, "/overrides/0", id="form"),
        pytest.param({"overrides": "FIRST"}, "/overrides", id="named"),
        pytest.param({"overrides": "TWICE"}, "/overrides", id="twice"),
        pytest.param({"overrides": "TWICE", "scope": "this"}, "/overrides", id="of-one"),
        pytest.param(
            {"format": "in_person", "location_id": str(UUID(int=3))}, "/location_id", id="l"
        ),
    ],
)
async def test_a_wrong_override_is_named_and_changes_nothing(
    api: Api, book_series: Booked, body: dict[str, Any], pointer: str
) -> None:
    ids = await book_series(START)
    one = {"session_id": ids[0], "start": (START + DAY).isoformat()}
    two = {"session_id": ids[1], "start": (START + DAY).isoformat()}
    given = {"FIRST": [one], "TWICE": [two, two]}
    if isinstance(body.get("overrides"), str):
        body = body | {"overrides": given[body["overrides"]]}
    answer = await move(api, ids[0], START + HOUR, **body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert await starts(api, ids) == weekly(START)


async def test_a_cancelled_session_cannot_lead_a_move(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    await api.cancel(UUID(ids[0]))
    assert (await move(api, ids[0], START + HOUR)).json()["code"] == "session-not-booked"


async def test_staff_move_the_following_without_counting_them(
    api: Api, staff: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    answer = await move_by_staff(staff, ids[1], START + WEEK + timedelta(minutes=10))
    assert answer.status_code == 200, answer.text
    assert await starts(api, ids) == [START, *weekly(START + WEEK + timedelta(minutes=10), 3)]
    assert {row.client_moves for row in await world.rows(Session)} == {0}
    assert answer.json()["session"]["id"] == ids[1]
    assert len(answer.json()["sessions"]) == 3


async def test_staff_need_force_outside_working_hours_and_never_overlap_a_session(
    staff: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    night = START + 10 * HOUR
    answer = await move_by_staff(staff, ids[0], night)
    assert len(answer.json()["conflicts"]) == 4
    assert len(answer.json()["conflicts"][0]["alternatives"]) == 3
    other = await world.add_client(email="bo@client.example")
    await world.book(night + WEEK, client_id=other)
    answer = await move_by_staff(staff, ids[0], night, force=True)
    assert [conflict["session_id"] for conflict in answer.json()["conflicts"]] == [ids[1]]
    answer = await move_by_staff(staff, ids[0], night, force=True, keep=[ids[1]])
    assert answer.status_code == 200, answer.text


async def test_limits_of_sessions_per_day_count_the_moved_ones_at_their_new_times(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.change_practitioner(sessions_per_day=1)
    ids = await book_series(START)
    assert (await move(api, ids[0], START + HOUR)).status_code == 200
    other = await world.add_client(email="bo@client.example")
    await world.book(START + WEEK + DAY, client_id=other)
    answer = await move(api, ids[0], START + DAY)
    assert [conflict["session_id"] for conflict in answer.json()["conflicts"]] == [ids[1]]


@pytest.mark.slow
async def test_a_hundred_sessions_move_in_one_command(
    staff: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START, 100)
    answer = await move_by_staff(staff, ids[0], START + HOUR)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["sessions"]) == 100
    local = {row.starts_at.astimezone(NEW_YORK).time() for row in await world.rows(Session)}
    assert len(local) == 1


async def test_a_link_moves_the_following(api: Api, world: World, book_series: Booked) -> None:
    ids = await book_series(START)
    opened = await api.open_link(world.link_token(UUID(ids[1])))
    by_link = api.signed_in(opened.json()["access_token"])
    assert (await move(by_link, ids[1], START + WEEK + HOUR)).status_code == 200
    assert await starts(api, ids) == [START, *weekly(START + WEEK + HOUR, 3)]


async def test_a_move_that_comes_too_late_for_one_session_is_refused_for_all(
    world: World, api: Api, clock: TestClock, book_series: Booked
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    ids = await book_series(START)
    clock.now = START - HOUR
    api = api.signed_in(world.token())
    refused = await move(api, ids[0], START + 2 * HOUR)
    assert (refused.json()["code"], refused.json()["session_id"]) == ("scope-refused", ids[0])
    assert await starts(api, ids) == weekly(START)


async def test_a_seat_of_a_group_is_cancelled_alone_and_does_not_move_with_others(
    api: Api, staff: Api, world: World
) -> None:
    group = {
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "start": START.isoformat(),
        "format": "video",
        "seats": 8,
    }
    made = await staff.post("/v1/practice/groups", group)
    assert made.status_code == 201, made.text
    seat = {"group_id": made.json()["id"], "client_id": str(world.client_id)}
    booked = await staff.post(SESSIONS, seat)
    assert booked.status_code == 201, booked.text
    session_id = booked.json()["session"]["id"]
    start = (START + DAY).isoformat()
    path = f"/v1/sessions/{session_id}/scope"
    asked: dict[str, Any] = {"action": "reschedule", "start": start}
    shown = await api.get(path, **asked, scope="this")
    assert [one["new_starts_at"] for one in shown.json()["sessions"]] == [None]
    to_group = {"group_id": made.json()["id"], "scope": "this_and_following"}
    to_group |= {"reason": {"note": "Work."}}
    for answer, where in (
        (await move(api, session_id, START + DAY), "body"),
        (await api.post(f"/v1/sessions/{session_id}/reschedule", to_group), "body"),
        (await move_by_staff(staff, session_id, START + DAY), "body"),
        (
            await staff.post(
                f"{SESSIONS}/{session_id}/reschedule", to_group | {"charge_fee": False}
            ),
            "body",
        ),
        (await api.get(path, **asked), "query"),
        (await api.get(path, action="reschedule"), "query"),
    ):
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert (error["pointer"], error["in"]) == ("/scope", where)
    done = await api.cancel(UUID(session_id), scope="this_and_following")
    assert done.status_code == 200, done.text
    assert [one["status"] for one in done.json()["sessions"]] == ["cancelled"]


async def test_the_horizon_binds_the_named_session_and_the_others_keep_their_distance(
    api: Api, world: World, book_series: Booked
) -> None:
    """The horizon of 60 days ends between the second and the third session."""
    ids = await book_series(START + 7 * WEEK)
    answer = await move(api, ids[0], START + 7 * WEEK + HOUR)
    assert answer.status_code == 200, answer.text
    beyond = await move(api, ids[2], START + 9 * WEEK + 2 * HOUR)
    assert [conflict["session_id"] for conflict in beyond.json()["conflicts"]] == [ids[2]]

    other = await world.add_client(email="bo@client.example")
    await world.book(START + 9 * WEEK + 2 * HOUR, client_id=other)
    taken = await move(api, ids[0], START + 7 * WEEK + 2 * HOUR)
    (conflict,) = taken.json()["conflicts"]
    assert conflict["session_id"] == ids[2]
    assert len(conflict["alternatives"]) == 3
    far = {"session_id": ids[2], "start": (START + 14 * WEEK).isoformat()}
    answer = await move(api, ids[0], START + 7 * WEEK + 2 * HOUR, overrides=[far])
    assert [conflict["session_id"] for conflict in answer.json()["conflicts"]] == [ids[2]]
