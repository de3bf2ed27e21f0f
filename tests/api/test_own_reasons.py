"""The practice's own reasons: what clients may choose, and what it costs them (product.md)."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.policy.reasons import STANDARD_REASONS
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Fee, Session
from app.tables.waivers import Waiver
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.replays import replay_practice
from tests.series import book_series
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
TICK = timedelta(microseconds=1)
WORDS = "I woke up with a fever."
REASONS = [
    {"code": "ill", "labels": {"en": "I am ill", "fr": "Je suis malade"}, "fee": "none"},
    {"code": "funeral", "labels": {"en": "A funeral", "pt-BR": "Um funeral"}, "fee": "ask"},
    {"code": "work", "labels": {"en": "Work"}},
]
CODES = ["ill", "funeral", "work", "other"]
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
RULES: dict[str, Any] = {"cancel": {"fees": [LATE]}, "reasons": REASONS}
# A move costs 30 dollars, and carries the other 15 of a cancellation.
MOVES = RULES | {"reschedule": {"fees": [LATE | {"amount_minor": 3000}]}}
FEE = {"amount_minor": 4500, "currency": "USD", "decimals": 2}


@pytest.fixture
async def session_id(world: World) -> UUID:
    """A session that costs a fee to cancel, unless its client is ill."""
    await world.add_policy(RULES)
    return await world.book(START)


def why(code: str | None, note: str = WORDS) -> dict[str, Any]:
    return {"note": note} if code is None else {"code": code, "note": note}


async def quote(api: Api, session_id: UUID, action: str = "cancel") -> str:
    return str((await api.session(session_id))["actions"][action]["quote"])


async def cancel(api: Api, session_id: UUID, code: str | None, **body: Any) -> Response:
    return await api.cancel(
        session_id, reason=why(code), quote=await quote(api, session_id), **body
    )


async def choices(api: Api, session_id: UUID, action: str = "cancel", **query: Any) -> Any:
    return (await api.session(session_id, **query))["actions"][action]["reasons"]


async def waivers(world: World) -> list[str]:
    return [row.state for row in await world.rows(Waiver)]


# What the client may choose


async def test_the_decision_lists_the_reasons_with_what_each_changes_and_costs(
    api: Api, session_id: UUID
) -> None:
    usual = {"effect": "usual", "fee": FEE, "credit": None, "carries": None}
    assert await choices(api, session_id) == [
        usual | {"code": "ill", "label": "I am ill", "effect": "none", "fee": None},
        usual | {"code": "funeral", "label": "A funeral", "effect": "ask"},
        usual | {"code": "work", "label": "Work"},
        usual | {"code": "other", "label": "Other"},
    ]


async def test_a_session_whose_policy_has_no_list_has_none(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [LATE]}})
    session_id = await world.book(START)
    assert await choices(api, session_id) is None
    assert (await cancel(api, session_id, "unwell")).json()["fee"] == FEE


async def test_a_session_keeps_the_list_of_its_booking(
    api: Api, world: World, session_id: UUID
) -> None:
    await world.add_policy({"cancel": {"fees": [LATE]}})
    assert [one["code"] for one in await choices(api, session_id)] == CODES
    assert (await cancel(api, session_id, "ill")).json()["fee"] is None


async def test_what_is_refused_has_no_reasons_to_choose(api: Api, session_id: UUID) -> None:
    assert await choices(api, session_id, "absence") is None


@pytest.mark.parametrize(
    ("accepted", "labels"),
    [
        ("fr-CA", ["Je suis malade", "A funeral", "Work", "Autre"]),
        ("pt, fr;q=0.5", ["Je suis malade", "Um funeral", "Work", "Autre"]),
        ("it", ["I am ill", "A funeral", "Work", "Other"]),
    ],
)
async def test_labels_are_in_the_language_that_the_reader_prefers(
    api: Api, session_id: UUID, accepted: str, labels: list[str]
) -> None:
    answer = await api.get(f"/v1/sessions/{session_id}", {"Accept-Language": accepted})
    reasons = answer.json()["actions"]["cancel"]["reasons"]
    assert [one["label"] for one in reasons] == labels


async def test_without_english_a_label_is_the_first_by_tag(api: Api, world: World) -> None:
    labels = {"nl": "Ziek", "it": "Malato"}
    await world.add_policy({"reasons": [{"code": "ill", "labels": labels}]})
    found = await choices(api, await world.book(START))
    assert [one["label"] for one in found] == ["Malato", "Other"]


# Codes


async def test_another_code_than_those_of_the_list_is_refused_and_the_allowed_are_named(
    api: Api, world: World, session_id: UUID
) -> None:
    refused = await cancel(api, session_id, "unwell")
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error == {
        "pointer": "/reason/code",
        "in": "body",
        "detail": "must be one of these codes: ill, funeral, work, other",
    }
    moved = await api.reschedule(session_id, START + DAY, reason=why("unwell"))
    assert moved.json()["errors"] == [error]
    assert [row.version for row in await world.rows(Session)] == [1]


async def test_without_a_list_the_standard_codes_are_named(api: Api, world: World) -> None:
    refused = await cancel(api, await world.book(START), "ill")
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/reason/code"
    assert error["detail"].endswith(": " + ", ".join(STANDARD_REASONS))


@pytest.mark.parametrize("code", [None, "other", "work"])
async def test_other_codes_and_none_cost_what_the_policy_says(
    api: Api, world: World, session_id: UUID, code: str | None
) -> None:
    assert (await cancel(api, session_id, code)).json()["fee"] == FEE
    assert await waivers(world) == []


async def test_staff_use_the_standard_codes_and_those_of_any_version(
    staff: Api, world: World, session_id: UUID
) -> None:
    await world.add_policy({"reasons": [{"code": "late-bus", "labels": {"en": "The bus"}}]})
    # A version without rules has no codes.
    assert (await staff.post("/v1/practice/policies", {"rules": None})).status_code == 201
    body: dict[str, Any] = {"charge_fee": True}
    path = f"/v1/practice/sessions/{session_id}/cancel"
    refused = await staff.post(path, body | {"reason": why("train")})
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/reason/code"
    assert error["detail"].endswith(", other, funeral, ill, late-bus")
    # What staff charge is the usual cost.
    answer = await staff.post(path, body | {"reason": why("ill")})
    assert answer.json()["fee"] == FEE
    undone = f"/v1/practice/sessions/{session_id}/undo"
    for code in ("late-bus", "feeling-better"):
        assert (await staff.post(undone, {"reason": why(code)})).status_code == 200
        assert (await staff.post(path, body | {"reason": why(code)})).status_code == 200


# A reason that is free


async def test_a_free_reason_needs_no_quote_and_costs_nothing(
    api: Api, world: World, session_id: UUID
) -> None:
    answer = await api.cancel(session_id, reason=why("ill"))
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert answer.json()["session"]["cancellation"]["reason"]["code"] == "ill"
    assert await world.rows(Fee) == []


async def test_the_quote_of_the_details_holds_for_every_code(
    api: Api, world: World, session_id: UUID
) -> None:
    shown = await quote(api, session_id)
    assert (await api.cancel(session_id, reason=why("ill"), quote=shown)).json()["fee"] is None
    assert (await cancel(api, await world.book(START + DAY), "work")).json()["fee"] == FEE


async def test_without_a_quote_a_dear_reason_is_answered_with_all_choices(
    api: Api, session_id: UUID
) -> None:
    refused = await api.cancel(session_id, reason=why("work"))
    assert refused.json()["code"] == "quote-required"
    assert [one["code"] for one in refused.json()["decision"]["reasons"]] == CODES


async def test_a_free_move_carries_nothing_and_counts(api: Api, world: World) -> None:
    await world.add_policy(MOVES | {"reschedule": MOVES["reschedule"] | {"limit": 1}})
    session_id = await world.book(START)
    (ill, *_, other) = await choices(api, session_id, "reschedule")
    assert (ill["fee"], ill["carries"]) == (None, None)
    assert other["fee"]["amount_minor"] == 3000
    assert other["carries"]["fee"]["amount_minor"] == 1500
    start = slots(await api.availability(session_id))[-1]
    assert (await api.reschedule(session_id, start, reason=why("ill"))).json()["fee"] is None
    (row,) = await world.rows(Session)
    assert (row.client_moves, row.carried_fee_minor) == (1, 0)
    again = await api.reschedule(session_id, START, reason=why("ill"))
    assert again.json()["code"] == "reschedule-limit-reached"


async def test_a_free_reason_lifts_what_an_earlier_move_carries(api: Api, world: World) -> None:
    await world.add_policy(MOVES)
    session_id = await world.book(START)
    start = slots(await api.availability(session_id))[-1]
    shown = await quote(api, session_id, "reschedule")
    assert (await api.reschedule(session_id, start, quote=shown)).status_code == 200
    assert (await api.cancel(session_id, reason=why("ill"))).json()["fee"] is None


async def test_a_free_reason_opens_nothing_that_has_closed(
    api: Api, world: World, clock: TestClock
) -> None:
    closed = RULES | {"cancel": {"closes": {"before_minutes": 1440}, "fees": [LATE]}}
    await world.add_policy(closed)
    session_id = await world.book(START)
    clock.now = START - DAY + TICK
    refused = await api.cancel(session_id, reason=why("ill"))
    assert refused.json()["code"] == "notice-too-short"
    # It frees from what an absence costs, which is open now.
    path = f"/v1/sessions/{session_id}/absence"
    unknown = await api.post(path, {"reason": why("unwell"), "free_time": False})
    assert unknown.json()["errors"][0]["pointer"] == "/reason/code"
    found = await choices(api, session_id, "absence")
    assert [one["effect"] for one in found] == ["none", "ask", "usual", "usual"]
    answer = await api.post(path, {"reason": why("ill"), "free_time": True})
    assert (answer.status_code, answer.json()["fee"]) == (200, None)


# A reason for which the practice is asked


async def test_an_asking_reason_asks_for_the_waiver_in_the_words_of_its_note(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    answer = await cancel(api, session_id, "funeral")
    assert answer.json()["fee"] == FEE
    (fee,) = await world.rows(Fee)
    assert fee.collect_after == NOW + WEEK
    assert await waivers(world) == ["asked"]
    shown = (await staff.get(f"/v1/practice/fees/{fee.id}")).json()
    assert shown["waiver"]["note"] == WORDS


async def test_the_clients_own_words_win_over_those_of_the_reason(
    api: Api, staff: Api, world: World, session_id: UUID
) -> None:
    asks = {"ask_waiver": {"note": "Please let me off."}}
    assert (await cancel(api, session_id, "funeral", **asks)).status_code == 200
    (fee,) = await world.rows(Fee)
    shown = (await staff.get(f"/v1/practice/fees/{fee.id}")).json()
    assert shown["waiver"]["note"] == "Please let me off."


async def test_nobody_is_asked_where_nothing_is_due_or_a_credit_is_lost(
    api: Api, world: World
) -> None:
    """An explicit question about a credit is refused; a reason that asks is not."""
    package_id = await world.add_package()
    await world.add_policy(RULES | {"cancel": {"fees": [LATE], "late_credit": "forfeited"}})
    session_id = await world.book(START, package_id=package_id)
    answer = await cancel(api, session_id, "funeral")
    assert (answer.status_code, answer.json()["credit"]) == (200, "forfeited")
    await world.add_policy({"reasons": REASONS})
    free = await world.book(START + DAY)
    assert (await cancel(api, free, "funeral")).json()["fee"] is None
    assert await waivers(world) == []


async def test_who_pays_and_keeps_the_allowance_is_told_before_that_a_reason_asks(
    api: Api, world: World
) -> None:
    allowance = {"free": 1, "per": "calendar_year", "for": ["cancel"]}
    await world.add_policy(RULES | {"allowance": allowance})
    session_id = await world.book(START)
    decision = (await api.session(session_id))["actions"]["cancel"]
    used = {one["code"]: (one["effect"], one["fee"]) for one in decision["reasons"]}
    paid = {one["code"]: one for one in decision["allowance"]["instead"]["reasons"]}
    assert list(paid) == CODES
    assert (used["funeral"], used["work"]) == (("usual", None), ("usual", None))
    assert paid["funeral"] == {
        "code": "funeral",
        "label": "A funeral",
        "effect": "ask",
        "fee": FEE,
        "credit": None,
        "carries": None,
    }
    assert [paid[code]["effect"] for code in CODES] == ["none", "ask", "usual", "usual"]
    assert [paid[code]["fee"] for code in CODES] == [None, FEE, FEE, FEE]
    answer = await cancel(api, session_id, "funeral", use_allowance=False)
    assert answer.json()["fee"] == FEE
    assert await waivers(world) == ["asked"]


async def test_an_asking_reason_needs_the_quote_as_the_usual_cost_does(
    api: Api, session_id: UUID
) -> None:
    refused = await api.cancel(session_id, reason=why("funeral"))
    assert refused.json()["code"] == "quote-required"


# Several sessions


async def test_one_reason_holds_for_all_sessions_of_a_series(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(RULES)
    first, *_ = [UUID(one) for one in await book_series(staff, world, START, 3)]
    scope: dict[str, Any] = {"scope": "this_and_following"}
    path = f"/v1/sessions/{first}/scope"
    preview = (await api.get(path, action="cancel", **scope)).json()
    for each in preview["sessions"]:
        effects = [one["effect"] for one in each["decision"]["reasons"]]
        assert effects == ["none", "ask", "usual", "usual"]
    unknown = await api.cancel(first, reason=why("unwell"), **scope)
    assert unknown.json()["errors"][0]["pointer"] == "/reason/code"
    refused = await api.cancel(first, reason=why("work"), **scope)
    assert refused.json()["code"] == "quote-required"
    answer = await api.cancel(first, reason=why("ill"), **scope)
    assert [one["fee"] for one in answer.json()["sessions"]] == [None] * 3
    assert await world.rows(Fee) == []


async def test_an_asking_reason_asks_about_each_fee_of_a_series(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(RULES)
    first, *_ = [UUID(one) for one in await book_series(staff, world, START, 2)]
    scope: dict[str, Any] = {"scope": "this_and_following"}
    preview = (await api.get(f"/v1/sessions/{first}/scope", action="cancel", **scope)).json()
    answer = await api.cancel(first, reason=why("funeral"), quote=preview["quote"], **scope)
    assert answer.status_code == 200
    assert await waivers(world) == ["asked", "asked"]


# What is kept


async def test_the_judgement_keeps_the_effect_and_not_the_code(
    api: Api, world: World, engine: AsyncEngine, session_id: UUID
) -> None:
    other, third = await world.book(START + DAY), await world.book(START + 2 * DAY)
    for one, code in ((session_id, "ill"), (other, "funeral"), (third, "work")):
        assert (await cancel(api, one, code)).status_code == 200
    changes = {row.reason_code: row for row in await world.rows(Change, kind="cancelled")}
    effects = {code: row.judgement.get("reason") for code, row in changes.items()}
    assert effects == {"ill": "none", "funeral": "ask", "work": None}
    assert not any(code in str(row.judgement) for code, row in changes.items())
    found = await replay_practice(engine, world.practice_id)
    assert (found.wrong, len(found.made)) == ([], 3)


async def test_webhooks_history_and_report_have_the_code(
    api: Api, staff: Api, world: World, engine: AsyncEngine, session_id: UUID
) -> None:
    for include in (True, False):
        await world.add(
            WebhookEndpoint,
            url=f"https://{include}.example",
            events=["session.cancelled"],
            secret="whsec_x",
            include_reason=include,
        )
    assert (await cancel(api, session_id, "ill")).status_code == 200
    entries = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert entries[-1]["reason"]["code"] == "ill"
    today = NOW.date().isoformat()
    query: dict[str, Any] = {"from": today, "to": today, "group_by": "reason"}
    report = await staff.get("/v1/practice/reports/changes", **query)
    assert [row["key"] for row in report.json()["rows"]] == ["ill"]
    codes = []
    for row in await world.rows(Notification, kind="session.cancelled"):
        async with engine.connect() as db:
            (event,) = await load_events(db, [(world.practice_id, row.id)])
        assert event is not None
        is_event_as_described(event.body)
        codes.append(json.loads(event.body)["data"]["reason_code"])
    assert sorted(codes, key=str) == [None, "ill"]
