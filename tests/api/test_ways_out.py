"""The details list what a client can do now, with its cost (product.md section 10, "Ways out")."""

from datetime import timedelta
from typing import Any

from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}
LATE: dict[str, Any] = {"deadline": {"before_minutes": 2880}, "amount_minor": 4500}
FREE: dict[str, Any] = {
    "fee": None,
    "credit": None,
    "carries": None,
    "to_free_targets": False,
    "uses_allowance": False,
}


async def test_early_everything_is_free(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [LATE]}})
    session = await api.session(await world.book(START))
    assert session["ways_out"] == [
        {"way": way} | FREE for way in ("change_format", "reschedule", "cancel")
    ]


async def test_late_the_cheapest_comes_first(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(
        {"cancel": {"fees": [LATE], "release": True}, "reschedule": {"fees": []}}
    )
    session_id = await world.book(START)
    clock.now = START - DAY
    session = await api.session(session_id)
    carries = {"fee": FEE, "credit": None}
    assert session["ways_out"] == [
        FREE | {"way": "change_format"},
        FREE | {"way": "release"},
        FREE | {"way": "reschedule", "carries": carries},
        FREE | {"way": "cancel", "fee": FEE},
    ]
    assert (await api.post(f"/v1/sessions/{session_id}/release", {})).is_success
    assert "release" not in [one["way"] for one in (await api.session(session_id))["ways_out"]]
    by_link = await staff.post(f"/v1/practice/sessions/{session_id}/links", {})
    opened = await api.signed_in(None).post("/v1/links/open", {"token": by_link.json()["token"]})
    assert opened.json()["session"]["ways_out"][0]["way"] == "change_format"


async def test_a_forfeited_credit_and_free_targets_have_costs_of_their_own(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(
        {
            "cancel": {"fees": [LATE], "late_credit": "forfeited"},
            "reschedule": {"fees": [LATE], "free_if_within": {"days": 1}},
        }
    )
    package_id = await world.add_package()
    paid, owed = await world.book(START, package_id=package_id), await world.book(START + DAY)
    clock.now = START - timedelta(hours=1)
    ways = (await api.session(paid))["ways_out"]
    assert ways[-1] == FREE | {"way": "cancel", "credit": "forfeited"}
    ways = [one for one in (await api.session(owed))["ways_out"] if one["way"] == "reschedule"]
    assert [(one["to_free_targets"], one["fee"]) for one in ways] == [(True, None), (False, FEE)]


async def test_after_the_deadline_one_can_only_say_so(
    api: Api, world: World, clock: TestClock
) -> None:
    rules = {"closes": {"before_minutes": 120}}
    await world.add_policy(
        {"cancel": rules, "change_format": rules, "reschedule": {"enabled": False}}
    )
    session_id = await world.book(START)
    clock.now = START - timedelta(hours=1)
    assert (await api.session(session_id))["ways_out"] == [FREE | {"way": "absence"}]
    clock.now = START
    assert (await api.session(session_id))["ways_out"] == []


async def test_a_service_in_one_format_only_cannot_be_switched(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    path = f"/v1/practice/services/{world.service_id}"
    changed = await staff.patch(path, {"formats": [{"kind": "video"}]})
    assert changed.status_code == 200, changed.text
    ways = [one["way"] for one in (await api.session(session_id))["ways_out"]]
    assert ways == ["reschedule", "cancel"]
