"""Policy versions: written, listed, resolved; none changes the terms of booked sessions."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import transact
from app.directory.practice.repository import PracticeRepository
from app.domain.policy.document import parse_rules
from app.domain.policy.rules import (
    UNTIL_THE_START,
    CancelRule,
    ChangeFormatRule,
    Credit,
    ElapsedNotice,
    FixedFee,
    PercentFee,
    Policy,
    RescheduleRule,
    Tier,
    WallClock,
)
from app.identity.api_keys.keys import Scope
from app.policies.queries import resolve_policy_version
from app.policies.rules import PolicyRules
from app.policies.schemas import DAY_AHEAD, EVENING_BEFORE
from app.tables.changes import Change
from app.tables.practices import PolicyVersion
from tests.domain.builders import fixed, hours_before, percent, wall_clock
from tests.world import NOW, Api, World

POLICIES = "/v1/practice/policies"
START = NOW + timedelta(days=3)
HALF_LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}}


def named(answer: Any) -> list[tuple[str, str]]:
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed"), answer.text
    return [(error["in"], error["pointer"]) for error in answer.json()["errors"]]


async def make(api: Api, rules: Any = HALF_LATE, **more: Any) -> Any:
    answer = await api.post(POLICIES, {"rules": rules, "text": "", **more})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made.pop("proof") is None) is (rules is None)
    return made


async def resolved(api: Api, world: World) -> tuple[str, Any, str]:
    answer = await api.get(
        f"{POLICIES}/resolve", service=world.service_id, practitioner=world.practitioner_id
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    policy = found["policy"]
    return found["level"], policy and policy["version"], found["reason"]


async def test_a_version_is_created_shown_and_in_the_audit_log(staff: Api, world: World) -> None:
    text = "  Tell me a day ahead.\n\nThank you.\n"
    made = await make(staff, service_id=str(world.service_id), text=text)
    assert made == {
        "id": made["id"],
        "level": "service",
        "service_id": str(world.service_id),
        "practitioner_id": None,
        "version": 1,
        "text": text,
        "rules": HALF_LATE,
        "created_at": "2026-11-30T15:00:00Z",
    }
    assert (await staff.get(f"{POLICIES}/{made['id']}")).json() == made
    (entry,) = await world.rows(Change, subject="policy")
    assert (entry.kind, entry.subject_id) == ("created", UUID(made["id"]))
    assert (entry.actor_name, entry.at) == ("Front desk", NOW)
    assert entry.details == {
        "level": "service",
        "service_id": str(world.service_id),
        "practitioner_id": None,
        "version": 1,
        "has_rules": True,
    }


async def test_versions_are_numbered_per_policy(staff: Api, world: World) -> None:
    of_service = {"service_id": str(world.service_id)}
    of_practitioner = {"practitioner_id": str(world.practitioner_id)}
    made = [
        (found["level"], found["version"])
        for more in ({}, of_service, {}, of_practitioner, of_service, {})
        for found in [await make(staff, **more)]
    ]
    assert made == [
        ("practice", 1),
        ("service", 1),
        ("practice", 2),
        ("practitioner", 1),
        ("service", 2),
        ("practice", 3),
    ]


async def test_a_new_version_never_changes_what_a_session_was_promised(
    staff: Api, api: Api, world: World
) -> None:
    await make(staff, HALF_LATE, text="Half when late.")
    before_id = await world.book(START)
    promised = await api.session(before_id)
    await make(staff, {"cancel": {"enabled": False}}, text="Never.")
    await make(staff, {"cancel": {"enabled": False}}, service_id=str(world.service_id))
    assert await api.session(before_id) == promised
    assert promised["policy"]["text"] == "Half when late."
    after_id = await world.book(START + timedelta(days=1))
    assert (await api.session(after_id))["actions"]["cancel"]["allowed"] is False
    assert (await api.cancel(before_id)).status_code == 200
    assert (await api.cancel(after_id)).json()["code"] == "action-disabled"


async def test_the_most_specific_policy_applies_and_the_reason_says_why(
    staff: Api, world: World
) -> None:
    none, practice = "The service has no policy of its own.", "The practitioner has no policy"
    last = "The practice has no policy of its own."
    assert await resolved(staff, world) == (
        "none",
        None,
        f"{none} {practice} of their own. {last} So it is free until the start.",
    )
    await make(staff)
    assert await resolved(staff, world) == (
        "practice",
        1,
        f"{none} {practice} of their own. The practice has a policy of its own, in version 1.",
    )
    await make(staff, practitioner_id=str(world.practitioner_id))
    assert await resolved(staff, world) == (
        "practitioner",
        1,
        f"{none} The practitioner has a policy of their own, in version 1.",
    )
    await make(staff, service_id=str(world.service_id))
    assert await resolved(staff, world) == (
        "service",
        1,
        "The service has a policy of its own, in version 1.",
    )


async def test_without_rules_the_next_level_applies_again(staff: Api, world: World) -> None:
    await make(staff)
    await make(staff, service_id=str(world.service_id))
    ended = await make(staff, None, service_id=str(world.service_id))
    assert (ended["version"], ended["rules"]) == (2, None)
    level, version, reason = await resolved(staff, world)
    assert (level, version) == ("practice", 1)
    assert reason.startswith("The service's own policy was ended by version 2. The practitioner ")
    await make(staff, {}, service_id=str(world.service_id))
    assert (await resolved(staff, world))[:2] == ("service", 3)


async def test_the_resolved_policy_is_the_one_a_booking_gets(staff: Api, world: World) -> None:
    service, practitioner = (
        {"service_id": str(world.service_id)},
        {"practitioner_id": str(world.practitioner_id)},
    )
    for owner, rules in (
        ({}, {}),
        (service, None),
        (practitioner, HALF_LATE),
        (practitioner, None),
        (service, {}),
        ({}, None),
        (service, None),
    ):
        await make(staff, rules, **owner)
        answer = await staff.get(
            f"{POLICIES}/resolve", service=world.service_id, practitioner=world.practitioner_id
        )
        async with world.engine.connect() as db:
            expected = await resolve_policy_version(
                db, world.practice_id, world.service_id, world.practitioner_id
            )
        policy = answer.json()["policy"]
        assert (policy and policy["id"]) == (expected.version_id and str(expected.version_id))
    assert answer.json()["level"] == "none"


async def test_versions_are_listed_newest_first_by_owner_and_level(
    staff: Api, world: World, clock: Any
) -> None:
    owners: list[dict[str, str]] = [
        {},
        {"service_id": str(world.service_id)},
        {"practitioner_id": str(world.practitioner_id)},
        {},
    ]
    made = []
    for owner in owners:
        made.append(await make(staff, **owner))
        clock.now += timedelta(minutes=1)

    async def listed(**query: Any) -> list[Any]:
        found, cursor = [], None
        while True:
            more: dict[str, Any] = {} if cursor is None else {"cursor": cursor}
            page = (await staff.get(POLICIES, **query, **more, limit=1)).json()
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    assert await listed() == made[::-1]
    assert await listed(level="practice") == [made[3], made[0]]
    assert await listed(level="service") == [made[1]]
    assert await listed(level="practitioner") == [made[2]]
    assert await listed(service=world.service_id) == [made[1]]
    assert await listed(practitioner=world.practitioner_id) == [made[2]]
    assert await listed(service=uuid4()) == []
    cursor = (await staff.get(POLICIES, limit=1)).json()["next_cursor"]
    for wrong in ({"level": "practice", "cursor": cursor}, {"cursor": "x"}):
        assert named(await staff.get(POLICIES, **wrong)) == [("query", "/cursor")]
    assert named(await staff.get(POLICIES, level="x")) == [("query", "/level")]


async def test_concurrent_versions_get_different_numbers(world: World) -> None:
    """Ten connections at a time, each with its own transaction."""

    async def command(db: AsyncConnection, service_id: UUID | None) -> UUID:
        return await PracticeRepository(db, world.practice_id).add_policy_version(
            text="", rules={}, now=NOW, service_id=service_id
        )

    owners = [None, world.service_id] * 12
    await asyncio.gather(
        *(transact(world.engine, partial(command, service_id=owner)) for owner in owners)
    )
    for owner in (None, world.service_id):
        rows = await world.rows(PolicyVersion)
        numbers = sorted(row.number for row in rows if row.service_id == owner)
        assert numbers == list(range(1, 13))


# Rules


@pytest.mark.parametrize(
    ("rules", "policy"),
    [
        pytest.param({}, Policy(), id="free-until-the-start"),
        pytest.param({"cancel": {}, "change_format": {}}, Policy(), id="nothing-said"),
        pytest.param(
            DAY_AHEAD,
            Policy(
                cancel=CancelRule(
                    closes=hours_before(2),
                    fees=(percent(hours_before(24), "50"),),
                    late_credit=Credit.FORFEITED,
                ),
                reschedule=RescheduleRule(closes=hours_before(2), limit=2),
            ),
            id="day-ahead",
        ),
        pytest.param(
            EVENING_BEFORE,
            Policy(
                cancel=CancelRule(
                    fees=(fixed(wall_clock(1, "17:00"), 2500), fixed(hours_before(2), 4500))
                ),
                reschedule=RescheduleRule(fees=(), max_days_from_original=30),
                change_format=ChangeFormatRule(enabled=False),
            ),
            id="evening-before",
        ),
        pytest.param(
            {
                "cancel": {"closes": None, "late_credit": "returned"},
                "reschedule": {"fees": None, "limit": None, "closes": {"before_minutes": 0}},
            },
            Policy(reschedule=RescheduleRule(closes=ElapsedNotice(timedelta(0)), fees=())),
            id="nulls",
        ),
        pytest.param(
            {"reschedule": {"closes": None}},
            Policy(reschedule=RescheduleRule(closes=UNTIL_THE_START)),
            id="null-closes-of-moves",
        ),
        pytest.param(
            {"reschedule": {"limit": 1}},
            Policy(reschedule=RescheduleRule(closes=None, fees=None, limit=1)),
            id="moves-inherit-what-is-left-out",
        ),
        pytest.param(
            {
                "change_format": {
                    "closes": {"days_before": 0, "at": "00:00", "before_minutes": None},
                    "fees": [
                        {"deadline": {"before_minutes": 1}, "percent": 33.33, "amount_minor": None},
                        {"deadline": {"before_minutes": 2}, "percent": 100},
                        {"deadline": {"before_minutes": 3}, "percent": "0.5"},
                        {"deadline": {"before_minutes": 4}, "amount_minor": 0, "percent": None},
                    ],
                }
            },
            Policy(
                change_format=ChangeFormatRule(
                    closes=WallClock(0, wall_clock(0, "00:00").at),
                    fees=(
                        Tier(ElapsedNotice(timedelta(minutes=1)), PercentFee(Decimal("33.33"))),
                        Tier(ElapsedNotice(timedelta(minutes=2)), PercentFee(Decimal(100))),
                        Tier(ElapsedNotice(timedelta(minutes=3)), PercentFee(Decimal("0.5"))),
                        Tier(ElapsedNotice(timedelta(minutes=4)), FixedFee(0)),
                    ),
                )
            ),
            id="every-kind",
        ),
    ],
)
def test_stored_rules_mean_what_was_written(rules: dict[str, Any], policy: Policy) -> None:
    assert parse_rules(PolicyRules.model_validate(rules).document()) == policy


def tier(**fee: Any) -> dict[str, Any]:
    return {"deadline": {"before_minutes": 60}, **fee}


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        pytest.param([], "", id="list"),
        pytest.param({"cancels": {}}, "/cancels", id="unknown-action"),
        pytest.param({"cancel": None}, "/cancel", id="null-action"),
        pytest.param({"cancel": {"enabled": "false"}}, "/cancel/enabled", id="text-for-bool"),
        pytest.param({"cancel": {"enabled": 0}}, "/cancel/enabled", id="number-for-bool"),
        pytest.param({"cancel": {"limit": 1}}, "/cancel/limit", id="limit-of-cancel"),
        pytest.param({"change_format": {"limit": 1}}, "/change_format/limit", id="limit-of-format"),
        pytest.param(
            {"reschedule": {"late_credit": "returned"}}, "/reschedule/late_credit", id="credit"
        ),
        pytest.param({"cancel": {"late_credit": "kept"}}, "/cancel/late_credit", id="credit-kept"),
        pytest.param({"cancel": {"fees": None}}, "/cancel/fees", id="no-fees"),
        pytest.param({"cancel": {"closes": {}}}, "/cancel/closes", id="empty-deadline"),
        pytest.param({"cancel": {"closes": {"at": "17:00"}}}, "/cancel/closes", id="half-clock"),
        pytest.param({"cancel": {"closes": {"days_before": 1}}}, "/cancel/closes", id="half-day"),
        pytest.param(
            {"cancel": {"closes": {"before_minutes": 1, "days_before": 1, "at": "17:00"}}},
            "/cancel/closes",
            id="both-deadlines",
        ),
        pytest.param(
            {"cancel": {"closes": {"before_minutes": 1, "at": "17:00"}}},
            "/cancel/closes",
            id="one-and-a-half",
        ),
        pytest.param(
            {"cancel": {"closes": {"before_minutes": -1}}},
            "/cancel/closes/before_minutes",
            id="negative",
        ),
        pytest.param(
            {"cancel": {"closes": {"before_minutes": 527_041}}},
            "/cancel/closes/before_minutes",
            id="over-a-year",
        ),
        pytest.param(
            {"cancel": {"closes": {"before_minutes": 60.0}}},
            "/cancel/closes/before_minutes",
            id="float",
        ),
        pytest.param(
            {"cancel": {"closes": {"days_before": 1, "at": "5pm"}}}, "/cancel/closes/at", id="5pm"
        ),
        pytest.param(
            {"cancel": {"closes": {"days_before": 1, "at": "24:00"}}}, "/cancel/closes/at", id="24"
        ),
        pytest.param({"reschedule": {"limit": -1}}, "/reschedule/limit", id="limit"),
        pytest.param({"reschedule": {"limit": True}}, "/reschedule/limit", id="limit-true"),
        pytest.param(
            {"reschedule": {"max_days_from_original": 367}},
            "/reschedule/max_days_from_original",
            id="days",
        ),
        pytest.param({"cancel": {"fees": [tier()]}}, "/cancel/fees/0", id="no-fee"),
        pytest.param(
            {"cancel": {"fees": [tier(percent="5", amount_minor=5)]}}, "/cancel/fees/0", id="both"
        ),
        pytest.param(
            {"cancel": {"fees": [tier(amount_minor=2**31)]}},
            "/cancel/fees/0/amount_minor",
            id="too-much",
        ),
        pytest.param(
            {"cancel": {"fees": [tier(amount_minor=-1)]}},
            "/cancel/fees/0/amount_minor",
            id="negative-fee",
        ),
        pytest.param(
            {"cancel": {"fees": [tier(amount_minor="500")]}},
            "/cancel/fees/0/amount_minor",
            id="text-fee",
        ),
        pytest.param({"cancel": {"fees": [{"percent": "5"}]}}, "/cancel/fees/0/deadline", id="no"),
        pytest.param(
            {"cancel": {"fees": [tier(percent=1)] * 21}}, "/cancel/fees", id="too-many-tiers"
        ),
        *(
            pytest.param(
                {"cancel": {"fees": [tier(percent=value)]}},
                "/cancel/fees/0/percent",
                id=repr(value),
            )
            for value in (
                *("100.01", "-1", "1e1", "5%", " 5", "", "12.345", "\u0665", "NaN"),
                *(100.01, -1, 12.345, 1e-7, True, [5]),
            )
        ),
    ],
)
async def test_bad_rules_are_named(staff: Api, world: World, rules: Any, pointer: str) -> None:
    answer = await staff.post(POLICIES, {"text": "", "rules": rules})
    assert named(answer) == [("body", f"/rules{pointer}")]
    assert await world.rows(PolicyVersion) == []


async def test_other_bad_fields_are_named(staff: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    both = {
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
    }
    for more, pointer in (
        ({"text": "x" * 5001}, "/text"),
        ({"text": "a\x00"}, "/text"),
        ({"text": None}, "/text"),
        (both, "/practitioner_id"),
        ({"service_id": str(uuid4())}, "/service_id"),
        ({"service_id": str(elsewhere.service_id)}, "/service_id"),
        ({"practitioner_id": str(elsewhere.practitioner_id)}, "/practitioner_id"),
        ({"number": 7}, "/number"),
    ):
        answer = await staff.post(POLICIES, {"text": "", "rules": {}, **more})
        assert named(answer) == [("body", pointer)]
    assert named(await staff.post(POLICIES, {"text": ""})) == [("body", "/rules")]
    assert await world.rows(PolicyVersion) == []
    assert (await make(staff, {}, text="x" * 5000))["version"] == 1


# Permissions


async def test_another_practices_policies_are_out_of_reach(staff: Api, world: World) -> None:
    elsewhere = await World(world.engine, world.settings).build()
    theirs = await make(staff.signed_in(await elsewhere.key()))
    for policy_id in (theirs["id"], uuid4(), "not-an-id"):
        answer = await staff.get(f"{POLICIES}/{policy_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await staff.get(POLICIES)).json()["items"] == []
    assert (await resolved(staff, world))[0] == "none"
    own: dict[str, Any] = {
        "service": str(world.service_id),
        "practitioner": str(world.practitioner_id),
    }
    for wrong in (
        {"service": str(elsewhere.service_id)},
        {"practitioner": str(elsewhere.practitioner_id)},
        {"service": str(uuid4())},
    ):
        answer = await staff.get(f"{POLICIES}/resolve", **(own | wrong))
        assert named(answer) == [("query", f"/{next(iter(wrong))}")]


async def test_only_an_admin_key_writes_and_every_key_reads(staff: Api, world: World) -> None:
    made = await make(staff)
    for scope in (Scope.READ, Scope.WRITE):
        other = staff.signed_in(await world.key(scope))
        answer = await other.post(POLICIES, {"text": "", "rules": {}})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await other.get(f"{POLICIES}/{made['id']}")).json() == made
        assert (await other.get(POLICIES)).json()["items"] == [made]
        assert (await resolved(other, world))[0] == "practice"
    nobody = staff.signed_in(None)
    for path in (POLICIES, f"{POLICIES}/{made['id']}"):
        assert (await nobody.get(path)).status_code == 401
    assert len(await world.rows(PolicyVersion)) == 1


async def test_a_key_makes_one_version_only(staff: Api, world: World) -> None:
    body, key = {"text": "", "rules": {}}, {"Idempotency-Key": "k"}
    first = await staff.post(POLICIES, body, key)
    again = await staff.post(POLICIES, body, key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(await world.rows(PolicyVersion)) == 1
