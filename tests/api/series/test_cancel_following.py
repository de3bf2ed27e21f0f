"""Cancelling a session and those that follow it: all or none, one quote over all of them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.api.series.conftest import Booked
from tests.series import preview
from tests.world import NOW, Api, TestClock, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
SESSIONS = "/v1/practice/sessions"
# 45 dollars within 10 days of the start: the first two dates of a weekly series cost.
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]}}
# Clients may cancel until 7 days before the start.
CLOSES = {"cancel": {"closes": {"before_minutes": 10_080}}}
STAFF_REASON = {"note": "Dr. Chen is ill."}


async def cancel(api: Api, session_id: str, **body: Any) -> Response:
    return await api.cancel(UUID(session_id), scope="this_and_following", **body)


async def statuses(api: Api, ids: list[str]) -> list[str]:
    return [(await api.session(UUID(id_)))["status"] for id_ in ids]


async def test_a_session_and_those_that_follow_are_cancelled_and_earlier_ones_stay(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    answer = await cancel(api, ids[1])
    assert answer.status_code == 200, answer.text
    assert await statuses(api, ids) == ["booked", "cancelled", "cancelled", "cancelled"]
    assert answer.json()["session"]["id"] == ids[1]
    assert [
        (one["session_id"], one["touched"], one["status"]) for one in answer.json()["sessions"]
    ] == [(id_, True, "cancelled") for id_ in ids[1:]]
    changes = [row for row in await world.rows(Change) if row.kind == "cancelled"]
    assert len(changes) == 3
    assert {str(row.command_id) for row in changes} == {answer.json()["command_id"]}
    mails = await world.rows(Notification, kind="cancelled")
    assert sorted(row.recipient for row in mails) == ["client", "practitioner"]
    assert {str(row.session_id) for row in mails} == {ids[1]}


async def test_by_default_only_the_session_itself_is_cancelled(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    answer = await api.cancel(UUID(ids[1]))
    assert answer.json()["sessions"] is None
    assert await statuses(api, ids) == ["booked", "cancelled", "booked", "booked"]


async def test_a_session_that_was_moved_alone_stays_unless_it_is_taken_along(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    await api.reschedule(UUID(ids[2]), START + 2 * WEEK + DAY)
    shown = await preview(api, ids[0])
    assert [one["session_id"] for one in shown["sessions"]] == [ids[0], ids[1], ids[3]]
    assert [(one["session_id"], one["why"]) for one in shown["staying"]] == [(ids[2], "moved")]
    answer = await cancel(api, ids[1])
    assert [(one["touched"], one["why"]) for one in answer.json()["sessions"]] == [
        (True, None),
        (False, "moved"),
        (True, None),
    ]
    assert await statuses(api, ids) == ["booked", "cancelled", "booked", "cancelled"]
    assert (await cancel(api, ids[0], include_moved=True)).status_code == 200
    assert await statuses(api, ids) == ["cancelled"] * 4


async def test_sessions_that_are_cancelled_finished_or_to_keep_stay(
    api: Api, staff: Api, book_series: Booked
) -> None:
    ids = await book_series(START, 5)
    await api.cancel(UUID(ids[1]))
    await staff.post(f"{SESSIONS}/{ids[2]}/fulfilled", {})
    shown = await preview(api, ids[0], keep=[ids[3]])
    assert [one["why"] for one in shown["staying"]] == ["cancelled", "finished", "kept"]
    answer = await cancel(api, ids[0], keep=[ids[3]])
    assert answer.status_code == 200, answer.text
    assert await statuses(api, ids) == [
        "cancelled",
        "cancelled",
        "fulfilled",
        "booked",
        "cancelled",
    ]


async def test_a_cancelled_session_is_still_the_start_of_the_following(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    await api.cancel(UUID(ids[1]))
    assert (await cancel(api, ids[1])).status_code == 200
    assert await statuses(api, ids) == ["booked", "cancelled", "cancelled", "cancelled"]


async def test_cancelling_again_changes_nothing_and_tells_the_fees_of_then(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    quote = (await preview(api, ids[0]))["quote"]
    first = (await cancel(api, ids[0], quote=quote)).json()
    before = len(await world.rows(Change))
    for body in ({"quote": quote}, {}):
        answer = await cancel(api, ids[0], **body)
        assert answer.status_code == 200, answer.text
        again = answer.json()
        assert {one["touched"] for one in again["sessions"]} == {False}
        for name in ("fee", "credit", "command_id"):
            assert again[name] == first[name]
        assert [one["fee"] for one in again["sessions"]] == [
            one["fee"] for one in first["sessions"]
        ]
    assert len(await world.rows(Change)) == before


async def test_staff_cancel_again_and_nothing_changes(
    staff: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    body = {"scope": "this_and_following", "charge_fee": False, "reason": STAFF_REASON}
    first = await staff.post(f"{SESSIONS}/{ids[0]}/cancel", body)
    before = len(await world.rows(Change))
    again = await staff.post(f"{SESSIONS}/{ids[0]}/cancel", body)
    assert again.status_code == 200
    assert again.json()["command_id"] == first.json()["command_id"]
    assert len(await world.rows(Change)) == before


async def test_a_fee_of_one_session_needs_a_quote_over_all(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    refused = await cancel(api, ids[0])
    assert (refused.json()["code"], refused.json()["decision"]) == ("quote-required", None)
    shown = refused.json()["preview"]
    assert [one["decision"]["fee"] is not None for one in shown["sessions"]] == [
        True,
        False,
        False,
        False,
    ]
    assert {one["decision"]["quote"] for one in shown["sessions"]} == {None}
    assert shown["fee"]["amount_minor"] == 4500
    assert await statuses(api, ids) == ["booked"] * 4
    answer = await cancel(api, ids[0], quote=shown["quote"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"]["amount_minor"] == 4500
    assert [row.amount_minor for row in await world.rows(Fee)] == [4500]


async def test_each_session_costs_what_was_quoted_even_if_a_deadline_passes_meanwhile(
    api: Api, world: World, clock: TestClock, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    clock.now = START + WEEK - timedelta(minutes=14_400)
    api = api.signed_in(world.token())
    shown = await preview(api, ids[0])
    assert shown["fee"]["amount_minor"] == 4500
    clock.now += timedelta(minutes=1)
    answer = await cancel(api, ids[0], quote=shown["quote"])
    assert answer.status_code == 200, answer.text
    assert [row.amount_minor for row in await world.rows(Fee)] == [4500]


async def test_a_quote_for_other_sessions_or_versions_is_stale_and_shows_the_present_preview(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    quote = (await preview(api, ids[0]))["quote"]
    await api.cancel(UUID(ids[3]))
    stale = await cancel(api, ids[0], quote=quote)
    assert stale.json()["code"] == "quote-stale"
    assert [one["session_id"] for one in stale.json()["preview"]["sessions"]] == ids[:3]

    quote = stale.json()["preview"]["quote"]
    await api.reschedule(UUID(ids[2]), START + 2 * WEEK + DAY)
    stale = await cancel(api, ids[0], quote=quote, include_moved=True)
    assert stale.json()["code"] == "quote-stale"
    assert await statuses(api, ids) == ["booked", "booked", "booked", "cancelled"]


async def test_a_session_of_the_quote_can_be_kept(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    quote = (await preview(api, ids[0]))["quote"]
    answer = await cancel(api, ids[0], quote=quote, keep=[ids[2]])
    assert answer.status_code == 200, answer.text
    assert await statuses(api, ids) == ["cancelled", "cancelled", "booked", "cancelled"]


async def test_a_quote_of_one_session_or_of_another_is_not_valid_for_several(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    single = (await api.session(UUID(ids[0])))["actions"]["cancel"]["quote"]
    other = (await preview(api, ids[1]))["quote"]
    moving = (await preview(api, ids[0], action="reschedule"))["quote"]
    for quote in (single, other, moving):
        assert (await cancel(api, ids[0], quote=quote)).json()["code"] == "quote-invalid"
    several = (await preview(api, ids[0]))["quote"]
    answer = await api.cancel(UUID(ids[0]), quote=several)
    assert answer.json()["code"] == "quote-invalid"
    assert await statuses(api, ids) == ["booked"] * 4


async def test_the_preview_of_one_session_alone_gives_its_own_quote(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    shown = await preview(api, ids[0], scope="this")
    assert [one["session_id"] for one in shown["sessions"]] == [ids[0]]
    assert (await api.cancel(UUID(ids[0]), quote=shown["quote"])).status_code == 200


async def test_one_session_that_may_not_be_cancelled_refuses_all_and_keep_is_the_way_round(
    api: Api, world: World, clock: TestClock, book_series: Booked
) -> None:
    await world.add_policy(CLOSES)
    ids = await book_series(START + WEEK)
    clock.now = START + DAY
    api = api.signed_in(world.token())
    shown = await preview(api, ids[0])
    assert (shown["allowed"], shown["quote"]) == (False, None)
    refused = await cancel(api, ids[0])
    assert refused.status_code == 409
    problem = refused.json()
    assert (problem["code"], problem["refusal"]) == ("scope-refused", "notice-too-short")
    assert problem["session_id"] == ids[0]
    assert problem["deadline"] == "2026-12-03T10:00:00-05:00"
    assert await statuses(api, ids) == ["booked"] * 4
    assert (await cancel(api, ids[1])).status_code == 200


async def test_each_credit_is_returned_once(api: Api, world: World, book_series: Booked) -> None:
    package_id = await world.add_package()
    ids = await book_series(START, package_id=str(package_id))
    answer = await cancel(api, ids[1])
    assert [one["credit"] for one in answer.json()["sessions"]] == ["returned"] * 3
    returned = [row for row in await world.rows(CreditRedemption) if row.returned_at is not None]
    assert {str(row.session_id) for row in returned} == set(ids[1:])
    assert len(returned) == 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        pytest.param({"scope": "all"}, "/scope", id="scope"),
        pytest.param({"scope": "this", "include_moved": True}, "/include_moved", id="moved-of-one"),
        pytest.param({"scope": "this", "keep": [str(UUID(int=7))]}, "/keep", id="kept-of-one"),
        pytest.param(
            {"keep": ["7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f"]}, "/keep", id="keeps-another"
        ),
    ],
)
async def test_a_wrong_scope_is_named_and_changes_nothing(
    api: Api, book_series: Booked, body: dict[str, Any], pointer: str
) -> None:
    ids = await book_series(START)
    answer = await api.cancel(UUID(ids[0]), **({"scope": "this_and_following"} | body))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await statuses(api, ids) == ["booked"] * 4


async def test_a_preview_names_a_wrong_session_to_keep_in_its_query(
    api: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    answer = await api.get(f"/v1/sessions/{ids[0]}/scope", keep=ids[0])
    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    assert (error["pointer"], error["in"]) == ("/keep", "query")


async def test_the_named_session_cannot_be_kept(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    assert (await cancel(api, ids[0], keep=[ids[0]])).status_code == 422


async def test_a_session_without_a_series_is_alone_in_its_scope(api: Api, world: World) -> None:
    session_id, other = await world.book(START), await world.book(START + WEEK)
    answer = await cancel(api, str(session_id))
    assert [one["session_id"] for one in answer.json()["sessions"]] == [str(session_id)]
    assert await statuses(api, [str(other)]) == ["booked"]


async def test_the_version_of_the_named_session_is_checked(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    headers = {"If-Match": '"7"'}
    answer = await api.cancel(UUID(ids[0]), headers, scope="this_and_following")
    assert answer.status_code == 412
    assert await statuses(api, ids) == ["booked"] * 4


async def test_a_repeated_request_gets_the_same_answer(api: Api, book_series: Booked) -> None:
    ids = await book_series(START)
    headers = {"Idempotency-Key": "cancel-the-rest"}
    first = await api.cancel(UUID(ids[0]), headers, scope="this_and_following")
    again = await api.cancel(UUID(ids[0]), headers, scope="this_and_following")
    assert again.content == first.content


async def test_a_link_cancels_the_following_but_not_after_links_of_one_were_revoked(
    api: Api, staff: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    opened = await api.open_link(world.link_token(UUID(ids[1])))
    by_link = api.signed_in(opened.json()["access_token"])
    assert len((await preview(by_link, ids[1]))["sessions"]) == 3
    revoked = await staff.post(f"{SESSIONS}/{ids[3]}/links/revoke", {})
    assert revoked.status_code == 200, revoked.text
    for answer in (
        await by_link.get(f"/v1/sessions/{ids[1]}/scope", action="cancel"),
        await cancel(by_link, ids[1]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert await statuses(api, ids) == ["booked"] * 4
    assert (await cancel(by_link, ids[1], keep=[ids[3]])).status_code == 200
    assert await statuses(api, ids) == ["booked", "cancelled", "cancelled", "booked"]


async def test_links_that_were_revoked_twice_elsewhere_are_recognised_after_a_new_link(
    staff: Api, world: World, book_series: Booked
) -> None:
    """Revoked for the named session first, then for another one: that one is the later."""
    ids = await book_series(START)
    for session_id in (ids[0], ids[2]):
        await staff.post(f"{SESSIONS}/{session_id}/links/revoke", {})
    rows = {str(row.id): row.link_generation for row in await world.rows(Session)}
    assert [rows[id_] for id_ in ids] == [1, 0, 2, 0]


async def test_a_link_opens_no_preview_of_another_session(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    opened = await api.open_link(world.link_token(UUID(ids[1])))
    by_link = api.signed_in(opened.json()["access_token"])
    answer = await by_link.get(f"/v1/sessions/{ids[0]}/scope", action="cancel")
    assert answer.status_code == 404
    assert (await cancel(by_link, ids[0])).status_code == 404


async def test_another_clients_series_is_unknown(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    other = api.signed_in(world.token(await world.add_client(email="bo@client.example")))
    assert (await cancel(other, ids[0])).status_code == 404
    assert (await other.get(f"/v1/sessions/{ids[0]}/scope", action="cancel")).status_code == 404


async def test_a_preview_changes_nothing(api: Api, world: World, book_series: Booked) -> None:
    ids = await book_series(START)
    before = [await world.rows(Change), await world.rows(Session)]
    await preview(api, ids[0])
    assert [await world.rows(Change), await world.rows(Session)] == before


async def test_staff_cancel_the_following_and_charge_each_by_its_policy(
    api: Api, staff: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(LATE_FEE)
    ids = await book_series(START)
    body = {"scope": "this_and_following", "charge_fee": True, "reason": STAFF_REASON}
    answer = await staff.post(f"{SESSIONS}/{ids[0]}/cancel", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"]["amount_minor"] == 4500
    assert [one["fee"] is not None for one in answer.json()["sessions"]] == [
        True,
        False,
        False,
        False,
    ]
    assert await statuses(api, ids) == ["cancelled"] * 4


async def test_staff_cannot_cancel_the_following_of_a_fulfilled_session(
    staff: Api, book_series: Booked
) -> None:
    ids = await book_series(START)
    await staff.post(f"{SESSIONS}/{ids[0]}/fulfilled", {})
    body = {"scope": "this_and_following", "charge_fee": False, "reason": STAFF_REASON}
    answer = await staff.post(f"{SESSIONS}/{ids[0]}/cancel", body)
    assert answer.json()["code"] == "session-not-booked"
