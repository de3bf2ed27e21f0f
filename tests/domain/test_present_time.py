"""The current time of a session is offered in another format, as the policy allows."""

from dataclasses import replace

import pytest

from app.domain.availability import (
    CurrentMeeting,
    EmptyReason,
    Slot,
)
from app.domain.intervals import Interval
from app.domain.session import Format
from tests.domain.builders import (
    HARBOUR,
    HOUR,
    MAIN_STREET,
    WEDNESDAY,
    Scene,
    busy,
    day_in_new_york,
    opening,
    request,
    rules,
    seconds,
    sessions_at,
    span,
)

PRESENT = CurrentMeeting(seconds(f"{WEDNESDAY}T10:00-04:00"), Format.VIDEO, None)
IN_PERSON_PRESENT = CurrentMeeting(PRESENT.start, Format.IN_PERSON, MAIN_STREET)


def test_the_current_time_with_the_current_format_is_not_offered() -> None:
    scene = replace(day_in_new_york("09:00-12:00"), request=request(present=PRESENT))
    assert scene.clocks() == ["09:00", "11:00"]


def test_the_current_time_with_the_current_location_is_not_offered() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(
            Format.IN_PERSON, locations=[MAIN_STREET, HARBOUR], present=IN_PERSON_PRESENT
        ),
    )
    at_ten = [slot for slot in scene.offer().slots if slot.start == PRESENT.start]
    assert at_ten == [Slot(PRESENT.start, HARBOUR)]


def test_the_current_time_is_offered_once_in_another_format() -> None:
    scene = replace(day_in_new_york("09:00-12:00"), request=request(Format.PHONE, present=PRESENT))
    assert scene.clocks() == ["09:00", "10:00", "11:00"]


def test_the_current_time_is_not_offered_if_a_change_of_format_is_refused() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(Format.PHONE, present=PRESENT, may_change_format=False),
    )
    assert scene.clocks() == ["09:00", "11:00"]


def change_of_format(scene: Scene) -> Scene:
    """Build a search for the current time by phone, with a policy that refuses rescheduling."""
    return replace(scene, request=request(Format.PHONE, present=PRESENT, may_move=False))


def test_the_current_time_is_offered_in_another_format_if_rescheduling_is_refused() -> None:
    offer = change_of_format(day_in_new_york("09:00-12:00")).offer()
    assert offer.slots == [Slot(PRESENT.start, None)]
    assert offer.empty_reason is None


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=48 * 60),
                now=f"{WEDNESDAY}T09:59-04:00",
            ),
            id="notice",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(horizon_days=0),
                now="2026-06-01T00:00-04:00",
            ),
            id="horizon",
        ),
        pytest.param(replace(day_in_new_york("09:10-12:10"), rules=rules(step=60)), id="step"),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at(f"{WEDNESDAY}T20:00-04:00"),
                per_day=1,
                per_week=1,
            ),
            id="limits",
        ),
        pytest.param(day_in_new_york("10:00-11:00"), id="hours-just-long-enough"),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=[busy(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00")],
            ),
            id="busy-right-after",
        ),
    ],
)
def test_rules_that_do_not_apply_to_another_format_at_the_current_time(scene: Scene) -> None:
    assert change_of_format(scene).offer().slots == [Slot(PRESENT.start, None)]


def test_the_maximum_distance_does_not_apply_to_another_format_at_the_current_time() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(Format.PHONE, present=PRESENT, move_window=Interval(0, 1)),
    )
    assert scene.clocks() == ["10:00"]


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(day_in_new_york("09:00-10:59"), id="hours-a-minute-short"),
        pytest.param(day_in_new_york("10:01-12:00"), id="hours-a-minute-late"),
        pytest.param(
            day_in_new_york(opening("09:00-12:00", Format.VIDEO)), id="other-formats-hours"
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                blocked=[span(f"{WEDNESDAY}T10:59-04:00", f"{WEDNESDAY}T11:00-04:00")],
            ),
            id="busy",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=[busy(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00", before=15)],
            ),
            id="another-sessions-buffer",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                window=Interval(PRESENT.start + 1, PRESENT.start + HOUR),
            ),
            id="range-begins-after-it",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                window=Interval(PRESENT.start - HOUR, PRESENT.start),
            ),
            id="range-ends-at-it",
        ),
    ],
)
def test_rules_that_apply_to_another_format_at_the_current_time(scene: Scene) -> None:
    offer = change_of_format(scene).offer()
    assert offer.slots == []
    assert offer.empty_reason is EmptyReason.RESCHEDULE_REFUSED


def test_another_location_at_the_current_time_needs_hours_of_that_location() -> None:
    scene = replace(
        day_in_new_york(opening("09:00-12:00", None, MAIN_STREET)),
        request=request(
            Format.IN_PERSON, locations=[HARBOUR], present=IN_PERSON_PRESENT, may_move=False
        ),
    )
    assert scene.offer().slots == []


def test_another_format_at_the_current_time_may_run_over_midnight() -> None:
    present = CurrentMeeting(seconds("2026-06-10T23:30-04:00"), Format.VIDEO, None)
    scene = replace(
        day_in_new_york("23:00-24:00", "00:00-00:30"),
        request=request(Format.PHONE, present=present, may_move=False),
    )
    assert scene.clocks() == ["23:30"]
