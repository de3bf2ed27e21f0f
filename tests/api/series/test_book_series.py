"""Booking a series: all dates or none, at the same local time, each an ordinary session."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client, Practitioner, Service
from app.tables.series import Series
from app.tables.sessions import CreditRedemption, Session
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
SERIES = "/v1/practice/series"
NEW_YORK = ZoneInfo("America/New_York")


def a_series(world: World, start: datetime = START, **values: Any) -> dict[str, Any]:
    first = {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
    }
    return first | {"every": {"weeks": 1}, "count": 3} | values


async def book(staff: Api, world: World, **values: Any) -> Response:
    return await staff.post(SERIES, a_series(world, **values))


async def booked(staff: Api, world: World, **values: Any) -> Any:
    answer = await book(staff, world, **values)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def nothing_booked(world: World) -> bool:
    return not [*await world.rows(Session), *await world.rows(Series)]


async def test_each_date_is_an_ordinary_session_with_its_place_in_the_series(
    staff: Api, api: Api, world: World
) -> None:
    answer = await booked(staff, world)
    series = answer["series"]
    assert [found["starts_at_utc"] for found in series["sessions"]] == [
        "2026-12-03T15:00:00Z",
        "2026-12-10T15:00:00Z",
        "2026-12-17T15:00:00Z",
    ]
    for position, found in enumerate(series["sessions"], start=1):
        place = {"id": series["id"], "position": position, "of": 3}
        assert found["series"] == place
        assert (await api.session(found["id"]))["series"] == place
        assert found["version"] == 1
    assert answer["conflicts"] == []
    changes = await world.rows(Change, kind="booked")
    assert {str(row.command_id) for row in changes} == {answer["command_id"]}
    mails = await world.rows(Notification, kind="booked")
    assert sorted(row.recipient for row in mails) == ["client", "practitioner"]
    assert len(await world.rows(Notification, kind="reminder")) == 3
    assert [date["session_id"] for date in answer["dates"]] == [
        found["id"] for found in series["sessions"]
    ]


async def test_a_single_session_has_no_series(api: Api, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    assert (await api.session(session_id))["series"] is None
    listed = (await staff.get("/v1/practice/sessions")).json()["items"]
    assert [found["series"] for found in listed] == [None]


async def test_the_series_is_shown_with_its_sessions_and_lists_filter_by_it(
    staff: Api, world: World
) -> None:
    await world.book(START + timedelta(hours=2))
    series = (await booked(staff, world))["series"]
    shown = (await staff.get(f"{SERIES}/{series['id']}")).json()
    assert shown == series
    assert shown["time_zone"] == "America/New_York"
    listed = (await staff.get("/v1/practice/sessions", series=series["id"])).json()["items"]
    assert [found["id"] for found in listed] == [found["id"] for found in series["sessions"]]


async def test_another_practices_series_is_unknown(staff: Api, world: World, api: Api) -> None:
    series = (await booked(staff, world))["series"]
    other = await World(world.engine, world.settings).build()
    answer = await api.signed_in(await other.key()).get(f"{SERIES}/{series['id']}")
    assert answer.status_code == 404


async def test_a_series_until_an_instant_includes_a_start_exactly_then(
    staff: Api, world: World
) -> None:
    until = (START + 2 * WEEK).isoformat()
    assert len((await booked(staff, world, count=None, until=until))["dates"]) == 3


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        pytest.param({"count": None}, "/count", id="neither"),
        pytest.param({"until": "2027-01-01T00:00:00Z"}, "/until", id="both"),
        pytest.param({"count": 101}, "/count", id="too-many"),
        pytest.param({"count": None, "until": "2029-12-01T00:00:00Z"}, "/until", id="too-far"),
        pytest.param({"count": None, "until": "2026-12-01T00:00:00Z"}, "/until", id="before"),
        pytest.param({"group_id": str(UUID(int=1))}, "/group_id", id="seat-of-a-group"),
        pytest.param({"external_ref": "one"}, "/external_ref", id="one-ref-for-all"),
        pytest.param({"every": {}}, "/every", id="no-distance"),
        pytest.param({"every": {"weeks": 1, "days": 1}}, "/every", id="two-distances"),
        pytest.param({"every": {"weeks": 0}}, "/every/weeks", id="no-weeks"),
        pytest.param({"client_id": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f"}, "/client_id", id="who"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_booked(
    staff: Api, world: World, values: dict[str, Any], pointer: str
) -> None:
    answer = await book(staff, world, **values)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await nothing_booked(world)


async def test_the_local_time_stays_over_the_practitioners_clock_change(
    staff: Api, world: World
) -> None:
    """Clocks in New York go forward on 14 March 2027; the client lives half a world away."""
    await world.change(Client, world.client_id, time_zone="Pacific/Auckland")
    start = datetime(2027, 2, 22, 15, 0, tzinfo=NEW_YORK)
    dates = (await booked(staff, world, start=start, count=6))["dates"]
    times = [datetime.fromisoformat(date["starts_at"]) for date in dates]
    assert {time.astimezone(NEW_YORK).time() for time in times} == {start.time()}
    assert len({time.utcoffset() for time in times}) == 2


async def test_a_conflict_refuses_the_whole_series_and_names_the_nearest_times(
    staff: Api, world: World
) -> None:
    taken = await world.book(START + WEEK)
    answer = await book(staff, world)
    assert answer.status_code == 409
    assert answer.json()["code"] == "scope-conflicts"
    (conflict,) = answer.json()["conflicts"]
    assert conflict["session_id"] is None
    assert conflict["wanted"] == "2026-12-10T10:00:00-05:00"
    assert [slot["start"] for slot in conflict["alternatives"]] == [
        "2026-12-10T09:00:00-05:00",
        "2026-12-10T11:00:00-05:00",
        "2026-12-10T11:30:00-05:00",
    ]
    assert [row.id for row in await world.rows(Session)] == [taken]
    assert await world.rows(Series) == []


async def test_conflicts_can_be_left_out_and_the_answer_says_so(staff: Api, world: World) -> None:
    await world.book(START + WEEK)
    answer = await booked(staff, world, skip_conflicts=True)
    assert [date["starts_at"] for date in answer["dates"]] == [
        "2026-12-03T10:00:00-05:00",
        "2026-12-17T10:00:00-05:00",
    ]
    assert [conflict["wanted"] for conflict in answer["conflicts"]] == ["2026-12-10T10:00:00-05:00"]
    places = [found["series"] for found in answer["series"]["sessions"]]
    assert [(place["position"], place["of"]) for place in places] == [(1, 2), (2, 2)]


async def test_a_series_without_any_free_date_is_refused_also_without_conflicts(
    staff: Api, world: World
) -> None:
    sunday = START + timedelta(days=3)
    answer = await book(staff, world, start=sunday, skip_conflicts=True)
    assert answer.json()["code"] == "scope-conflicts"
    assert await nothing_booked(world)


async def test_dates_that_overlap_one_another_are_conflicts(staff: Api, world: World) -> None:
    """A session of 23 hours with a buffer of two leaves no room for the next day's."""
    await world.change(Service, world.service_id, buffer_after_minutes=120)
    values = {"every": {"days": 1}, "duration_minutes": 1380, "force": True}
    answer = await book(staff, world, count=3, **values)
    assert len(answer.json()["conflicts"]) == 1


