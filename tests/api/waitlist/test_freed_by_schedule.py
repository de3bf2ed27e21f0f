"""Times are offered that a change of hours, holidays or busy times frees, and early no-shows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.domain.freed import MOST_FREED
from app.tables.changes import Change
from app.tables.practices import Service, WorkingHours
from app.tables.waitlist import FreedTime, Offer, Wish
from app.waitlist.freed_queries import add_freed_times
from tests.groups import add_group, add_seat
from tests.holds import put_hold
from tests.waiting import DAY, FREED, HOUR, LATE, MINUTE, TICK, WISHES, Waiting, put_wish
from tests.world import NOW, REASON, TestClock, World

SATURDAY = {"weekday": 6, "start": "10:00", "end": "12:00", "format": None, "location_id": None}


def of(world: World, what: str) -> str:
    return f"/v1/practice/practitioners/{world.practitioner_id}/{what}"


async def put(waiting: Waiting, path: str, **body: Any) -> None:
    answer = await waiting.staff.put(path, body)
    assert answer.is_success, answer.text


async def put_busy(waiting: Waiting, *times: tuple[Any, Any], source: str = "work") -> None:
    items = [{"starts_at": start.isoformat(), "ends_at": end.isoformat()} for start, end in times]
    await put(waiting, of(waiting.world, f"busy-intervals/{source}"), items=items)


async def weekdays(world: World, **more: Any) -> list[dict[str, Any]]:
    """Give the weekly hours as they are, 9:00 to 17:00 on weekdays, and one more interval."""
    assert len(await world.rows(WorkingHours)) == 5
    base = {"start": "09:00", "end": "17:00", "format": None, "location_id": None}
    return [*({"weekday": day} | base for day in range(1, 6)), *([more] if more else [])]


async def offered(waiting: Waiting) -> Any:
    """Let the worker run; give the row of the only offer."""
    await waiting.work()
    (offer,) = await waiting.world.rows(Offer)
    return offer


async def freed_days(world: World) -> list[str]:
    return sorted(row.starts_at.isoformat() for row in await world.rows(FreedTime))


# A day on which everything is taken elsewhere, so that only what is freed is on offer.
DAY_START = FREED.replace(hour=5) - DAY
DAY_END = DAY_START + DAY


@pytest.mark.parametrize("how", ["gone", "shorter", "earlier"])
async def test_an_outside_busy_time_that_goes_or_becomes_shorter_is_offered(
    how: str, waiting: Waiting
) -> None:
    await put_busy(waiting, (DAY_START, DAY_END))
    await waiting.wish()
    left = {
        "gone": [],
        "shorter": [(DAY_START, DAY_START + 15 * HOUR)],
        "earlier": [(DAY_START + 10 * HOUR, DAY_END), (NOW + DAY, NOW + DAY + HOUR)],
    }[how]
    await put_busy(waiting, *left)
    offer = await offered(waiting)
    first = {"gone": 9, "shorter": 15, "earlier": 9}[how]
    assert (offer.starts_at, offer.session_id) == (
        DAY_START + first * HOUR,
        waiting.session_id,
    )
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200


async def test_the_trail_names_what_the_source_has_freed(waiting: Waiting, world: World) -> None:
    await put_busy(waiting, (DAY_START, DAY_END), (NOW - DAY, NOW - HOUR))
    await put_busy(waiting, (DAY_START + HOUR, DAY_END))
    first, second = sorted(
        await world.rows(Change, subject="busy_intervals"), key=lambda row: row.details["before"]
    )
    assert "freed" not in first.details
    assert second.details == {
        "source": "work",
        "intervals": 1,
        "before": 2,
        "freed": [{"starts_at": DAY_START.isoformat(), "ends_at": (DAY_START + HOUR).isoformat()}],
    }


async def test_a_time_that_another_source_takes_is_not_offered(
    waiting: Waiting, world: World
) -> None:
    await put_busy(waiting, (DAY_START, DAY_END))
    await put_busy(waiting, (DAY_START, DAY_END), source="private")
    await waiting.wish()
    await put_busy(waiting)
    await waiting.work()
    assert await world.rows(Offer) == []
    assert len(await world.rows(FreedTime)) == 1
    await put_busy(waiting, source="private")
    assert (await offered(waiting)).starts_at == DAY_START + 9 * HOUR


@pytest.mark.parametrize(
    ("horizon_days", "days"),
    # The first of them is the second day from now.
    [(60, 59), (365, MOST_FREED)],
)
@pytest.mark.slow
async def test_a_long_busy_time_is_a_time_for_each_day_up_to_the_horizon_and_62_at_most(
    horizon_days: int, days: int, waiting: Waiting, world: World
) -> None:
    await world.change(Service, world.service_id, horizon_days=horizon_days)
    await waiting.wish(weekdays=[7])
    await put_busy(waiting, (DAY_START, DAY_START + 400 * DAY))
    await put_busy(waiting)
    await waiting.work()
    assert len(await world.rows(FreedTime)) == days
    # A second run finds the same, and adds nothing.
    await waiting.work()
    assert len(await world.rows(FreedTime)) == days
    assert await world.rows(Offer) == []


async def test_of_whom_nobody_waits_for_nothing_is_kept(waiting: Waiting, world: World) -> None:
    second = await world.add_practitioner(name="Dr. Sam Adler", email="sam@harbor.example")
    path = f"/v1/practice/practitioners/{second}/busy-intervals/work"
    await waiting.wish()
    body = {"starts_at": DAY_START.isoformat(), "ends_at": DAY_END.isoformat()}
    await put(waiting, path, items=[body])
    await put(waiting, path, items=[])
    await waiting.work()
    assert await world.rows(FreedTime) == []


async def test_a_session_missed_before_its_start_frees_its_time(waiting: Waiting) -> None:
    await waiting.wish()
    path = f"/v1/practice/sessions/{waiting.taken_id}/noshow"
    body = {"charge_fee": False, "reason": REASON}
    assert (await waiting.staff.post(path, body)).status_code == 200
    offer = await offered(waiting)
    assert offer.starts_at == FREED
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200


async def test_a_session_missed_after_its_start_and_a_missed_seat_free_nothing(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await waiting.wish()
    body = {"charge_fee": False, "reason": REASON}
    group_id = await add_group(world, FREED + DAY, seats=1)
    seat = await add_seat(world, group_id, client_id=waiting.other_id)
    wish = {"client_id": str(world.client_id), "group_id": str(group_id)}
    assert (await waiting.staff.post(WISHES, wish)).status_code == 201
    answer = await waiting.staff.post(f"/v1/practice/sessions/{seat}/noshow", body)
    assert answer.status_code == 200
    clock.now = FREED
    path = f"/v1/practice/sessions/{waiting.taken_id}/noshow"
    assert (await waiting.staff.post(path, body)).status_code == 200
    await waiting.work()
    assert await world.rows(FreedTime) == []


async def test_a_holiday_that_is_taken_away_frees_the_day_of_each_practitioner(
    waiting: Waiting, world: World
) -> None:
    second = await world.add_practitioner(name="Dr. Sam Adler", email="sam@harbor.example")
    days = [{"date": day, "name": None} for day in ("2026-11-20", "2026-12-02", "2026-12-04")]
    await put(waiting, "/v1/practice/holidays", dates=days)
    await waiting.wish()
    session_id = await world.book(LATE + HOUR, practitioner_id=second, client_id=waiting.other_id)
    ben = waiting.api.signed_in(world.token(waiting.other_id))
    assert (await ben.put(f"/v1/sessions/{session_id}/wish", {})).status_code == 201
    await put(waiting, "/v1/practice/holidays", dates=days[2:])
    (_, entry) = sorted(
        await world.rows(Change, subject="holidays"), key=lambda row: row.details["before"]
    )
    assert entry.details["freed"] == ["2026-11-20", "2026-12-02"]
    assert entry.details["freed_weekdays"] == []
    await waiting.work()
    offers = await world.rows(Offer)
    assert {(row.practitioner_id, row.starts_at) for row in offers} == {
        (world.practitioner_id, DAY_START + 9 * HOUR),
        (second, DAY_START + 9 * HOUR),
    }
    assert len(await world.rows(FreedTime)) == 2


async def test_a_closed_weekday_that_is_taken_away_frees_these_days(
    waiting: Waiting, world: World
) -> None:
    await put(waiting, "/v1/practice/holidays", dates=[], closed_weekdays=[3, 6])
    await put(waiting, of(world, "hours-overrides/2026-12-09"), intervals=[])
    await waiting.wish()
    await put(waiting, "/v1/practice/holidays", dates=[], closed_weekdays=[6])
    assert (await offered(waiting)).starts_at == DAY_START + 9 * HOUR
    assert (await freed_days(world))[:2] == [
        DAY_START.isoformat(),
        (DAY_START + 14 * DAY).isoformat(),
    ]
    assert len(await world.rows(FreedTime)) == 8


async def test_a_holiday_that_an_override_opened_frees_nothing(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    days = [{"date": "2026-12-02", "name": None}]
    await put(waiting, "/v1/practice/holidays", dates=days)
    hours = {"start": "09:00", "end": "11:00", "format": None, "location_id": None}
    await put(waiting, of(world, "hours-overrides/2026-12-02"), intervals=[hours])
    clock.now += TICK
    # What was freed before anybody waited is not offered.
    await waiting.wish()
    await put(waiting, "/v1/practice/holidays", dates=[])
    await waiting.work()
    assert await world.rows(FreedTime) == []


async def test_longer_weekly_hours_are_offered_on_each_day_that_they_open(
    waiting: Waiting, world: World
) -> None:
    await put(waiting, "/v1/practice/holidays", dates=[{"date": "2026-12-12", "name": None}])
    closed = of(world, "hours-overrides/2026-12-19")
    await put(waiting, closed, intervals=[])
    await waiting.wish()
    await put(waiting, of(world, "working-hours"), items=await weekdays(world, **SATURDAY))
    (entry,) = await world.rows(Change, subject="working_hours")
    assert entry.details == {
        "intervals": 6,
        "before": 5,
        "freed": [{"weekday": 6, "from": "10:00", "to": "12:00"}],
    }
    offer = await offered(waiting)
    assert offer.starts_at.isoformat() == "2026-12-05T15:00:00+00:00"
    assert (await freed_days(world))[:3] == [
        "2026-12-05T15:00:00+00:00",
        "2026-12-26T15:00:00+00:00",
        "2027-01-02T15:00:00+00:00",
    ]
    # The last Saturday within 60 days.
    assert (await freed_days(world))[-1] == "2027-01-23T15:00:00+00:00"


async def test_fewer_weekly_hours_free_nothing(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await put(waiting, of(world, "working-hours"), items=(await weekdays(world))[1:])
    (entry,) = await world.rows(Change, subject="working_hours")
    assert entry.details == {"intervals": 4, "before": 5}
    await waiting.work()
    assert await world.rows(FreedTime) == []


@pytest.mark.slow
async def test_a_year_of_longer_hours_is_62_days(waiting: Waiting, world: World) -> None:
    await world.change(Service, world.service_id, horizon_days=365)
    await waiting.wish(weekdays=[7])
    items = [day | {"end": "18:00"} for day in await weekdays(world)]
    await put(waiting, of(world, "working-hours"), items=items)
    await waiting.work()
    assert len(await world.rows(FreedTime)) == MOST_FREED


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        # Longer than the weekly hours; open instead of closed; the weekly hours again.
        (None, [("09:00", "19:00")], 17),
        ([], [("13:00", "15:00")], 13),
        ([("09:00", "10:00")], None, 10),
        ([("09:00", "10:00"), ("15:00", "17:00")], [("09:00", "17:00")], 10),
    ],
)
async def test_longer_hours_of_a_date_are_offered(
    before: Any, after: Any, first: int, waiting: Waiting, world: World
) -> None:
    path = of(world, "hours-overrides/2026-12-02")

    def intervals(hours: Any) -> Any:
        place = {"format": None, "location_id": None}
        return [{"start": start, "end": end} | place for start, end in hours]

    if before is not None:
        await put(waiting, path, intervals=intervals(before))
    await waiting.wish()
    if after is None:
        assert (await waiting.staff.delete(path)).status_code == 204
    else:
        await put(waiting, path, intervals=intervals(after))
    assert (await offered(waiting)).starts_at == DAY_START + first * HOUR


@pytest.mark.parametrize("closed", ["by-override", "by-holiday"])
async def test_what_stays_closed_frees_nothing(closed: str, waiting: Waiting, world: World) -> None:
    path = of(world, "hours-overrides/2026-12-02")
    await put(waiting, path, intervals=[])
    if closed == "by-holiday":
        await put(waiting, "/v1/practice/holidays", dates=[{"date": "2026-12-02", "name": None}])
    await waiting.wish()
    if closed == "by-holiday":
        assert (await waiting.staff.delete(path)).status_code == 204
    else:
        short = {"start": "09:00", "end": "09:10", "format": None, "location_id": None}
        await put(waiting, path, intervals=[short])
        await put(waiting, path, intervals=[])
    await waiting.work()
    assert await world.rows(Offer) == []
    details = [row.details for row in await world.rows(Change, subject="hours_override")]
    assert sum("freed" in one for one in details) == int(closed == "by-override")


async def test_within_two_hours_of_now_nobody_is_asked(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    await put_busy(waiting, (NOW, NOW + 2 * HOUR))
    await waiting.wish(weekdays=[1])
    await put_busy(waiting)
    await waiting.work()
    assert await world.rows(Offer) == []
    (freed,) = await world.rows(FreedTime)
    assert freed.ended_at == clock.now


async def test_an_entry_of_an_older_version_frees_nothing(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    values = {"kind": "updated", "actor": "practice", "at": NOW, "command_id": uuid4()}
    for subject in ("busy_intervals", "working_hours", "holidays", "hours_override"):
        owner = world.practice_id if subject == "holidays" else world.practitioner_id
        details = {"intervals": 1, "before": 2, "date": "2026-12-02"}
        await world.add(Change, subject=subject, subject_id=owner, details=details, **values)
    await waiting.work()
    assert await world.rows(FreedTime) == []


@pytest.mark.slow
async def test_more_rows_than_one_statement_takes_are_kept(waiting: Waiting, world: World) -> None:
    await waiting.wish()
    await waiting.free()
    await waiting.work()
    (like,) = await world.rows(FreedTime)
    row = like._asdict() | {"ended_at": NOW}
    count = 4000
    rows = [
        row
        | {
            "id": uuid4(),
            "starts_at": row["starts_at"] + timedelta(seconds=number),
            "ends_at": row["ends_at"] + timedelta(seconds=number),
        }
        for number in range(count)
    ]
    async with world.engine.begin() as db:
        await add_freed_times(db, world.practice_id, rows)
    # The first of them is there already.
    assert len(await world.rows(FreedTime)) == count
    assert len(await world.rows(Wish)) == 1


@pytest.mark.parametrize("how", ["shorter", "deleted"])
async def test_time_off_that_is_taken_away_is_offered(
    waiting: Waiting, world: World, how: str
) -> None:
    path = f"/v1/practice/practitioners/{world.practitioner_id}/time-off"
    day = {"starts_at": "2026-12-02T00:00:00-05:00", "ends_at": "2026-12-03T00:00:00-05:00"}
    made = await waiting.staff.post(path, day)
    assert made.status_code == 201, made.text
    await waiting.wish()
    one = f"{path}/{made.json()['id']}"
    if how == "deleted":
        assert (await waiting.staff.delete(one)).status_code == 204
    else:
        shorter = {"ends_at": "2026-12-02T12:00:00-05:00"}
        assert (await waiting.staff.patch(one, shorter)).status_code == 200
    await waiting.work()
    (offer,) = await world.rows(Offer)
    first = 9 if how == "deleted" else 12
    assert offer.starts_at.isoformat() == f"2026-12-02T{first + 5:02}:00:00+00:00"


@pytest.mark.parametrize(("opens", "first"), [(0, 10), (10, 10), (11, 11)])
async def test_a_day_that_is_freed_at_night_is_offered_in_the_morning_from_two_hours_on(
    waiting: Waiting, world: World, clock: TestClock, opens: int, first: int
) -> None:
    """Starts at 9:00 are too early to be asked for at 8:00, those from 10:00 on are not."""
    day = datetime(2026, 12, 1, 5, tzinfo=UTC)  # Tuesday's midnight in New York
    await put_busy(waiting, (day + opens * HOUR, day + DAY))
    await waiting.wish()
    clock.now = NOW + 11 * HOUR + 30 * MINUTE  # 21:30 of the evening before
    await put_busy(waiting)
    await waiting.work()
    assert await world.rows(Offer) == []
    clock.now = day + 8 * HOUR
    assert (await offered(waiting)).starts_at == day + first * HOUR


async def test_a_time_that_is_held_at_night_is_offered_after_the_hold_to_who_is_awake(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    """Another client, who is asleep, would be asked for the rest of it in the morning."""
    day = datetime(2026, 12, 2, 5, tzinfo=UTC)
    await put_busy(waiting, (day, day + DAY))
    await waiting.wish()
    client_id = await world.add_client(
        name="Cal", email="cal@client.example", time_zone="America/Los_Angeles"
    )
    awake_id = await world.book(LATE + HOUR, client_id=client_id)
    own = waiting.api.signed_in(world.token(client_id))
    # 9:00 in New York, and only that.
    assert (await put_wish(own, awake_id, to_time="06:00")).is_success
    clock.now = now = NOW + 11 * HOUR + 30 * MINUTE  # 21:30 in New York, 18:30 in Los Angeles
    end = now + 5 * MINUTE
    held = {"client_id": waiting.other_id, "first_held_at": now, "expires_at": end}
    await put_hold(world, waiting.taken_id, day + 9 * HOUR, **held)
    await put_busy(waiting)
    await waiting.work()
    assert await world.rows(Offer) == []
    clock.now = end
    assert (await offered(waiting)).session_id == awake_id
