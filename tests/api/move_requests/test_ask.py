"""Staff ask clients for another time: whom, previews, cancelling meanwhile, withdrawing."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.tables.changes import Change
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.api.move_requests.conftest import ANSWER_BY, REQUESTS, Ask
from tests.groups import add_clients
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
STRICT: dict[str, Any] = {
    "cancel": {
        "enabled": False,
        "fees": [{"deadline": {"before_minutes": 20_000}, "percent": "50"}],
        "late_credit": "forfeited",
    },
    "reschedule": {"enabled": False, "limit": 0},
}


def pointer(answer: Any) -> str:
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return str(error["pointer"])


async def everything(world: World) -> list[Any]:
    tables = (Session, Change, Fee, Notification, MoveRequest, MoveRequestSession)
    return [sorted(map(repr, await world.rows(table))) for table in tables]


async def mails(world: World) -> Counter[tuple[str, str]]:
    rows = await world.rows(Notification)
    return Counter((row.recipient, row.kind) for row in rows if row.kind != "reminder")


async def test_a_request_keeps_the_session_and_mails_its_client(
    api: Api, ask: Ask, world: World
) -> None:
    await world.add_policy(STRICT)
    session_id = await world.book(START)
    before = await api.session(session_id)
    assert before["move_request"] is None
    told = await mails(world)
    proposed = [(START + DAY).isoformat(), (START + 2 * DAY).isoformat()]
    answer = await ask(session_id, note="Dr. Chen is ill.", proposals={str(session_id): proposed})
    assert answer.status_code == 201, answer.text
    asked = answer.json()
    (one,) = asked["sessions"]
    assert (one["session_id"], one["state"], one["client_name"]) == (
        str(session_id),
        "asked",
        "Ana Ruiz",
    )
    assert asked["waiting"] == 1
    after = await api.session(session_id)
    assert (after["version"], after["status"]) == (before["version"], "booked")
    assert after["move_request"] == {
        "id": asked["id"],
        "note": "Dr. Chen is ill.",
        "answer_by": "2026-12-01T10:00:00-05:00",
        "meanwhile": "keep",
        "proposals": [
            {"start": f"2026-12-0{day}T10:00:00-05:00", "end": end, "location_id": None}
            for day, end in ((4, "2026-12-04T10:50:00-05:00"), (5, "2026-12-05T10:50:00-05:00"))
        ],
    }
    for action in ("cancel", "reschedule"):
        decision = after["actions"][action]
        assert decision["allowed"]
        assert (decision["fee"], decision["free_because"]) == (None, "move_request")
        assert decision["closes_at"] == "2026-12-01T10:00:00-05:00"
    assert after["actions"]["change_format"]["free_because"] is None
    assert await mails(world) - told == Counter({("client", "move_request"): 1})


async def test_the_trail_says_who_was_asked(ask: Ask, staff: Api, world: World) -> None:
    session_id = await world.book(START)
    asked = (await ask(session_id, note="Canary note.")).json()
    found = await staff.get("/v1/practice/changes", subject="move_request")
    entries = found.json()["items"]
    assert {(entry["kind"], entry["session_id"]) for entry in entries} == {
        ("asked", None),
        ("asked_to_move", str(session_id)),
    }
    assert {entry["subject_id"] for entry in entries} == {asked["id"]}
    assert {entry["command_id"] for entry in entries} == {asked["command_id"]}
    assert "Canary" not in found.text
    (change,) = await world.rows(Change, kind="asked_to_move")
    assert (change.session_id, str(change.command_id)) == (session_id, asked["command_id"])


async def test_an_ill_day_of_twelve_sessions_is_one_call(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    people = await add_clients(world, 12)
    nine = START - HOUR
    ids = [
        await world.book(nine + number * HOUR, client_id=client_id)
        for number, client_id in enumerate(people)
    ]
    other_day = await world.book(nine + 14 * DAY)
    range_ = {
        "practitioner_id": str(world.practitioner_id),
        "from": "2026-12-03T00:00:00-05:00",
        "to": "2026-12-04T00:00:00-05:00",
    }
    told = await mails(world)
    preview = await ask(**range_, preview=True)
    assert preview.status_code == 200, preview.text
    assert [one["session_id"] for one in preview.json()["sessions"]] == list(map(str, ids))
    assert await world.rows(MoveRequest) == []
    asked = (await ask(**range_)).json()
    assert [one["session_id"] for one in asked["sessions"]] == list(map(str, ids))
    assert await mails(world) - told == Counter({("client", "move_request"): 12})
    for number, (client_id, session_id) in enumerate(zip(people[:10], ids, strict=False)):
        client = api.signed_in(world.token(client_id))
        assert (await client.session(session_id))["move_request"]["id"] == asked["id"]
        week, hour = divmod(number, 8)
        start = nine + (7 + week) * DAY + hour * HOUR
        assert (await client.reschedule(session_id, start)).status_code == 200
    listed = (await staff.get(f"{REQUESTS}/{asked['id']}")).json()
    assert Counter(one["state"] for one in listed["sessions"]) == {"moved": 10, "asked": 2}
    waiting = [one["session_id"] for one in listed["sessions"] if one["state"] == "asked"]
    assert (listed["waiting"], waiting) == (2, list(map(str, ids[10:])))
    assert (await staff.get(REQUESTS, open=True)).json()["items"] == [listed]
    assert (await api.session(other_day))["move_request"] is None


async def test_one_client_with_several_sessions_gets_one_mail(ask: Ask, world: World) -> None:
    ids = [await world.book(START + number * DAY) for number in range(2)]
    other = await world.book(START + 2 * HOUR, client_id=(await add_clients(world, 1))[0])
    told = await mails(world)
    assert (await ask(*ids, other)).status_code == 201
    assert await mails(world) - told == Counter({("client", "move_request"): 2})


async def test_cancelling_meanwhile_costs_nothing_and_returns_the_credit(
    api: Api, ask: Ask, world: World
) -> None:
    await world.add_policy(STRICT)
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    told = await mails(world)
    asked = (await ask(session_id, meanwhile="cancel")).json()
    assert asked["sessions"][0]["status"] == "cancelled"
    shown = await api.session(session_id)
    assert (shown["status"], shown["cancellation"]["by"]) == ("cancelled", "practice")
    assert shown["package"]["credits_left"] == 6
    assert await world.rows(Fee) == []
    assert await mails(world) - told == Counter(
        {("client", "move_request"): 1, ("practitioner", "cancelled"): 1}
    )
    assert [row.status for row in await world.rows(Notification, kind="reminder")] == ["dropped"]
    actions = shown["actions"]
    assert actions["reschedule"]["free_because"] == "move_request"
    assert actions["cancel"]["refusal"]["code"] == "session-not-booked"


async def test_a_session_that_cannot_be_asked_for_is_named(
    api: Api, ask: Ask, world: World
) -> None:
    fine, cancelled, started, asked = [
        await world.book(START + number * HOUR) for number in (5, 0, 1, 6)
    ]
    await api.cancel(cancelled)
    await world.change(Session, started, starts_at=NOW - HOUR)
    assert (await ask(asked)).status_code == 201
    before = await everything(world)
    for bad in (cancelled, started, asked, uuid4()):
        assert pointer(await ask(fine, bad)) == "/sessions/1"
    assert await everything(world) == before
    range_ = {
        "practitioner_id": str(world.practitioner_id),
        "from": NOW.isoformat(),
        "to": (START + 7 * DAY).isoformat(),
    }
    found = (await ask(**range_)).json()
    assert [one["session_id"] for one in found["sessions"]] == [str(fine)]
    assert pointer(await ask(**range_)) == "/practitioner_id"


async def test_misfits_are_asked_and_name_their_request(ask: Ask, staff: Api, world: World) -> None:
    misfit = await world.book(START - 3 * HOUR)
    fits = await world.book(START + HOUR)
    path = f"/v1/practice/practitioners/{world.practitioner_id}/misfits"
    (before,) = (await staff.get(path)).json()["items"]
    assert (before["id"], before["move_request_id"]) == (str(misfit), None)
    asked = (await ask(misfits_of=str(world.practitioner_id))).json()
    assert [one["session_id"] for one in asked["sessions"]] == [str(misfit)]
    assert str(fits) not in str(asked)
    (after,) = (await staff.get(path)).json()["items"]
    assert after["move_request_id"] == asked["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"answer_by": NOW.isoformat()}, "/answer_by", id="answer by now"),
        pytest.param({"meanwhile": "perhaps"}, "/meanwhile", id="meanwhile"),
        pytest.param({"misfits_of": str(uuid4())}, "/misfits_of", id="two ways"),
        pytest.param({"note": " "}, "/note", id="blank note"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    ask: Ask, world: World, body: dict[str, Any], field: str
) -> None:
    session_id = await world.book(START)
    before = await everything(world)
    assert pointer(await ask(session_id, **body)) == field
    assert await everything(world) == before


async def test_bad_proposals_are_named(ask: Ask, world: World) -> None:
    session_id, other = await world.book(START), await world.book(START + DAY)
    late = (START + 2 * DAY).isoformat()
    for proposals, field in (
        ({str(other): [late]}, f"/proposals/{other}"),
        ({str(session_id): [late, NOW.isoformat()]}, f"/proposals/{session_id}/1"),
        ({str(session_id): [START.isoformat()]}, f"/proposals/{session_id}/0"),
        ({str(session_id): ["2026-12-09T10:00:00.5Z"]}, f"/proposals/{session_id}/0"),
        ({str(session_id): [late] * 4}, f"/proposals/{session_id}"),
        ({"monday": [late]}, "/proposals/monday"),
    ):
        assert pointer(await ask(session_id, proposals=proposals)) == field


async def test_nobody_to_ask(ask: Ask, world: World) -> None:
    assert pointer(await ask(misfits_of=str(world.practitioner_id))) == "/misfits_of"
    assert pointer(await ask(misfits_of=str(uuid4()))) == "/misfits_of"
    assert pointer(await ask()) == ""
    practitioner = str(world.practitioner_id)
    assert pointer(await ask(practitioner_id=practitioner)) == "/from"
    backwards = {"from": START.isoformat(), "to": NOW.isoformat()}
    assert pointer(await ask(practitioner_id=practitioner, **backwards)) == "/to"
    two = await ask(practitioner_id=practitioner, misfits_of=practitioner)
    assert pointer(two) == "/misfits_of"


async def test_a_withdrawn_request_ends_what_it_made_free(
    api: Api, ask: Ask, staff: Api, world: World
) -> None:
    await world.add_policy(STRICT)
    ids = [await world.book(START + number * HOUR) for number in range(2)]
    asked = (await ask(*ids)).json()
    assert (await api.cancel(ids[0])).status_code == 200
    path = f"{REQUESTS}/{asked['id']}/withdraw"
    ended = (await staff.post(path, {})).json()
    assert [one["state"] for one in ended["sessions"]] == ["cancelled", "withdrawn"]
    assert ended["withdrawn_at"] is not None
    shown = await api.session(ids[1])
    assert shown["move_request"] is None
    assert shown["actions"]["cancel"]["refusal"]["code"] == "action-disabled"
    again = (await staff.post(path, {})).json()
    assert again == ended
    assert len(await world.rows(Change, kind="withdrawn", subject="move_request")) == 1
    assert (await ask(ids[1])).status_code == 201


async def test_another_practice_sees_no_request(ask: Ask, staff: Api, world: World) -> None:
    asked = (await ask(await world.book(START))).json()
    other = await World(world.engine, world.settings).build()
    theirs = staff.signed_in(await other.key())
    assert (await theirs.get(f"{REQUESTS}/{asked['id']}")).status_code == 404
    assert (await theirs.post(f"{REQUESTS}/{asked['id']}/withdraw", {})).status_code == 404
    assert (await theirs.get(REQUESTS)).json()["items"] == []
    body = {
        "sessions": [asked["sessions"][0]["session_id"]],
        "answer_by": ANSWER_BY.isoformat(),
        "meanwhile": "cancel",
    }
    assert pointer(await theirs.post(REQUESTS, body)) == "/sessions/0"


async def test_the_list_has_pages_and_filters(ask: Ask, staff: Api, world: World) -> None:
    made = [(await ask(await world.book(START + n * HOUR))).json()["id"] for n in range(3)]
    await staff.post(f"{REQUESTS}/{made[0]}/withdraw", {})
    first = (await staff.get(REQUESTS, limit=2)).json()
    second = (await staff.get(REQUESTS, limit=2, cursor=first["next_cursor"])).json()
    assert {one["id"] for one in (*first["items"], *second["items"])} == set(made)
    closed = (await staff.get(REQUESTS, open=False)).json()
    assert [UUID(one["id"]) for one in closed["items"]] == [UUID(made[0])]


@pytest.mark.parametrize("last", ["answer_by", "start"])
async def test_a_request_that_is_over_is_shown_so_before_the_worker_closes_it(
    ask: Ask, staff: Api, world: World, clock: TestClock, last: str
) -> None:
    answer_by = ANSWER_BY if last == "answer_by" else START + DAY
    made = (await ask(await world.book(START), answer_by=answer_by.isoformat())).json()
    path = f"{REQUESTS}/{made['id']}"
    clock.now = ANSWER_BY if last == "answer_by" else START - TICK
    shown = (await staff.get(path)).json()
    assert (shown["waiting"], shown["sessions"][0]["state"]) == (1, "asked")
    assert (await staff.get(REQUESTS, open=True)).json()["items"] == [shown]
    clock.now += TICK
    shown = (await staff.get(path)).json()
    assert (shown["waiting"], shown["sessions"][0]["state"]) == (0, "kept")
    assert (await staff.get(REQUESTS, open=True)).json()["items"] == []
    assert (await staff.get(REQUESTS, open=False)).json()["items"] == [shown]
    assert [row.state for row in await world.rows(MoveRequestSession)] == ["asked"]


@pytest.mark.parametrize("choice", ["sessions", "range", "misfits"])
async def test_a_session_whose_request_is_over_can_be_asked_for_again(
    ask: Ask, staff: Api, world: World, clock: TestClock, choice: str
) -> None:
    """Also before the worker has closed the old request: its session is then `kept`."""
    session_id = await world.book(START - 3 * HOUR)
    other = await world.book(START - 2 * HOUR)
    old = (await ask(session_id, other)).json()
    who = str(world.practitioner_id)
    choices: dict[str, dict[str, Any]] = {
        "sessions": {"sessions": [str(session_id)]},
        "range": {
            "practitioner_id": who,
            "from": (START - 3 * HOUR).isoformat(),
            "to": (START - 2 * HOUR).isoformat(),
        },
        "misfits": {"misfits_of": who},
    }
    chosen = choices[choice] | {"answer_by": (ANSWER_BY + DAY).isoformat()}
    clock.now = ANSWER_BY
    if choice != "sessions":
        assert (await ask(**chosen)).status_code == 422
    clock.now += TICK
    path = f"/v1/practice/practitioners/{who}/misfits"
    shown = (await staff.get(path)).json()["items"]
    assert [one["move_request_id"] for one in shown] == [None, None]
    before = await everything(world)
    preview = await ask(**chosen, preview=True)
    assert preview.status_code == 200, preview.text
    assert await everything(world) == before
    again = await ask(**chosen)
    assert again.status_code == 201, again.text
    assert again.json()["sessions"][0]["session_id"] == str(session_id)
    states = {
        (str(row.move_request_id), row.session_id): (row.state, row.answered_at)
        for row in await world.rows(MoveRequestSession)
    }
    assert states[old["id"], session_id] == ("kept", clock.now)
    assert states[again.json()["id"], session_id] == ("asked", None)
    expected = ("kept", clock.now) if choice == "misfits" else ("asked", None)
    assert states[old["id"], other] == expected
    assert [row.told_at for row in await world.rows(MoveRequest)] == [None, None]


@pytest.mark.parametrize("meanwhile", ["keep", "cancel"])
@pytest.mark.parametrize("last", ["answer_by", "start"])
async def test_withdrawing_a_request_that_is_over_changes_nothing(
    ask: Ask, staff: Api, world: World, clock: TestClock, last: str, meanwhile: str
) -> None:
    answer_by = ANSWER_BY if last == "answer_by" else START + DAY
    session_id = await world.book(START)
    made = await ask(session_id, answer_by=answer_by.isoformat(), meanwhile=meanwhile)
    clock.now = ANSWER_BY + TICK if last == "answer_by" else START
    before = await everything(world)
    answer = await staff.post(f"{REQUESTS}/{made.json()['id']}/withdraw", {})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["command_id"], shown["withdrawn_at"]) == (None, None)
    assert [one["state"] for one in shown["sessions"]] == ["kept"]
    assert await everything(world) == before


async def test_withdrawing_keeps_the_sessions_that_have_started(
    ask: Ask, staff: Api, world: World, clock: TestClock
) -> None:
    ids = [await world.book(START + number * HOUR) for number in range(2)]
    made = (await ask(*ids, answer_by=(START + DAY).isoformat())).json()
    clock.now = START
    shown = (await staff.post(f"{REQUESTS}/{made['id']}/withdraw", {})).json()
    assert [one["state"] for one in shown["sessions"]] == ["kept", "withdrawn"]
    rows = await world.rows(MoveRequestSession)
    assert sorted(row.state for row in rows) == ["kept", "withdrawn"]
    (entry,) = await world.rows(Change, subject="move_request", kind="withdrawn")
    assert entry.details["sessions"] == dict(zip(map(str, ids), ["kept", "withdrawn"], strict=True))


async def test_a_credit_that_paid_pays_again(api: Api, ask: Ask, world: World) -> None:
    package_id = await world.add_package(credits=1)
    session_id = await world.book(START, package_id=package_id)
    await ask(session_id, meanwhile="cancel")
    moved = await api.reschedule(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    session = moved.json()["session"]
    assert (session["id"], session["status"], session["package"]["credits_left"]) == (
        str(session_id),
        "booked",
        0,
    )
    assert len(await world.rows(CreditRedemption, returned_at=None)) == 1
