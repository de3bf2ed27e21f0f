"""Why a search has found no slot."""

from dataclasses import replace

import pytest

from app.domain.availability import (
    CurrentMeeting,
    EmptyReason,
)
from app.domain.intervals import Interval
from app.domain.session import Format
from tests.domain.builders import (
    HARBOUR,
    MAIN_STREET,
    NEW_YORK,
    WEDNESDAY,
    Scene,
    day_in_new_york,
    hours,
    local_day,
    opening,
    request,
    rules,
    seconds,
    sessions_at,
    span,
)

PRESENT = CurrentMeeting(seconds(f"{WEDNESDAY}T10:00-04:00"), Format.VIDEO, None)


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        pytest.param(
            replace(
                day_in_new_york("09:00-10:00"),
                sessions=sessions_at(f"{WEDNESDAY}T09:00-04:00"),
            ),
            EmptyReason.FULLY_BOOKED,
            id="sessions-take-it-all",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-10:00"), blocked=[local_day(WEDNESDAY, NEW_YORK)]),
            EmptyReason.FULLY_BOOKED,
            id="time-off-takes-it-all",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at(f"{WEDNESDAY}T20:00-04:00"),
                per_day=1,
            ),
            EmptyReason.FULLY_BOOKED,
            id="the-days-limit-is-reached",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-10:00"), request=request(present=PRESENT, locations=[None])
            ),
            None,
            id="there-is-something",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at("2026-06-08T09:00-04:00"),
                per_week=1,
            ),
            EmptyReason.FULLY_BOOKED,
            id="the-weeks-limit-is-reached",
        ),
        pytest.param(
            replace(day_in_new_york("10:00-11:00"), request=request(present=PRESENT)),
            EmptyReason.FULLY_BOOKED,
            id="the-session-itself-has-the-only-start",
        ),
        pytest.param(day_in_new_york(), EmptyReason.NO_WORKING_HOURS, id="no-hours-at-all"),
        pytest.param(
            day_in_new_york("09:00-09:59", "11:00-11:30"),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-shorter-than-the-session",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-09:59"), blocked=[local_day(WEDNESDAY, NEW_YORK)]),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-shorter-than-the-session-before-what-takes-them",
        ),
        pytest.param(
            replace(
                Scene(
                    hours(NEW_YORK, weekly={2: ["23:00-24:00"], 3: ["00:00-00:30"]}),
                    local_day(WEDNESDAY, NEW_YORK),
                ),
                rules=rules(step=30),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="only-the-rest-of-the-day-before's-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york(opening("09:00-12:00", None, MAIN_STREET)),
                request=request(Format.IN_PERSON, locations=[HARBOUR]),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="no-hours-at-this-location",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), request=request(locations=[])),
            EmptyReason.NO_WORKING_HOURS,
            id="the-format-is-off-offer",
        ),
        pytest.param(
            day_in_new_york(opening("09:00-12:00", Format.PHONE)),
            EmptyReason.NO_WORKING_HOURS,
            id="no-hours-of-this-format",
        ),
        pytest.param(
            Scene(
                hours(NEW_YORK, weekly={2: ["09:00-12:00"], 4: ["09:00-12:00"]}),
                local_day(WEDNESDAY, NEW_YORK),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-on-the-neighbouring-days-only",
        ),
        pytest.param(
            Scene(
                hours(NEW_YORK, "09:00-12:00", overrides={WEDNESDAY: []}),
                local_day(WEDNESDAY, NEW_YORK),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="closed-on-that-date",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(horizon_days=3),
                now="2026-06-06T23:59-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="beyond-the-horizon",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=24 * 60),
                now=f"{WEDNESDAY}T00:00-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="all-within-the-minimum-notice",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), now="2026-06-11T00:00-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="past",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), now=f"{WEDNESDAY}T11:30-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-hours-of-this-day-are-past",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=3 * 60),
                now=f"{WEDNESDAY}T09:00-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-minimum-notice-leaves-only-time-after-the-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                request=request(move_window=Interval(0, seconds(f"{WEDNESDAY}T09:00-04:00"))),
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-policys-distance-leaves-only-time-before-the-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                now=f"{WEDNESDAY}T10:30-04:00",
                blocked=[span(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00")],
            ),
            EmptyReason.FULLY_BOOKED,
            id="what-is-left-of-the-hours-is-taken",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                request=request(move_window=local_day("2026-06-11", NEW_YORK)),
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="beyond-the-policys-distance",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), request=request(may_move=False)),
            EmptyReason.RESCHEDULE_REFUSED,
            id="moving-is-refused",
        ),
        pytest.param(
            replace(
                day_in_new_york(),
                request=request(may_move=False),
                now="2026-06-11T00:00-04:00",
            ),
            EmptyReason.RESCHEDULE_REFUSED,
            id="refused-before-every-other-reason",
        ),
    ],
)
def test_a_result_without_slots_has_a_reason(scene: Scene, reason: EmptyReason | None) -> None:
    offer = scene.offer()
    assert offer.empty_reason is reason
    assert bool(offer.slots) is (reason is None)
