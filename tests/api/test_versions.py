"""Versions: `ETag`, `If-Match` and the calendar's SEQUENCE (product.md sections 4 and 10)."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)


async def sequence_of(api: Api, session_id: object) -> tuple[str, int]:
    """Give the calendar entry's UID and SEQUENCE."""
    file = (await api.get(f"/v1/sessions/{session_id}/calendar.ics")).text
    uid = re.search(r"^UID:(.+)\r$", file, re.MULTILINE)
    sequence = re.search(r"^SEQUENCE:(\d+)\r$", file, re.MULTILINE)
    assert uid
    assert sequence
    return uid[1], int(sequence[1])


async def test_the_etag_is_the_version(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.get(f"/v1/sessions/{session_id}")
    assert answer.headers["ETag"] == '"1"'
    assert answer.json()["version"] == 1


async def test_the_etag_rises_with_time_format_and_status(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answers = [
        await api.reschedule(session_id, START + DAY),
        await api.reschedule(session_id, START + DAY, format="phone"),
        await api.cancel(session_id),
    ]
    assert [answer.headers["ETag"] for answer in answers] == ['"2"', '"3"', '"4"']


async def test_nothing_about_a_session_may_be_cached(api: Api, world: World) -> None:
    session_id = await world.book(START)
    for answer in (
        await api.get(f"/v1/sessions/{session_id}", {"If-None-Match": '"1"'}),
        await api.get(f"/v1/sessions/{session_id}/availability"),
        await api.get(f"/v1/sessions/{session_id}/calendar.ics"),
        await api.reschedule(session_id, START + DAY),
        await api.reschedule(session_id, START + DAY),
        await api.cancel(session_id),
    ):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.status_code != 304


@pytest.mark.parametrize("if_match", ['"1"', "*", '"7", "1"', ' "1" ', '"7","1"'])
async def test_a_command_that_names_the_present_version_is_carried_out(
    api: Api, world: World, if_match: str
) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + DAY, {"If-Match": if_match})
    assert answer.status_code == 200


@pytest.mark.parametrize("if_match", ['"2"', '"0"', "1", 'W/"1"', '"1', '""', "", '"11"'])
async def test_a_command_that_names_another_version_is_refused(
    api: Api, world: World, if_match: str
) -> None:
    session_id = await world.book(START)
    for answer in (
        await api.reschedule(session_id, START + DAY, {"If-Match": if_match}),
        await api.cancel(session_id, {"If-Match": if_match}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "version-mismatch")
    assert (await api.session(session_id))["version"] == 1


@pytest.mark.parametrize("command", ["cancel", "confirm", "absence"])
async def test_what_is_done_already_is_a_200_with_the_old_etag(
    api: Api, world: World, clock: TestClock, command: str
) -> None:
    if command == "absence":
        await world.add_policy({"cancel": {"closes": {"before_minutes": 120}}})
        clock.now = START - timedelta(hours=1)
        api = api.signed_in(world.token())
    session_id = await world.book(START)
    body: dict[str, Any] = {} if command == "confirm" else {"reason": REASON}
    body |= {"free_time": True} if command == "absence" else {}
    path, old = f"/v1/sessions/{session_id}/{command}", {"If-Match": '"1"'}
    first = await api.post(path, body, old)
    again = await api.post(path, body, old)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["command_id"] == again.json()["command_id"]


async def test_a_move_and_its_undo_are_repeated_with_their_keys(api: Api, world: World) -> None:
    session_id = await world.book(START)
    moved = await api.reschedule(session_id, START + DAY, {"If-Match": '"1"'})
    assert moved.status_code == 200
    again = await api.reschedule(session_id, START + DAY, {"If-Match": '"1"'})
    assert again.json()["code"] == "version-mismatch"
    path, named = f"/v1/sessions/{session_id}/undo", {"If-Match": '"2"'}
    undone = await api.post(path, {}, named | {"Idempotency-Key": "undo-1"})
    assert undone.status_code == 200
    assert (await api.post(path, {}, named)).json()["code"] == "version-mismatch"
    replayed = await api.post(path, {}, named | {"Idempotency-Key": "undo-1"})
    assert (replayed.status_code, replayed.content) == (200, undone.content)


async def test_the_version_is_checked_before_quote_policy_and_slot(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"enabled": False}})
    session_id = await world.book(START)
    answer = await api.reschedule(
        session_id, START + timedelta(minutes=1), {"If-Match": '"9"'}, quote="x"
    )
    assert answer.json()["code"] == "version-mismatch"


async def test_the_calendar_entry_keeps_its_uid_and_its_sequence_rises_by_one(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    found = [await sequence_of(api, session_id)]
    await api.reschedule(session_id, START + DAY)
    found.append(await sequence_of(api, session_id))
    await api.reschedule(session_id, START + DAY, format="phone")
    found.append(await sequence_of(api, session_id))
    await api.cancel(session_id)
    found.append(await sequence_of(api, session_id))
    assert len({uid for uid, _ in found}) == 1
    assert [sequence for _, sequence in found] == [0, 1, 2, 3]


async def test_a_refused_command_keeps_version_and_sequence(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + timedelta(minutes=1))
    assert (await api.session(session_id))["version"] == 1
    assert (await sequence_of(api, session_id))[1] == 0
