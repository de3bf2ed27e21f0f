"""A client asks the practice to waive a fee, and the practice answers (product.md, "Waiver")."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.fees.announcing import announce_fees
from app.fees.lapsing import lapse_waivers
from app.identity.api_keys.keys import Scope
from app.identity.tokens.waiver import WaiverLink, WaiverTokens, mark_of
from app.tables.changes import Change, ChangeNote
from app.tables.notifications import Notification
from app.tables.practices import Practice, Practitioner
from app.tables.sessions import Fee, Session
from app.tables.waivers import Waiver
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.series import book_series
from tests.world import NOW, REASON, Api, TestClock, World

START = NOW + timedelta(days=3)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEK = 7 * DAY
TICK = timedelta(microseconds=1)
WORDS = "I was in hospital that night."
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
LATE_FEE = {"cancel": {"fees": [LATE]}}
WHY = {"reason": {"note": "It was our mistake."}}
PAID = {"payment_reference": "INV-1"}

Work = Callable[..., Awaitable[None]]


@pytest.fixture
async def session_id(world: World) -> UUID:
    """A session that costs a fee to cancel, and an endpoint that is told of everything."""
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(LATE_FEE)
    return await world.book(START)


async def cancel(api: Api, session_id: UUID, note: str | None = WORDS, **body: Any) -> Response:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    asks = {} if note is None else {"ask_waiver": {"note": note}}
    return await api.cancel(session_id, quote=quote, **asks, **body)


async def asked(api: Api, world: World, session_id: UUID) -> UUID:
    """Cancel with a question, and give the fee's id."""
    assert (await cancel(api, session_id)).status_code == 200
    (fee,) = await world.rows(Fee, session_id=session_id)
    found: UUID = fee.id
    return found


async def late(api: Api, world: World, session_id: UUID) -> UUID:
    """Cancel without a question, and give the fee's id."""
    assert (await cancel(api, session_id, None)).status_code == 200
    (fee,) = await world.rows(Fee, session_id=session_id)
    found: UUID = fee.id
    return found


async def ask(api: Api, fee_id: UUID, note: str = WORDS) -> Response:
    return await api.post(f"/v1/fees/{fee_id}/ask-waiver", {"note": note})


async def link_of(world: World, fee_id: UUID, email: str = "maya@harbor.example") -> str:
    link = WaiverLink(world.practice_id, fee_id, 0, mark_of(email))
    return WaiverTokens(world.settings.keys).sign(link)


async def by_link(api: Api, world: World, fee_id: UUID) -> Api:
    return api.signed_in(await link_of(world, fee_id))


async def answer(api: Api, fee_id: UUID, verb: str, **body: Any) -> Response:
    return await api.post(f"/v1/waivers/{fee_id}/{verb}", body)


async def kinds(world: World, *wanted: str) -> list[tuple[str, str]]:
    rows = await world.rows(Notification)
    return sorted((row.kind, row.recipient) for row in rows if row.kind in wanted)


TOLD = ("fee_waiver_asked", "fee_waiver_declined", "fee_waiver_lapsed", "fee_waived",
        "fee.waiver_asked", "fee.waiver_declined", "fee.waiver_lapsed", "fee.waived",
        "fee.collectable")  # fmt: skip


@pytest.fixture
def work(engine: AsyncEngine) -> Work:
    """Let the worker do its tasks about fees."""

    async def run(at: Any) -> None:
        await announce_fees(engine, at)
        await lapse_waivers(engine, at)
        await announce_fees(engine, at)

    return run


async def test_a_cancellation_is_made_at_once_and_its_fee_waits(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    done = (await cancel(api, session_id)).json()
    assert done["session"]["status"] == "cancelled"
    assert done["fee"]["amount_minor"] == 4500
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.collect_after) == ("due", NOW + WEEK)
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["waiver"] == {
        "state": "asked",
        "asked_at": "2026-11-30T10:00:00-05:00",
        "answer_by": "2026-12-07T10:00:00-05:00",
        "ended_at": None,
    }
    assert own["ask_waiver_until"] is None
    shown = (await staff.get(f"/v1/practice/fees/{fee.id}")).json()
    assert shown["waiver"]["note"] == WORDS
    assert await kinds(world, *TOLD) == [
        ("fee.waiver_asked", "webhook"),
        ("fee_waiver_asked", "practitioner"),
    ]
    changes = await world.rows(Change, session_id=session_id, command_id=UUID(done["command_id"]))
    assert {(row.kind, row.subject) for row in changes} == {
        ("cancelled", "session"),
        ("fee_waiver_asked", "fee"),
    }


