"""What suits a wish, and when and for how long a client is asked."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from app.domain.availability import (
    BusySession,
    Calendar,
    CurrentMeeting,
    HoursInterval,
    SlotRules,
    SlotSearch,
    WorkingHours,
)
from app.domain.groups import GroupSearch, GroupSlot
from app.domain.intervals import Interval
from app.domain.nights import after_night
from app.domain.session import Format
from app.domain.waitlist import (
    SuitableTime,
    WaitingSession,
    Wish,
    answer_by,
    first_suitable,
    may_ask,
    offers_end_at,
    present_state,
    suits_group,
)
from app.domain.zones import to_seconds

NEW_YORK = ZoneInfo("America/New_York")
# A Monday, 10:00 in New York.
NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
RULES = SlotRules(
    duration=50 * 60,
    buffer_before=0,
    buffer_after=600,
    step=1800,
    minimum_notice=3600,
    horizon_days=60,
)
# Thursday, 11:00 in New York.
PRESENT = datetime(2026, 12, 3, 16, tzinfo=UTC)
FREED = datetime(2026, 12, 2, 16, tzinfo=UTC)
NINE_TO_FIVE = {day: [HoursInterval(540, 1020)] for day in range(1, 6)}


def calendar(*sessions: BusySession, blocked: tuple[Interval, ...] = ()) -> Calendar:
    return Calendar(WorkingHours(NEW_YORK, NINE_TO_FIVE, {}), sessions, blocked)


def search(format_: Format = Format.VIDEO, *, window: Interval | None = None) -> SlotSearch:
    present = CurrentMeeting(to_seconds(PRESENT), Format.VIDEO, None)
    return SlotSearch(format_, [None], present, True, False, move_window=window)  # noqa: FBT003


def find(
    wish: Wish,
    *sessions: BusySession,
    freed: datetime = FREED,
    blocked: tuple[Interval, ...] = (),
) -> SuitableTime | None:
    window = Interval(to_seconds(freed), to_seconds(freed) + 50 * 60)
    own = calendar(*sessions, blocked=blocked)
    return first_suitable(wish, own, RULES, [search()], window, NOW)


def test_the_first_available_start_in_the_freed_time_suits() -> None:
    wish = Wish(NEW_YORK, before=PRESENT)
    assert find(wish) == SuitableTime(FREED, Format.VIDEO, None)
    taken = to_seconds(FREED) - 3000, to_seconds(FREED), 0, 600
    assert find(wish, BusySession(*taken)) == SuitableTime(FREED + 30 * MINUTE, Format.VIDEO, None)


def test_a_start_that_the_client_does_not_wish_for_is_passed_over() -> None:
    later = SuitableTime(FREED + 30 * MINUTE, Format.VIDEO, None)
    assert find(Wish(NEW_YORK, from_time=time(11, 30))) == later
    assert find(Wish(NEW_YORK, from_time=time(12))) is None


@pytest.mark.parametrize(
    ("wish", "suits"),
    [
        ({}, True),
        ({"before": FREED}, False),
        ({"before": FREED + TICK}, True),
        ({"until": FREED}, True),
        ({"until": FREED - TICK}, False),
        ({"weekdays": [3]}, True),
        ({"weekdays": [1, 2, 4, 5, 6, 7]}, False),
        ({"from_time": time(11)}, True),
        ({"from_time": time(11, 1)}, False),
        ({"to_time": time(11)}, True),
        ({"to_time": time(10, 59)}, False),
        ({"notice": FREED - NOW}, True),
        ({"notice": FREED - NOW + TICK}, False),
    ],
)
def test_the_own_conditions_of_a_wish(wish: dict[str, object], *, suits: bool) -> None:
    assert Wish(NEW_YORK, **wish).suits(FREED, NOW) is suits  # type: ignore[arg-type]


def test_weekdays_and_times_are_those_of_the_client() -> None:
    late = datetime(2026, 12, 2, 23, 30, tzinfo=UTC)
    assert Wish(ZoneInfo("Europe/Paris"), weekdays=[4], to_time=time(0, 30)).suits(late, NOW)
    assert not Wish(NEW_YORK, weekdays=[4]).suits(late, NOW)


def test_notice_step_hours_distance_and_other_times_of_the_client_bind() -> None:
    wish = Wish(NEW_YORK, before=PRESENT)
    assert find(wish, freed=NOW) is None
    assert find(wish, freed=FREED.replace(hour=23)) is None
    mine = (Interval(to_seconds(FREED), to_seconds(FREED) + 7200),)
    assert find(wish, blocked=mine) is None
    far = search(window=Interval(to_seconds(PRESENT), to_seconds(PRESENT) + 1))
    window = Interval(to_seconds(FREED), to_seconds(FREED) + 3000)
    assert first_suitable(wish, calendar(), RULES, [far], window, NOW) is None


def test_a_time_that_is_not_sooner_is_not_looked_for() -> None:
    assert find(Wish(NEW_YORK, before=PRESENT), freed=PRESENT) is None
    assert find(Wish(NEW_YORK, before=PRESENT), freed=NOW - HOUR) is None


def test_of_two_formats_the_earlier_start_is_taken_and_else_the_first() -> None:
    window = Interval(to_seconds(FREED), to_seconds(FREED) + 3600)
    formats = [search(Format.PHONE), search(Format.VIDEO)]
    wish = Wish(NEW_YORK, before=PRESENT)
    found = first_suitable(wish, calendar(), RULES, formats, window, NOW)
    assert found == SuitableTime(FREED, Format.PHONE, None)


@pytest.mark.parametrize(("left", "suits"), [(1, True), (0, False)])
def test_a_seat_suits_if_the_group_is_on_offer(left: int, *, suits: bool) -> None:
    group = GroupSlot(
        to_seconds(FREED), to_seconds(FREED) + 3000, None, uuid4(), left, Format.VIDEO
    )
    asked = GroupSearch(uuid4(), [group], (), search())
    wish = Wish(NEW_YORK, before=PRESENT)
    assert suits_group(wish, asked, RULES, NEW_YORK, NOW) is suits
    assert not suits_group(Wish(NEW_YORK, before=FREED), asked, RULES, NEW_YORK, NOW)


def test_nobody_is_asked_within_two_hours_of_the_start() -> None:
    assert may_ask(NOW + 2 * HOUR, NOW)
    assert not may_ask(NOW + 2 * HOUR - TICK, NOW)


@pytest.mark.parametrize(
    ("local", "asked"),
    [
        ("2026-11-30T08:00", "2026-11-30T08:00"),
        ("2026-11-30T20:59:59", "2026-11-30T20:59:59"),
        ("2026-11-30T21:00", "2026-12-01T08:00"),
        ("2026-12-01T00:00", "2026-12-01T08:00"),
        ("2026-12-01T07:59:59", "2026-12-01T08:00"),
        ("2026-10-31T21:30", "2026-11-01T08:00"),  # the clocks go back that night
    ],
)
def test_nobody_is_asked_at_night(local: str, asked: str) -> None:
    instants = [
        datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)
        for text in (local, asked)
    ]
    assert after_night(instants[0], NEW_YORK) == instants[1]


@pytest.mark.parametrize(
    ("left", "minutes", "lasts"),
    [
        (48 * HOUR, 60, HOUR),
        (2 * HOUR, 60, 30 * MINUTE),
        (2 * HOUR, 15, 15 * MINUTE),
        (30 * MINUTE, 60, 10 * MINUTE),
        (48 * HOUR, 1, 10 * MINUTE),
    ],
)
def test_how_long_an_offer_lasts(left: timedelta, minutes: int, lasts: timedelta) -> None:
    assert answer_by(NOW + left, NOW, minutes) == NOW + lasts


def test_all_offers_end_after_half_of_the_time() -> None:
    start = NOW + 4 * HOUR
    end = offers_end_at(start, NOW)
    assert end == NOW + 2 * HOUR
    assert answer_by(start, end - 10 * MINUTE, 60, end) == end
    assert answer_by(start, end - 10 * MINUTE + TICK, 60, end) is None
    assert answer_by(start, NOW, 60, end) == NOW + HOUR


BOOKED = WaitingSession(is_booked=True, starts_at=PRESENT)


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (BOOKED, "offered"),
        (None, "offered"),
        (replace(BOOKED, is_booked=False), "lapsed"),
    ],
)
def test_a_wish_lapses_with_its_session(session: WaitingSession | None, state: str) -> None:
    assert present_state("offered", session, None, NOW) == state
    assert present_state("met", session, None, NOW) == "met"


def test_a_wish_lapses_at_the_start_and_after_until() -> None:
    assert present_state("waiting", BOOKED, None, PRESENT - TICK) == "waiting"
    assert present_state("waiting", BOOKED, None, PRESENT) == "lapsed"
    assert present_state("waiting", BOOKED, NOW, NOW) == "waiting"
    assert present_state("waiting", BOOKED, NOW, NOW + TICK) == "lapsed"