async def test_force_books_outside_working_hours_but_never_over_a_session(
    staff: Api, world: World
) -> None:
    night = START + timedelta(hours=10)
    await world.book(night + WEEK)
    assert len((await book(staff, world, start=night)).json()["conflicts"]) == 3
    answer = await book(staff, world, start=night, force=True)
    assert len(answer.json()["conflicts"]) == 1
    assert (
        len((await booked(staff, world, start=night, force=True, skip_conflicts=True))["dates"])
        == 2
    )


async def test_an_appointment_of_the_client_elsewhere_is_a_conflict(
    staff: Api, world: World
) -> None:
    colleague = await world.add_practitioner()
    await world.book(START + WEEK, practitioner_id=colleague)
    assert len((await book(staff, world)).json()["conflicts"]) == 1


async def test_a_preview_shows_dates_and_conflicts_and_writes_nothing(
    staff: Api, world: World
) -> None:
    await world.book(START + WEEK)
    before = len(await world.rows(Change))
    answer = await book(staff, world, preview=True)
    assert answer.status_code == 200
    assert answer.json()["series"] is None
    assert [date["session_id"] for date in answer.json()["dates"]] == [None, None]
    assert len(answer.json()["conflicts"][0]["alternatives"]) == 3
    assert len(await world.rows(Session)) == 1
    assert len(await world.rows(Change)) == before
    assert await world.rows(Series) == []


