"""When a client is told that cancelling is free for a short while more."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.money import Money
from app.domain.nights import after_night, before_night
from app.domain.nudge import EndOfFree, PlannedMail, end_of_free, nudge_at, plan_reminders
from app.domain.policy.costs import Cost
from app.domain.policy.decide import decide
from app.domain.policy.document import parse_rules
from app.domain.policy.rules import Action, Credit
from app.domain.session import Carried, Status
from tests.domain.builders import HONOLULU, LONDON, NEW_YORK, UTC_ZONE, at
from tests.domain.builders import session as facts

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = facts().starts_at
DAY_AHEAD = {"deadline": {"before_minutes": 1440}, "amount_minor": 4500}
FEE = Cost(Money(4500, "USD"), None)


def end(cancel: dict[str, Any], **more: Any) -> EndOfFree | None:
    about = replace(facts(), **more)
    return end_of_free(parse_rules({"cancel": cancel}), about)


def test_it_ends_with_the_free_term_of_the_decision() -> None:
    policy = parse_rules({"cancel": {"fees": [DAY_AHEAD]}})
    found = end_of_free(policy, facts())
    assert found == EndOfFree(START - 24 * HOUR, FEE, closes=False)
    assert found.until == decide(policy, Action.CANCEL, facts(), START - 72 * HOUR).free_until


@pytest.mark.parametrize(
    ("cancel", "more", "then", "closes"),
    [
        (
            {"fees": [DAY_AHEAD], "late_credit": "forfeited"},
            {"paid_by_credit": True},
            Cost(None, Credit.FORFEITED),
            False,
        ),
        ({"fees": [DAY_AHEAD], "closes": {"before_minutes": 1440}}, {}, FEE, True),
        (
            {
                "fees": [DAY_AHEAD],
                "closes": {"before_minutes": 1440},
                "late_credit": "forfeited",
            },
            {"paid_by_credit": True},
            Cost(None, Credit.FORFEITED),
            True,
        ),
    ],
)
def test_what_follows_is_named(
    cancel: dict[str, Any], more: dict[str, Any], then: Cost, *, closes: bool
) -> None:
    assert end(cancel, **more) == EndOfFree(START - 24 * HOUR, then, closes)


@pytest.mark.parametrize(
    ("cancel", "more"),
    [
        ({}, {}),
        ({"closes": {"before_minutes": 1440}}, {}),
        ({"fees": [DAY_AHEAD], "enabled": False}, {}),
        ({"fees": [{"deadline": {"before_minutes": 0}, "percent": "100"}]}, {}),
        ({"fees": [{"deadline": {"before_minutes": 60}, "percent": "0"}]}, {}),
        ({"fees": [DAY_AHEAD]}, {"status": Status.CANCELLED}),
        ({"fees": [DAY_AHEAD]}, {"moved_by_practice": True}),
        ({"fees": [DAY_AHEAD]}, {"carried": Carried(Money(100, "USD"), forfeits_credit=False)}),
    ],
)
def test_without_an_end_that_costs_something_there_is_none(
    cancel: dict[str, Any], more: dict[str, Any]
) -> None:
    """Nothing follows; it is never free or allowed; or it is free until the start."""
    assert end(cancel, **more) is None


def nudge(hours: int | None, now: datetime, start: datetime = START) -> datetime | None:
    policy = parse_rules({"cancel": {"fees": [DAY_AHEAD]}})
    about = replace(facts(), starts_at=start, zone=UTC_ZONE)
    return nudge_at(policy, about, hours, UTC_ZONE, now)


def test_it_goes_some_hours_before_and_twelve_hours_after_the_change() -> None:
    start = at("2026-12-10T12:00:00+00:00")
    due = at("2026-12-08T12:00:00+00:00")
    assert nudge(24, due - 12 * HOUR, start) == due
    assert nudge(24, due - 12 * HOUR + timedelta(microseconds=1), start) is None
    assert nudge(20, due - 240 * HOUR, start) == due + 4 * HOUR
    assert nudge(None, due - 240 * HOUR, start) is None
    policy = parse_rules({})
    assert nudge_at(policy, facts(), 24, UTC_ZONE, START - 240 * HOUR) is None


@pytest.mark.parametrize(
    ("instant", "before", "after"),
    [
        ("2026-12-08T08:00:00", "2026-12-08T08:00:00", "2026-12-08T08:00:00"),
        ("2026-12-08T20:59:59", "2026-12-08T20:59:59", "2026-12-08T20:59:59"),
        ("2026-12-08T21:00:00", "2026-12-08T20:59:00", "2026-12-09T08:00:00"),
        ("2026-12-08T00:00:00", "2026-12-07T20:59:00", "2026-12-08T08:00:00"),
        ("2026-12-08T07:59:59", "2026-12-07T20:59:00", "2026-12-08T08:00:00"),
    ],
)
def test_at_night_it_goes_in_the_evening_before(instant: str, before: str, after: str) -> None:
    for zone in (NEW_YORK, LONDON, HONOLULU):
        local = datetime.fromisoformat(instant).replace(tzinfo=zone)
        assert before_night(local, zone) == datetime.fromisoformat(before).replace(tzinfo=zone)
        assert after_night(local, zone) == datetime.fromisoformat(after).replace(tzinfo=zone)


def test_the_twelve_hours_end_before_the_evening() -> None:
    start = at("2026-12-10T23:00:00+00:00")
    evening = at("2026-12-08T20:59:00+00:00")
    assert nudge(24, evening - 12 * HOUR, start) == evening
    assert nudge(24, evening - 11 * HOUR, start) is None


DUE = START - 48 * HOUR
NOW = START - 240 * HOUR


def test_without_a_nudge_there_are_the_reminders_still_to_come() -> None:
    assert plan_reminders(START, [1440, 60, 2880, 60], START - 24 * HOUR, None) == [
        PlannedMail("reminder", START - HOUR)
    ]


@pytest.mark.parametrize(
    ("hours", "planned"),
    [
        ([24], [("nudge", DUE), ("reminder", START - 24 * HOUR)]),
        ([54], [("reminder_nudge", DUE - 6 * HOUR)]),
        ([42], [("reminder_nudge", DUE)]),
        ([48], [("reminder_nudge", DUE)]),
        ([50, 47], [("reminder", DUE - 2 * HOUR), ("reminder_nudge", DUE)]),
        ([49, 47], [("reminder_nudge", DUE - HOUR), ("reminder", DUE + HOUR)]),
        ([], [("nudge", DUE)]),
    ],
)
def test_a_nudge_and_a_reminder_that_are_close_are_one_mail(
    hours: list[int], planned: list[tuple[str, datetime]]
) -> None:
    """It goes when the first of them is due; of two reminders the nearer, then the earlier one."""
    found = plan_reminders(START, [hour * 60 for hour in hours], NOW, DUE)
    assert [tuple(one) for one in found] == planned


@pytest.mark.parametrize("sign", [1, -1])
def test_farther_apart_they_are_two(sign: int) -> None:
    minutes = int((START - DUE) / MINUTE) + sign * 361
    found = plan_reminders(START, [minutes], NOW, DUE)
    assert {one.kind for one in found} == {"nudge", "reminder"}


def test_a_reminder_whose_time_is_past_is_not_merged() -> None:
    now = DUE - HOUR
    assert plan_reminders(START, [49 * 60], now, DUE) == [PlannedMail("nudge", DUE)]