async def test_what_costs_nothing_is_not_asked_about(api: Api, world: World) -> None:
    session_id = await world.book(START)
    assert (await api.cancel(session_id, ask_waiver={"note": WORDS})).status_code == 200
    assert await world.rows(Waiver) == []


async def test_a_forfeited_credit_is_not_a_fee(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [LATE], "late_credit": "forfeited"}})
    session_id = await world.book(START, package_id=await world.add_package())
    refused = await cancel(api, session_id)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/ask_waiver"
    assert (await api.session(session_id))["status"] == "booked"


@pytest.mark.parametrize("note", ["", "   ", "x" * 501, None, 7])
async def test_the_words_are_needed_and_bounded(api: Api, session_id: UUID, note: Any) -> None:
    refused = await api.cancel(session_id, ask_waiver={"note": note})
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/ask_waiver/note"}


async def test_a_move_that_costs_a_fee_can_be_asked_about(
    api: Api, world: World, staff: Api
) -> None:
    """A granted waiver ends the carried cost of the move, as a waived fee does."""
    fee = LATE | {"amount_minor": 2000}
    await world.add_policy({**LATE_FEE, "reschedule": {"fees": [fee]}})
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    moved = await api.reschedule(
        session_id, START + 200 * DAY / 10, quote=quote, ask_waiver={"note": WORDS}
    )
    assert moved.status_code == 200, moved.text
    (row,) = await world.rows(Fee)
    assert (row.amount_minor, row.collect_after) == (2000, NOW + WEEK)
    carried = (await world.rows(Session))[0].carried_fee_minor
    assert carried == 2500
    granted = await answer(await by_link(api, world, row.id), row.id, "grant")
    assert granted.status_code == 200, granted.text
    assert [one.status for one in await world.rows(Fee)] == ["waived"]
    assert (await world.rows(Session))[0].carried_fee_minor == 0
    assert staff


async def test_a_client_asks_later_once_and_within_seven_days(
    api: Api, world: World, session_id: UUID, clock: TestClock
) -> None:
    fee_id = await late(api, world, session_id)
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["ask_waiver_until"] == "2026-12-07T10:00:00-05:00"
    clock.now = NOW + WEEK
    first = await ask(api, fee_id)
    assert first.status_code == 200
    assert first.json()["waiver"]["state"] == "asked"
    again = await ask(api, fee_id, "Other words")
    assert again.status_code == 200
    assert again.json()["command_id"] == first.json()["command_id"]
    (note,) = await world.rows(ChangeNote, change_id=UUID(first.json()["command_id"]))
    assert note.note == WORDS
    assert (await kinds(world, "fee_waiver_asked")) == [("fee_waiver_asked", "practitioner")]


async def test_too_late_to_ask(api: Api, world: World, session_id: UUID, clock: TestClock) -> None:
    fee_id = await late(api, world, session_id)
    clock.now = NOW + WEEK + TICK
    refused = await ask(api, fee_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "waiver-unavailable")
    assert (await api.get("/v1/fees")).json()["items"][0]["ask_waiver_until"] is None


