"""Whether a time can be given up only if somebody takes it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.policy.decide import decide
from app.domain.policy.document import parse_rules
from app.domain.policy.rules import Action
from app.domain.release import ReleaseChoice, latest_release, live_release, release_choice
from app.domain.session import Status
from tests.domain.builders import session as facts

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
LATE = {"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}
ON = {"fees": [LATE], "release": True}


def choose(cancel: dict[str, Any], *, before: timedelta = 24 * HOUR, **more: Any) -> Any:
    policy = parse_rules({"cancel": cancel})
    has_waitlist = more.pop("has_waitlist", True)
    is_seat = more.pop("is_seat", False)
    about = replace(facts(**more), is_seat=is_seat)
    now = about.starts_at - before
    decision = decide(policy, Action.CANCEL, about, now)
    return release_choice(policy, decision, about, now, has_waitlist=has_waitlist, waiting=True)


AVAILABLE = ReleaseChoice(available=True, waiting=True)
NOT_AVAILABLE = ReleaseChoice(available=False, waiting=True)
CREDIT = {"fees": [LATE], "late_credit": "forfeited", "release": True}


@pytest.mark.parametrize(
    ("cancel", "more", "expected"),
    [
        (ON, {}, AVAILABLE),
        ({"fees": [LATE]}, {}, NOT_AVAILABLE),
        ({"fees": [LATE], "refilled": {"covered_percent": 80}}, {}, AVAILABLE),
        (
            {"fees": [LATE], "refilled": {"covered_percent": 80}, "release": False},
            {},
            NOT_AVAILABLE,
        ),
        (CREDIT, {"paid_by_credit": True}, AVAILABLE),
        ({"release": True}, {}, None),
        ({"release": True, "enabled": False}, {}, None),
        ({**ON, "enabled": False}, {}, None),
        ({"release": True, "closes": {"before_minutes": 60 * 48}}, {}, AVAILABLE),
        (ON, {"status": Status.CANCELLED}, None),
        (ON, {"before": -HOUR}, None),
        (ON, {"before": 2 * HOUR}, NOT_AVAILABLE),
        (ON, {"before": 2 * HOUR + TICK}, AVAILABLE),
        (ON, {"is_seat": True}, AVAILABLE),
        (ON, {"has_waitlist": False}, NOT_AVAILABLE),
    ],
)
def test_where_a_release_is_a_way_out(
    cancel: dict[str, Any], more: dict[str, Any], expected: ReleaseChoice | None
) -> None:
    assert choose(cancel, **more) == expected


def test_a_release_lasts_up_to_and_including_its_end() -> None:
    start = facts().starts_at
    until = latest_release(start)
    assert until == start - 2 * HOUR
    assert live_release(until, until) == until
    assert live_release(until, until + TICK) is None
    assert live_release(None, until) is None
