"""The part of a session's history that its client may see."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]}}
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}


async def changes(api: Api, session_id: UUID) -> list[Any]:
    answer = await api.get(f"/v1/sessions/{session_id}/changes")
    assert answer.status_code == 200, answer.text
    assert answer.json()["next_cursor"] is None
    items: list[Any] = answer.json()["items"]
    return items


async def test_the_history_lists_changes_oldest_first(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = NOW + timedelta(minutes=1)
    await api.reschedule(session_id, START + timedelta(days=1))
    clock.now = NOW + timedelta(minutes=2)
    await api.reschedule(session_id, START + timedelta(days=1), format="in_person")
    clock.now = NOW + timedelta(minutes=3)
    await api.cancel(session_id, reason={"note": "Better already."})
    booked, moved, other, cancelled = await changes(api, session_id)
    at_first = {
        "starts_at": "2026-12-03T10:00:00-05:00",
        "ends_at": "2026-12-03T10:50:00-05:00",
        "format": "video",
        "location_id": None,
    }
    then = at_first | {
        "starts_at": "2026-12-04T10:00:00-05:00",
        "ends_at": "2026-12-04T10:50:00-05:00",
    }
    there = then | {"format": "in_person", "location_id": str(world.location_id)}
    for change in (booked, moved, other, cancelled):
        assert change.pop("command_id") == change.pop("id")
    assert booked == {
        "kind": "booked",
        "at": "2026-11-30T10:00:00-05:00",
        "by": "practice",
        "reason": None,
        "before": None,
        "after": at_first,
        "fee": None,
        "credit": None,
        "free_because": None,
        "version": 1,
    }
    assert moved == {
        "kind": "rescheduled",
        "at": "2026-11-30T10:01:00-05:00",
        "by": "client",
        "reason": REASON,
        "before": at_first,
        "after": then,
        "fee": None,
        "credit": None,
        "free_because": None,
        "version": 2,
    }
    assert (other["kind"], other["before"], other["after"]) == ("format_changed", then, there)
    assert (cancelled["kind"], cancelled["version"]) == ("cancelled", 4)
    assert cancelled["reason"] == {"code": None, "note": "Better already."}
    assert (cancelled["before"], cancelled["after"]) == (there, there)


async def test_the_history_has_the_fee_and_the_credit(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(LATE_FEE)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    clock.now = START - timedelta(hours=5)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote)).status_code == 200
    cancelled = (await changes(api, session_id))[-1]
    assert (cancelled["fee"], cancelled["credit"]) == (FEE, "returned")


async def test_a_change_by_link_is_recorded_as_the_clients(api: Api, world: World) -> None:
    session_id = await world.book(START)
    opened = (await api.signed_in(None).open_link(world.link_token(session_id))).json()
    by_link = api.signed_in(opened["access_token"])
    assert (await by_link.cancel(session_id)).status_code == 200
    assert (await changes(api, session_id))[-1]["by"] == "client"


async def test_the_holder_of_a_link_sees_no_notes(api: Api, world: World) -> None:
    """An email may be forwarded, so its link shows reason codes but no free text."""
    session_id = await world.book(START)
    await api.reschedule(session_id, START + timedelta(days=1))
    await api.cancel(session_id)
    opened = (await api.signed_in(None).open_link(world.link_token(session_id))).json()
    by_link = api.signed_in(opened["access_token"])
    hidden = {"code": "work", "note": None}
    history = await changes(by_link, session_id)
    assert [change["reason"] for change in history] == [None, hidden, hidden]
    assert opened["session"]["cancellation"]["reason"] == hidden
    details = await by_link.session(session_id)
    assert details["cancellation"]["reason"] == hidden
    again = await by_link.cancel(session_id)
    assert REASON["note"] not in again.text
