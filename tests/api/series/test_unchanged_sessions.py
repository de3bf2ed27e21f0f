"""A session of the scope that would stay at its time, in its format, is not changed and not judged.

It is at its new date already, for example because staff moved another session of the series alone.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import Session
from tests.api.series.conftest import Booked
from tests.series import preview
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
SCOPE = "this_and_following"
LATE: dict[str, Any] = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
FEE_OF_MOVES: dict[str, Any] = {"reschedule": {"fees": [LATE]}}
ONE_FREE: dict[str, Any] = {
    "reschedule": {"fees": [{"deadline": LATE["deadline"], "percent": "50"}]},
    "allowance": {"free": 1, "per": "calendar_year", "for": ["reschedule"]},
}


async def preview_move(api: Api, session_id: str, start: datetime, **query: Any) -> Any:
    asked = {"action": "reschedule", "include_moved": True, "start": start.isoformat()}
    return await preview(api, session_id, **asked | query)


async def test_it_is_in_no_sum_needs_no_quote_and_is_named_as_staying(
    api: Api, staff: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 3)
    assert (await staff.reschedule_by_staff(ids[0], START + HOUR)).status_code == 200
    shown = await preview_move(api, ids[0], START)
    assert [one["session_id"] for one in shown["sessions"]] == [ids[0]]
    assert [(one["session_id"], one["why"]) for one in shown["staying"]] == [
        (ids[1], "unchanged"),
        (ids[2], "unchanged"),
    ]
    # After a move by the practice the first one moves free of charge, so nothing costs anything.
    assert shown["fee"] is None
    moved = await api.reschedule(UUID(ids[0]), START, scope=SCOPE)
    assert moved.status_code == 200, moved.text
    found = [(one["touched"], one["why"], one["version"]) for one in moved.json()["sessions"]]
    assert found == [(True, None, 3), (False, "unchanged", 1), (False, "unchanged", 1)]


async def test_a_rule_that_refuses_to_move_it_refuses_nothing(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    ids = await book_series(START, 3)
    alone = await api.reschedule(UUID(ids[1]), START + WEEK + HOUR)
    assert alone.status_code == 200, alone.text
    assert (await preview_move(api, ids[0], START + HOUR))["allowed"]
    moved = await api.reschedule(UUID(ids[0]), START + HOUR, scope=SCOPE, include_moved=True)
    assert moved.status_code == 200, moved.text
    assert [one["touched"] for one in moved.json()["sessions"]] == [True, False, True]


async def test_it_uses_none_of_the_allowance(api: Api, world: World, book_series: Booked) -> None:
    """The dearest session gets what is left, but not one that does not move."""
    await world.add_policy(ONE_FREE)
    ids = await book_series(START, 2)
    await world.change(Session, UUID(ids[1]), price_minor=20_000)
    quote = (await api.session(UUID(ids[1])))["actions"]["reschedule"]["quote"]
    paid = await api.reschedule(UUID(ids[1]), START + WEEK + HOUR, quote=quote, use_allowance=False)
    assert paid.status_code == 200, paid.text
    shown = await preview_move(api, ids[0], START + HOUR)
    (line,) = shown["sessions"]
    assert line["decision"]["free_because"] == "allowance"
    moved = await api.reschedule(
        UUID(ids[0]), START + HOUR, scope=SCOPE, include_moved=True, quote=shown["quote"]
    )
    assert moved.status_code == 200, moved.text
    assert moved.json()["fee"] is None
    (use,) = await world.rows(AllowanceUse)
    assert str(use.session_id) == ids[0]


async def test_a_quote_that_covers_it_holds_for_the_others(
    api: Api, world: World, book_series: Booked
) -> None:
    """The client saw the price of all, and then leaves one where it is."""
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    shown = await preview_move(api, ids[0], START + HOUR)
    assert shown["fee"]["amount_minor"] == 9000
    stays = {"session_id": ids[1], "start": (START + WEEK).isoformat()}
    moved = await api.reschedule(
        UUID(ids[0]), START + HOUR, scope=SCOPE, overrides=[stays], quote=shown["quote"]
    )
    assert moved.status_code == 200, moved.text
    assert moved.json()["fee"]["amount_minor"] == 4500
    assert [one["touched"] for one in moved.json()["sessions"]] == [True, False]


async def test_the_named_session_may_be_the_one_that_stays(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    alone = await api.session(UUID(ids[0]))
    quote = alone["actions"]["reschedule"]["quote"]
    assert (await api.reschedule(UUID(ids[0]), START + HOUR, quote=quote)).status_code == 200
    shown = await preview_move(api, ids[0], START + HOUR)
    assert [one["session_id"] for one in shown["sessions"]] == [ids[1]]
    assert [one["why"] for one in shown["staying"]] == ["unchanged"]
    moved = await api.reschedule(UUID(ids[0]), START + HOUR, scope=SCOPE, quote=shown["quote"])
    assert moved.status_code == 200, moved.text
    assert [one["touched"] for one in moved.json()["sessions"]] == [False, True]
    assert moved.json()["fee"]["amount_minor"] == 4500


async def test_where_nothing_would_change_the_preview_has_no_session_and_no_quote(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    shown = await preview_move(api, ids[0], START)
    assert shown["sessions"] == []
    assert (shown["fee"], shown["quote"]) == (None, None)
    assert [one["why"] for one in shown["staying"]] == ["unchanged"] * 2
    refused = await api.reschedule(UUID(ids[0]), START, scope=SCOPE)
    assert refused.json()["code"] == "no-change"


async def test_all_that_stays_is_in_the_order_of_the_series(api: Api, book_series: Booked) -> None:
    ids = await book_series(START, 4)
    alone = await api.reschedule(UUID(ids[1]), START + WEEK + HOUR)
    assert alone.status_code == 200, alone.text
    shown = await preview_move(api, ids[0], START, keep=ids[2])
    assert [one["session_id"] for one in shown["sessions"]] == [ids[1]]
    assert [(one["session_id"], one["why"]) for one in shown["staying"]] == [
        (ids[0], "unchanged"),
        (ids[2], "kept"),
        (ids[3], "unchanged"),
    ]