@pytest.mark.parametrize(("verb", "body"), [("waive", WHY), ("settle", PAID)])
async def test_only_a_fee_that_is_due_can_be_asked_about(
    api: Api, staff: Api, world: World, session_id: UUID, verb: str, body: Any
) -> None:
    fee_id = await late(api, world, session_id)
    assert (await staff.post(f"/v1/practice/fees/{fee_id}/{verb}", body)).status_code == 200
    refused = await ask(api, fee_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-due")


async def test_a_question_that_was_declined_is_not_asked_again(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    assert (await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {})).status_code == 200
    assert (await ask(api, fee_id)).json()["code"] == "waiver-unavailable"


async def test_a_fee_for_a_missed_session_can_be_asked_about(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    """It can be collected at once, and stays so."""
    missed = await staff.post(f"/v1/practice/sessions/{session_id}/noshow", {"charge_fee": True})
    assert missed.status_code == 200
    (fee,) = await world.rows(Fee)
    assert fee.collect_after is None
    assert (await ask(api, fee.id)).status_code == 200
    (fee,) = await world.rows(Fee)
    assert fee.collect_after is None


async def test_whose_fee_it_is_not_finds_none(api: Api, world: World, session_id: UUID) -> None:
    """Another client, and the link of another session."""
    fee_id = await late(api, world, session_id)
    ben = await world.add_client(email="ben@client.example")
    other = await world.book(START + DAY)
    for token in (world.token(ben), await opened(api, world, other)):
        refused = await ask(api.signed_in(token), fee_id)
        assert refused.status_code == 404
    assert (await ask(api, uuid4())).status_code == 404
    assert await world.rows(Waiver) == []


async def test_the_link_of_the_session_may_ask(api: Api, world: World, session_id: UUID) -> None:
    fee_id = await late(api, world, session_id)
    done = await ask(api.signed_in(await opened(api, world, session_id)), fee_id)
    assert done.status_code == 200
    (change,) = await world.rows(Change, kind="fee_waiver_asked")
    assert change.actor == "link"


async def opened(api: Api, world: World, session_id: UUID) -> str:
    found: str = (await api.open_link(world.link_token(session_id))).json()["access_token"]
    return found


# The answer.


async def test_a_link_shows_the_question_and_opening_it_changes_nothing(
    api: Api, stranger: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    token = await link_of(world, fee_id)
    before = len(await world.rows(Change)), len(await world.rows(Notification))
    for _ in range(100):
        shown = await stranger.post("/v1/waivers/open", {"token": token})
        assert shown.status_code == 200
    for verb in ("grant", "uphold"):
        path = f"/v1/waivers/{fee_id}/{verb}"
        carrying = stranger.signed_in(token)
        assert (await carrying.get(path)).status_code == 405
        assert (await carrying.http.head(path)).status_code == 405
    assert shown.json()["note"] == WORDS
    assert shown.json()["client"] == {"name": "Ana Ruiz"}
    assert shown.json()["practice"] == (await api.get("/v1/me")).json()["practice"]
    assert shown.json()["time_zone"] == "America/New_York"
    assert (len(await world.rows(Change)), len(await world.rows(Notification))) == before
    assert [row.status for row in await world.rows(Fee)] == ["due"]


async def test_a_fee_is_waived_by_the_link(api: Api, world: World, session_id: UUID) -> None:
    fee_id = await asked(api, world, session_id)
    practitioner = await by_link(api, world, fee_id)
    first = await answer(practitioner, fee_id, "grant", message="Get well soon!")
    again = await answer(practitioner, fee_id, "grant")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["state"] == "granted"
    assert first.json()["note"] is None
    assert again.json()["command_id"] == first.json()["command_id"]
    refused = await answer(practitioner, fee_id, "uphold")
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-due")
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert (own["status"], own["waiver"]["state"]) == ("waived", "granted")
    (change,) = await world.rows(Change, kind="fee_waived")
    assert (change.actor, change.details) == (
        "practitioner_link",
        {"waiver": "granted", "message": True},
    )
    assert await kinds(world, "fee_waived", "fee.waived") == [
        ("fee.waived", "webhook"),
        ("fee_waived", "client"),
    ]


async def test_a_fee_is_upheld_by_the_link(
    api: Api, world: World, session_id: UUID, clock: TestClock
) -> None:
    fee_id = await asked(api, world, session_id)
    practitioner = await by_link(api, world, fee_id)
    clock.now = NOW + DAY
    first = await answer(practitioner, fee_id, "uphold", message="Not this time.")
    again = await answer(practitioner, fee_id, "uphold")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["command_id"] == first.json()["command_id"]
    refused = await answer(practitioner, fee_id, "grant")
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-due")
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.collect_after) == ("due", NOW + DAY)
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["waiver"]["state"] == "declined"
    assert await kinds(world, "fee_waiver_declined", "fee.waiver_declined") == [
        ("fee.waiver_declined", "webhook"),
        ("fee_waiver_declined", "client"),
    ]


async def test_staff_waive_or_uphold_as_the_link_does(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    path = f"/v1/practice/fees/{fee_id}"
    first = await staff.post(f"{path}/uphold", {"message": "Not this time."})
    again = await staff.post(f"{path}/uphold", {})
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["command_id"] == first.json()["command_id"]
    assert first.json()["waiver"]["state"] == "declined"
    # The practice may still change its mind: the fee is due.
    waived = await staff.post(f"{path}/waive", WHY)
    assert (waived.json()["status"], waived.json()["waiver"]["state"]) == ("waived", "declined")
    assert (await staff.post(f"{path}/uphold", {})).status_code == 200
    other = await asked(api, world, await world.book(START + DAY))
    granted = await staff.post(f"/v1/practice/fees/{other}/waive", WHY)
    assert granted.json()["waiver"]["state"] == "granted"
    refused = await staff.post(f"/v1/practice/fees/{other}/uphold", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-due")
    # The reason of staff is not for the client.
    (change,) = await world.rows(Change, kind="fee_waived", subject_id=other)
    assert change.details == {"waiver": "granted"}


async def test_only_a_question_can_be_declined(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    fee_id = await late(api, world, session_id)
    refused = await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "waiver-unavailable")


async def test_the_last_instant_is_in_time(
    api: Api, world: World, session_id: UUID, clock: TestClock
) -> None:
    fee_id = await asked(api, world, session_id)
    clock.now = NOW + WEEK
    granted = await answer(await by_link(api, world, fee_id), fee_id, "grant")
    assert granted.status_code == 200


@pytest.mark.parametrize("verb", ["grant", "uphold"])
async def test_later_it_has_lapsed_also_if_the_worker_is_late(
    api: Api, staff: Api, world: World, session_id: UUID, clock: TestClock, verb: str
) -> None:
    fee_id = await asked(api, world, session_id)
    clock.now = NOW + WEEK + TICK
    refused = await answer(await by_link(api, world, fee_id), fee_id, verb)
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-due")
    shown = (await staff.get(f"/v1/practice/fees/{fee_id}")).json()["waiver"]
    assert (shown["state"], shown["ended_at"]) == ("lapsed", "2026-12-07T15:00:00Z")
    # Staff may waive any fee that is due; that is no answer to the question any more.
    waived = await staff.post(f"/v1/practice/fees/{fee_id}/waive", WHY)
    assert waived.json()["waiver"]["state"] == "lapsed"


@pytest.mark.parametrize("end", ["revoked", "address", "closed", "forged", "other kind", "access"])
async def test_a_link_that_is_not_valid_decides_nothing(
    api: Api, staff: Api, stranger: Api, world: World, session_id: UUID, end: str
) -> None:
    fee_id = await asked(api, world, session_id)
    token = await link_of(world, fee_id)
    code = "link-invalid"
    if end == "revoked":
        path = f"/v1/practice/sessions/{session_id}/links/revoke"
        assert (await staff.post(path, {})).is_success
    elif end == "address":
        await world.change(Practitioner, world.practitioner_id, email="new@harbor.example")
    elif end == "closed":
        await world.change_all(Practice, closed_at=NOW)
        code = "link-expired"
    elif end == "forged":
        token = token[:-1] + ("A" if token[-1] != "A" else "B")
    elif end == "other kind":
        token = world.link_token(fee_id)
    else:
        token = world.token()
    shown = await stranger.post("/v1/waivers/open", {"token": token})
    assert shown.json()["code"] == code
    refused = await answer(stranger.signed_in(token), fee_id, "grant")
    assert refused.status_code == 401
    assert [row.status for row in await world.rows(Fee)] == ["due"]


async def test_a_link_is_for_one_fee_and_opens_nothing_else(
    api: Api, stranger: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    other = await asked(api, world, await world.book(START + DAY))
    token = await link_of(world, fee_id)
    practitioner = stranger.signed_in(token)
    assert (await answer(practitioner, other, "grant")).status_code == 404
    for path in ("/v1/fees", f"/v1/sessions/{session_id}", "/v1/practice/fees", "/v1/offers"):
        assert (await practitioner.get(path)).status_code == 401
    assert (await stranger.post("/v1/links/open", {"token": token})).status_code == 422
    assert (await stranger.post("/v1/offers/open", {"token": token})).status_code == 422
    missing = await link_of(world, uuid4())
    assert (await stranger.post("/v1/waivers/open", {"token": missing})).status_code == 422


async def test_what_the_words_are_seen_by(
    api: Api, staff: Api, stranger: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    reader = stranger.signed_in(await world.key(Scope.READ))
    shown = (await reader.get(f"/v1/practice/fees/{fee_id}")).json()
    assert shown["waiver"]["note"] is None
    (listed,) = (await reader.get("/v1/practice/fees")).json()["items"]
    assert listed["waiver"]["note"] is None
    (listed,) = (await staff.get("/v1/practice/fees")).json()["items"]
    assert listed["waiver"]["note"] == WORDS
    trail = (await staff.get("/v1/practice/changes", kind="fee_waiver_asked")).json()["items"]
    assert trail[0]["reason"] == {"code": None, "note": WORDS}
    trail = (await reader.get("/v1/practice/changes", kind="fee_waiver_asked")).json()["items"]
    assert trail[0]["reason"] == {"code": None, "note": None}
    answered = await answer(await by_link(api, world, fee_id), fee_id, "uphold")
    assert WORDS not in answered.text
    (entry,) = (await staff.get("/v1/practice/changes", actor="practitioner_link")).json()["items"]
    assert (entry["kind"], entry["by"]["kind"]) == ("fee_waiver_declined", "practitioner_link")


async def test_fees_are_listed_by_what_became_of_the_question(
    api: Api, staff: Api, world: World, session_id: UUID, clock: TestClock
) -> None:
    fees = {"asked": await asked(api, world, session_id)}
    for number, (state, path, body) in enumerate(
        [("granted", "waive", WHY), ("declined", "uphold", {}), ("void", "settle", PAID)], 1
    ):
        fees[state] = await asked(api, world, await world.book(START + number * DAY))
        assert (
            await staff.post(f"/v1/practice/fees/{fees[state]}/{path}", body)
        ).status_code == 200
    await late(api, world, await world.book(START + 4 * DAY))

    async def listed(state: str) -> list[str]:
        found = await staff.get("/v1/practice/fees", waiver=state)
        return [one["id"] for one in found.json()["items"]]

    for state, fee_id in fees.items():
        assert await listed(state) == [str(fee_id)]
    clock.now = NOW + WEEK + TICK
    assert await listed("asked") == []
    assert await listed("lapsed") == [str(fees["asked"])]
    assert (await staff.get("/v1/practice/fees", waiver="maybe")).status_code == 422


# The worker, and what else asks a fee to wait.


@pytest.mark.alone
async def test_an_unanswered_question_lapses_once_and_then_the_fee_is_collectable(
    api: Api, world: World, session_id: UUID, work: Work
) -> None:
    await asked(api, world, session_id)
    await work(NOW + WEEK)
    await work(NOW + WEEK + timedelta(seconds=30))
    assert [row.state for row in await world.rows(Waiver)] == ["asked"]
    for late_by in (MINUTE, 2 * MINUTE, 40 * DAY):
        await work(NOW + WEEK + late_by)
    (waiver,) = await world.rows(Waiver)
    assert (waiver.state, waiver.ended_at) == ("lapsed", NOW + WEEK)
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.collect_after) == ("due", NOW + WEEK)
    assert await kinds(world, *TOLD) == [
        ("fee.collectable", "webhook"),
        ("fee.waiver_asked", "webhook"),
        ("fee.waiver_lapsed", "webhook"),
        ("fee_waiver_asked", "practitioner"),
        ("fee_waiver_lapsed", "client"),
    ]
    (change,) = await world.rows(Change, kind="fee_waiver_lapsed")
    assert (change.actor, change.details) == ("system", None)


END_OF_FEE = {
    "settle": ("practice/fees/{fee}/settle", PAID, ["fee_waiver_lapsed"]),
    "waive": ("practice/fees/{fee}/waive", WHY, ["fee_waived"]),
    "undo": ("practice/sessions/{session}/undo", WHY, []),
}


@pytest.mark.alone
@pytest.mark.parametrize("how", END_OF_FEE)
async def test_a_lapse_is_told_although_the_fee_ends_before_the_worker_records_it(
    api: Api, staff: Api, world: World, clock: TestClock, work: Work, how: str
) -> None:
    """A fee that is not owed any more does not stand: the client is only told of its end."""
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(LATE_FEE)
    session_id = await world.book(START + 14 * DAY)
    fee_id = await asked(api, world, session_id)
    clock.now = NOW + WEEK + TICK
    path, body, mails = END_OF_FEE[how]
    url = "/v1/" + path.format(fee=fee_id, session=session_id)
    assert (await staff.post(url, body)).status_code == 200
    shown = (await staff.get(f"/v1/practice/fees/{fee_id}")).json()
    assert shown["waiver"]["state"] == "lapsed"
    for late_by in (MINUTE, 2 * MINUTE):
        await work(NOW + WEEK + late_by)
    (waiver,) = await world.rows(Waiver)
    assert (waiver.state, waiver.ended_at) == ("lapsed", NOW + WEEK)
    assert len(await world.rows(Change, kind="fee_waiver_lapsed")) == 1
    events = await kinds(world, "fee.waiver_lapsed")
    assert events == [("fee.waiver_lapsed", "webhook")]
    told = await kinds(world, "fee_waiver_lapsed", "fee_waived")
    assert told == [(mail, "client") for mail in mails]


@pytest.mark.alone
async def test_a_declined_fee_is_announced_after_the_answer_once(
    api: Api, staff: Api, world: World, session_id: UUID, work: Work, clock: TestClock
) -> None:
    fee_id = await asked(api, world, session_id)
    clock.now = NOW + DAY
    assert (await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {})).status_code == 200
    for at in (NOW + DAY + MINUTE, NOW + WEEK + MINUTE):
        await work(at)
    assert await kinds(world, "fee.collectable", "fee_waiver_lapsed") == [
        ("fee.collectable", "webhook")
    ]


@pytest.mark.alone
async def test_a_later_question_never_takes_a_collectable_fee_back(
    api: Api, staff: Api, world: World, session_id: UUID, work: Work, clock: TestClock
) -> None:
    fee_id = await late(api, world, session_id)
    clock.now = NOW + 5 * MINUTE + TICK
    assert (await ask(api, fee_id)).status_code == 200
    (fee,) = await world.rows(Fee)
    assert fee.collect_after == NOW + 5 * MINUTE
    await work(NOW + 10 * MINUTE)
    collectable = await staff.get("/v1/practice/fees", collectable=True)
    assert len(collectable.json()["items"]) == 1
    clock.now = NOW + DAY
    assert (await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {})).status_code == 200
    await work(NOW + 30 * DAY)
    assert await kinds(world, "fee.collectable") == [("fee.collectable", "webhook")]
    assert (await world.rows(Fee))[0].collect_after == NOW + 5 * MINUTE


async def test_a_question_within_the_time_to_undo_lets_the_fee_wait(
    api: Api, world: World, session_id: UUID, clock: TestClock
) -> None:
    fee_id = await late(api, world, session_id)
    clock.now = NOW + 5 * MINUTE
    assert (await ask(api, fee_id)).status_code == 200
    (fee,) = await world.rows(Fee)
    assert fee.collect_after == NOW + 5 * MINUTE + WEEK


async def test_of_a_question_and_a_refill_the_later_counts(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"fees": [LATE], "refilled": {"covered_percent": 80}}})
    soon, later = await world.book(START), await world.book(START + 14 * DAY)
    for session_id, until in ((soon, NOW + WEEK), (later, START + 14 * DAY)):
        await asked(api, world, session_id)
        (fee,) = await world.rows(Fee, session_id=session_id)
        assert fee.collect_after == until
    clock.now = NOW + DAY
    for session_id, until in ((soon, START), (later, START + 14 * DAY)):
        (fee,) = await world.rows(Fee, session_id=session_id)
        assert (await staff.post(f"/v1/practice/fees/{fee.id}/uphold", {})).is_success
        (fee,) = await world.rows(Fee, session_id=session_id)
        assert fee.collect_after == until


async def test_settling_before_the_answer_is_allowed_with_a_warning(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    settled = (await staff.post(f"/v1/practice/fees/{fee_id}/settle", PAID)).json()
    assert settled["warning"] == "not-collectable-yet"
    assert settled["waiver"]["state"] == "void"
    refused = await answer(await by_link(api, world, fee_id), fee_id, "grant")
    assert refused.json()["code"] == "fee-not-due"


async def test_taking_the_change_back_ends_the_question(
    api: Api, world: World, session_id: UUID
) -> None:
    """Its mails had not left: nobody gets one."""
    fee_id = await asked(api, world, session_id)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200
    (waiver,) = await world.rows(Waiver)
    assert (waiver.state, waiver.ended_at) == ("void", NOW)
    refused = await answer(await by_link(api, world, fee_id), fee_id, "uphold")
    assert refused.json()["code"] == "fee-not-due"
    dropped = await world.rows(Notification, kind="cancelled")
    assert {row.status for row in dropped} == {"dropped"}
    assert await kinds(world, "restored") == []


async def test_a_scope_asks_about_each_fee(api: Api, staff: Api, world: World) -> None:
    await world.add_policy(LATE_FEE)
    first, *_ = await book_series(staff, world, START, 3)
    preview = (await api.get(f"/v1/sessions/{first}/scope", action="cancel")).json()
    done = await api.cancel(
        UUID(first), scope="this_and_following", quote=preview["quote"], ask_waiver={"note": WORDS}
    )
    assert done.status_code == 200, done.text
    assert len(await world.rows(Waiver, state="asked")) == 3
    assert {row.collect_after for row in await world.rows(Fee)} == {NOW + WEEK}
    changes = await world.rows(Change, command_id=UUID(done.json()["command_id"]))
    assert sorted(row.kind for row in changes) == [
        *["cancelled"] * 3,
        *["fee_waiver_asked"] * 3,
    ]
    mails = await kinds(world, "fee_waiver_asked", "cancelled")
    assert mails.count(("fee_waiver_asked", "practitioner")) == 3
    assert mails.count(("cancelled", "client")) == 1


async def test_a_scope_that_is_sent_again_answers_with_the_credit_of_then(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(LATE_FEE)
    package_id = await world.add_package(credits=3)
    more = {"package_id": str(package_id)}
    first, *_ = await book_series(staff, world, START, 2, **more)
    preview = (await api.get(f"/v1/sessions/{first}/scope", action="cancel")).json()
    body = {"scope": "this_and_following", "quote": preview["quote"], "ask_waiver": {"note": WORDS}}
    answers = [(await api.cancel(UUID(first), **body)).json() for _ in range(2)]
    assert [one["credit"] for one in answers[0]["sessions"]] == ["returned"] * 2
    costs = [[(one["fee"], one["credit"]) for one in answer["sessions"]] for answer in answers]
    assert costs[1] == costs[0]


async def test_the_history_says_who_asked_and_what_became_of_it(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    fee_id = await asked(api, world, session_id)
    await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {"message": "Not this time."})
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    entries = {one["kind"]: one for one in history}
    assert entries["fee_waiver_asked"]["by"] == "client"
    assert entries["fee_waiver_asked"]["reason"]["note"] == WORDS
    assert entries["fee_waiver_declined"]["by"] == "practice"
    assert entries["fee_waiver_declined"]["version"] == 2


async def test_the_events_are_as_described_and_say_no_words(
    api: Api, staff: Api, world: World, session_id: UUID, engine: AsyncEngine
) -> None:
    await world.change_all(WebhookEndpoint, include_reason=True)
    fee_id = await asked(api, world, session_id)
    await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {"message": "Not this time."})
    other = await asked(api, world, await world.book(START + DAY))
    await answer(await by_link(api, world, other), other, "grant", message="Get well soon!")
    seen = set()
    for row in await world.rows(Notification, recipient="webhook"):
        async with engine.connect() as db:
            (event,) = await load_events(db, [(world.practice_id, row.id)])
        assert event is not None
        is_event_as_described(event.body)
        for words in (WORDS, "Not this time", "Get well"):
            assert words not in event.body
        seen.add(row.kind)
    assert {"fee.waiver_asked", "fee.waiver_declined", "fee.waived", "fee.recorded"} <= seen


async def test_the_same_key_asks_and_answers_once(api: Api, world: World, session_id: UUID) -> None:
    fee_id = await late(api, world, session_id)
    key = {"Idempotency-Key": "a-key"}
    path = f"/v1/fees/{fee_id}/ask-waiver"
    first = await api.post(path, {"note": WORDS}, key)
    again = await api.post(path, {"note": WORDS}, key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    practitioner = await by_link(api, world, fee_id)
    path = f"/v1/waivers/{fee_id}/grant"
    granted = await practitioner.post(path, {}, key)
    replayed = await practitioner.post(path, {}, key)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json() == granted.json()
    assert REASON


async def test_the_history_has_the_cancellation_before_the_question(api: Api, world: World) -> None:
    """They have one instant, and their ids are random."""
    await world.add_policy(LATE_FEE)
    for number in range(6):
        session_id = await world.book(START + number * DAY)
        assert (await cancel(api, session_id)).status_code == 200
        items = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
        kinds = [entry["kind"] for entry in items]
        assert kinds[-2:] == ["cancelled", "fee_waiver_asked"]