async def test_dates_beyond_the_horizon_have_alternatives_too(staff: Api, world: World) -> None:
    far = START + 40 * WEEK
    await world.book(far)
    conflicts = (await book(staff, world, start=far, preview=True)).json()["conflicts"]
    assert [len(conflict["alternatives"]) for conflict in conflicts] == [3]


async def test_each_date_takes_one_credit(staff: Api, world: World) -> None:
    package_id = await world.add_package()
    await booked(staff, world, package_id=str(package_id))
    redeemed = await world.rows(CreditRedemption)
    assert len({row.session_id for row in redeemed}) == len(redeemed) == 3


async def test_too_few_credits_book_nothing(staff: Api, world: World) -> None:
    package_id = await world.add_package(credits=2)
    answer = await book(staff, world, package_id=str(package_id))
    assert answer.json()["code"] == "credit-unavailable"
    assert await nothing_booked(world)
    assert await world.rows(CreditRedemption) == []


async def test_each_date_keeps_the_policy_of_the_booking(staff: Api, world: World) -> None:
    policy_id = await world.add_policy({"cancel": {"enabled": False}})
    await booked(staff, world)
    assert {row.policy_version_id for row in await world.rows(Session)} == {policy_id}


async def test_moving_one_of_a_series_moves_only_that_one_and_books_nothing(
    staff: Api, api: Api, world: World
) -> None:
    series = (await booked(staff, world))["series"]
    first, second, third = (found["id"] for found in series["sessions"])
    answer = await api.reschedule(second, START + WEEK + timedelta(days=1))
    assert answer.status_code == 200, answer.text
    shown = (await staff.get(f"{SERIES}/{series['id']}")).json()["sessions"]
    assert [found["id"] for found in shown] == [first, second, third]
    assert [found["version"] for found in shown] == [1, 2, 1]
    assert len(await world.rows(Session)) == 3


async def test_cancelling_one_of_a_series_cancels_only_that_one(
    staff: Api, api: Api, world: World
) -> None:
    series = (await booked(staff, world))["series"]
    assert (await api.cancel(series["sessions"][0]["id"])).status_code == 200
    shown = (await staff.get(f"{SERIES}/{series['id']}")).json()["sessions"]
    assert [found["status"] for found in shown] == ["cancelled", "booked", "booked"]


async def test_booking_a_series_needs_a_key_with_write(api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert (await book(reader, world)).status_code == 403
    assert await nothing_booked(world)


async def test_without_notify_nobody_gets_mail_about_the_booking(staff: Api, world: World) -> None:
    answer = await booked(staff, world, notify=False)
    kinds = {row.kind for row in await world.rows(Notification)}
    assert kinds == {"reminder"}
    changes = await world.rows(Change, kind="booked")
    assert {str(row.command_id) for row in changes} == {answer["command_id"]}


async def test_an_inactive_practitioner_takes_no_series(staff: Api, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, active=False)
    answer = await book(staff, world)
    assert answer.json()["errors"][0]["pointer"] == "/practitioner_id"


async def test_a_series_over_a_hundred_years_can_be_booked_and_read(
    staff: Api, api: Api, world: World
) -> None:
    start = datetime(2199, 12, 2, 10, 0, tzinfo=NEW_YORK)
    values = {"every": {"months": 12}, "force": True}
    dates = (await booked(staff, world, start=start, count=100, **values))["dates"]
    assert dates[-1]["starts_at"].startswith("2298-12-02T10:00")
    assert (await api.session(UUID(dates[-1]["session_id"])))["series"]["position"] == 100
