"""Starts that the practice proposes with a move request: on offer if they are free."""

from dataclasses import replace

import pytest

from app.domain.availability import CurrentMeeting, EmptyReason, SlotSearch
from app.domain.session import Format
from tests.domain.builders import NEW_YORK, Scene, busy, hours, local_day, request, rules, seconds

WEDNESDAY = "2026-06-10"


def proposing(*clocks: str, search: SlotSearch | None = None) -> Scene:
    """Build a search in one day with hours from 9:00 to 11:00, and these proposals."""
    proposals = tuple(seconds(f"{WEDNESDAY}T{clock}-04:00") for clock in clocks)
    return Scene(
        hours(NEW_YORK, "09:00-11:00"),
        local_day(WEDNESDAY, NEW_YORK),
        request=replace(search or request(), proposals=proposals),
    )


def test_a_proposal_is_offered_outside_hours_and_between_steps_and_once() -> None:
    assert proposing("07:20", "10:00", "20:00").clocks() == ["07:20", "09:00", "10:00", "20:00"]


def test_limits_notice_and_horizon_do_not_bind_a_proposal() -> None:
    scene = replace(
        proposing("20:00"),
        sessions=[busy("2026-06-10T12:00-04:00", "2026-06-10T13:00-04:00")],
        per_day=1,
        rules=rules(horizon_days=1, notice=365 * 1440),
    )
    assert scene.clocks() == ["20:00"]


@pytest.mark.parametrize(
    ("clock", "clocks"),
    [
        pytest.param("18:50", ["18:50"], id="up to the gap"),
        pytest.param("18:51", [], id="within the gap"),
        pytest.param("20:00", [], id="with another session"),
        pytest.param("21:30", ["21:30"], id="directly after it"),
    ],
)
def test_a_proposal_that_is_not_free_is_not_offered(clock: str, clocks: list[str]) -> None:
    other = busy("2026-06-10T20:00-04:00", "2026-06-10T21:30-04:00", before=10)
    scene = replace(proposing(clock), sessions=[other], hours=hours(NEW_YORK))
    assert scene.clocks() == clocks


def test_a_proposal_in_time_off_is_not_offered() -> None:
    scene = replace(proposing("20:00"), hours=hours(NEW_YORK))
    blocked = local_day(WEDNESDAY, NEW_YORK)
    assert replace(scene, blocked=[blocked]).offer().empty_reason is EmptyReason.NO_WORKING_HOURS


def test_a_proposal_in_the_past_or_outside_the_range_is_not_offered() -> None:
    scene = replace(proposing("07:00", "08:00"), now=f"{WEDNESDAY}T07:00-04:00")
    assert scene.clocks() == ["08:00", "09:00", "10:00"]
    other_day = replace(scene, window=local_day("2026-06-11", NEW_YORK))
    assert other_day.clocks() == ["09:00", "10:00"]


def test_the_present_start_and_other_formats_get_no_proposal() -> None:
    present = CurrentMeeting(seconds(f"{WEDNESDAY}T20:00-04:00"), Format.VIDEO, None)
    assert proposing("20:00", search=request(present=present)).clocks() == ["09:00", "10:00"]
    by_phone = request(Format.PHONE, present=present)
    assert proposing("19:00", search=by_phone).clocks() == ["09:00", "10:00"]


def test_a_client_who_may_not_move_gets_no_proposal() -> None:
    assert proposing("20:00", search=request(may_move=False)).clocks() == []
