"""Idempotency keys (product.md sections 4 and 10)."""

from datetime import timedelta

import pytest

from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.practices import Client
from app.tables.sessions import Session
from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
LIFETIME = timedelta(hours=24)


def key(value: str = "k-1") -> dict[str, str]:
    return {"Idempotency-Key": value}


async def test_the_same_request_again_replays_the_first_answer_byte_by_byte(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    first = await api.reschedule(session_id, START + DAY, key())
    clock.now = NOW + timedelta(hours=1)
    again = await api.reschedule(session_id, START + DAY, key())
    assert again.content == first.content
    assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert len(await world.rows(Change)) == 2


async def test_only_a_replay_is_marked_as_one(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = await api.reschedule(session_id, START + DAY, key())
    again = await api.reschedule(session_id, START + DAY, key())
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_the_first_answer_is_replayed_whatever_happened_since(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = await api.reschedule(session_id, START + DAY, key())
    await api.reschedule(session_id, START + DAY, format="phone")
    await api.cancel(session_id)
    again = await api.reschedule(session_id, START + DAY, key())
    assert again.content == first.content
    assert (await api.session(session_id))["status"] == "cancelled"


async def test_without_a_key_nothing_is_replayed(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY)
    again = await api.reschedule(session_id, START + DAY)
    assert (again.status_code, again.json()["code"]) == (409, "no-change")


async def test_a_key_is_refused_with_another_body_path_or_query(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.book(START + 4 * DAY)
    await api.cancel(session_id, key())
    path = f"/v1/sessions/{session_id}"
    reworded = {"reason": {"code": "work", "note": "Something else."}}
    moved = {"reason": REASON, "start": START.isoformat(), "format": "phone"}
    for answer in (
        await api.post(f"{path}/cancel", reworded, key()),
        await api.post(f"{path}/reschedule", moved, key()),
        await api.cancel(other, key()),
        await api.post(f"{path}/cancel?x=1", {"reason": REASON}, key()),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert (await api.session(other))["status"] == "booked"


async def test_the_body_is_compared_as_it_was_sent(api: Api, world: World) -> None:
    session_id = await world.book(START)
    headers = {
        "Authorization": f"Bearer {api.token}",
        "Content-Type": "application/json",
        **key(),
    }
    path = f"/v1/sessions/{session_id}/cancel"
    compact = await api.http.post(path, content='{"reason":{"note":"x"}}', headers=headers)
    spaced = await api.http.post(path, content='{"reason": {"note": "x"}}', headers=headers)
    assert compact.status_code == 200
    assert spaced.json()["code"] == "idempotency-key-reused"


async def test_a_key_with_and_without_quotes_is_the_same(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = await api.cancel(session_id, key("abc"))
    again = await api.cancel(session_id, key('"abc"'))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content


async def test_keys_differ_by_case(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id, key("abc"))
    again = await api.cancel(session_id, key("ABC"))
    assert "Idempotency-Replayed" not in again.headers


@pytest.mark.parametrize("value", ["k" * 255, f'"{"k" * 255}"', "k", '"', "a key"])
async def test_keys_of_1_to_255_characters_are_taken(api: Api, world: World, value: str) -> None:
    session_id = await world.book(START)
    assert (await api.cancel(session_id, key(value))).status_code == 200
    again = await api.cancel(session_id, key(value))
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("value", ["k" * 256, f'"{"k" * 256}"', "", '""', "   ", "a\tb"])
async def test_other_keys_are_refused_and_nothing_changes(
    api: Api, world: World, value: str
) -> None:
    session_id = await world.book(START)
    answer = await api.cancel(session_id, key(value))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    (error,) = answer.json()["errors"]
    assert (error["in"], error["pointer"]) == ("header", "/Idempotency-Key")
    assert (await api.session(session_id))["status"] == "booked"


async def test_a_refusal_is_not_kept(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.add_client(name="Ben")
    taken = await world.book(START + DAY, client_id=other)
    refused = await api.reschedule(session_id, START + DAY, key())
    assert refused.json()["code"] == "slot-unavailable"
    assert await world.rows(IdempotencyKey) == []
    await api.signed_in(world.token(other)).cancel(taken)
    again = await api.reschedule(session_id, START + DAY, key())
    assert again.status_code == 200
    assert "Idempotency-Replayed" not in again.headers


async def test_after_a_refusal_the_key_may_carry_another_request(api: Api, world: World) -> None:
    session_id = await world.book(START)
    assert (await api.cancel(session_id, key(), reason=None)).status_code == 422
    assert (await api.cancel(session_id, key())).status_code == 200


async def test_the_same_key_of_another_client_is_another_key(api: Api, world: World) -> None:
    other = await world.add_client(name="Ben")
    mine, theirs = await world.book(START), await world.book(START + DAY, client_id=other)
    await api.cancel(mine, key())
    answer = await api.signed_in(world.token(other)).cancel(theirs, key())
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer.headers
    assert answer.json()["session"]["id"] == str(theirs)


async def test_a_key_used_by_link_is_another_than_the_signed_in_clients(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    opened = await api.post("/v1/links/open", {"token": world.link_token(session_id)})
    holder = api.signed_in(opened.json()["access_token"])
    by_link = await holder.cancel(session_id, key())
    assert by_link.status_code == 200
    signed_in = await api.cancel(session_id, key())
    assert "Idempotency-Replayed" not in signed_in.headers
    assert (await holder.cancel(session_id, key())).content == by_link.content


async def test_two_holders_of_one_link_share_its_keys(api: Api, world: World) -> None:
    session_id = await world.book(START)
    token = {"token": world.link_token(session_id)}
    answers = []
    for _ in range(2):
        opened = await api.post("/v1/links/open", token)
        holder = api.signed_in(opened.json()["access_token"])
        answers.append(await holder.cancel(session_id, key()))
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert answers[1].content == answers[0].content


async def test_a_key_lives_for_24_hours(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY, key())
    clock.now = NOW + LIFETIME - timedelta(microseconds=1)
    again = await api.reschedule(session_id, START + DAY, key())
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_after_24_hours_the_key_can_be_used_again(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY, key())
    clock.now = NOW + LIFETIME
    anew = await api.reschedule(session_id, START + DAY, key())
    assert (anew.status_code, anew.json()["code"]) == (409, "no-change")
    other = await api.cancel(session_id, key())
    assert other.status_code == 200
    assert len(await world.rows(IdempotencyKey)) == 1


async def test_a_revoked_token_gets_no_replay(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id, key())
    await world.change(Client, world.client_id, token_generation=1)
    answer = await api.cancel(session_id, key())
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_a_revoked_link_gets_no_replay(api: Api, world: World) -> None:
    session_id = await world.book(START)
    opened = await api.post("/v1/links/open", {"token": world.link_token(session_id)})
    holder = api.signed_in(opened.json()["access_token"])
    await holder.cancel(session_id, key())
    await world.change(Session, session_id, link_generation=1)
    answer = await holder.cancel(session_id, key())
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_an_expired_token_gets_no_replay(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    caller = api.signed_in(world.token(until=NOW + timedelta(hours=1)))
    await caller.cancel(session_id, key())
    clock.now = NOW + timedelta(hours=1)
    assert (await caller.cancel(session_id, key())).status_code == 401


async def test_a_replay_asks_no_version(api: Api, world: World) -> None:
    session_id = await world.book(START)
    first = await api.cancel(session_id, {"If-Match": '"1"', **key()})
    again = await api.cancel(session_id, {"If-Match": '"1"', **key()})
    assert again.content == first.content


async def test_opening_a_link_keeps_no_key(api: Api, world: World) -> None:
    session_id = await world.book(START)
    token = {"token": world.link_token(session_id)}
    for _ in range(2):
        opened = await api.post("/v1/links/open", token, key())
        assert "Idempotency-Replayed" not in opened.headers
    assert await world.rows(IdempotencyKey) == []
