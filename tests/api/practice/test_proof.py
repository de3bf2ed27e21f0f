"""The proof-reader: eleven policies as a practice would write them, and what it warns of."""

from typing import Any

import pytest

from app.tables.practices import Practice, Service
from tests.world import Api, World

POLICIES = "/v1/practice/policies"
SAME = "The same holds for moving to another time."
FORMAT = "Change the format, for example to video, free of charge until the start."
MOVED = "After the practice has moved a session, its client may cancel or move it free of charge."
CARRIED = (
    "If a late move is followed by a cancellation, the client pays at least what cancelling would "
    "have cost."
)
USUAL = [SAME, FORMAT, MOVED]


def tier(percent: str = "50", **deadline: Any) -> dict[str, Any]:
    return {"deadline": deadline, "percent": percent}


def fixed(amount: int, **deadline: Any) -> dict[str, Any]:
    return {"deadline": deadline, "amount_minor": amount}


async def proof(staff: Api, rules: Any, language: str = "en", **more: Any) -> Any:
    """Add rules as a version, and give what is said of them."""
    answer = await staff.post(POLICIES, {"rules": rules} | more, {"Accept-Language": language})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Content-Language"] == language
    return answer.json()["proof"]


def say(found: Any) -> list[str]:
    return [str(sentence) for sentence in found["sentences"]]


HALF = {"cancel": {"fees": [tier(before_minutes=1440)]}}


@pytest.mark.parametrize(
    ("rules", "sentences"),
    [
        pytest.param(
            HALF,
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, half the price is due.",
                *USUAL,
            ],
            id="24 hours, half the price",
        ),
        pytest.param(
            {"cancel": {"fees": [tier("100", before_minutes=2880)]}},
            [
                "Cancel free of charge until 48 hours before the start.",
                "After that, the full price is due.",
                *USUAL,
            ],
            id="48 hours, the full price",
        ),
        pytest.param(
            {"cancel": {"fees": [tier(working_days=2, at="16:00")]}},
            [
                "Cancel free of charge until 4:00 PM, 2 working days before.",
                "After that, half the price is due.",
                *USUAL,
            ],
            id="2 business days at 16:00",
        ),
        pytest.param(
            {"cancel": {"closes": {"days_before": 3, "at": "16:00"}}},
            [
                "Cancel free of charge until 4:00 PM, 3 days before.",
                "After that, it is no longer possible online.",
                *USUAL,
            ],
            id="Monday's sessions by Friday 16:00, as three days before",
        ),
        pytest.param(
            {"cancel": {"closes": {"working_days": 1, "at": "16:00"}}},
            [
                "Cancel free of charge until 4:00 PM, 1 working day before.",
                "After that, it is no longer possible online.",
                *USUAL,
            ],
            id="Monday's sessions by Friday 16:00, as a working day",
        ),
        pytest.param(
            {"cancel": HALF["cancel"] | {"refilled": {"covered_percent": 80}, "release": False}},
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, half the price is due.",
                "This falls away if other clients take at least 80% of the time.",
                "Move free of charge until 24 hours before the start.",
                "After that, half the price is due.",
                FORMAT,
                MOVED,
            ],
            id="fee unless refilled",
        ),
        pytest.param(
            HALF | {"reschedule": {"free_if_within": {"same_iso_week": True}}},
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, half the price is due.",
                SAME,
                CARRIED,
                "A move within the same week is free of charge.",
                FORMAT,
                MOVED,
            ],
            id="free move within the same week",
        ),
        pytest.param(
            {
                "cancel": {"enabled": False},
                "reschedule": {"enabled": False},
                "change_format": {"enabled": False},
                "free_after_practice_move": None,
            },
            [
                "Clients cannot cancel themselves.",
                "Clients cannot move a session themselves.",
                "Clients cannot change the format themselves.",
            ],
            id="no self-service at all",
        ),
        pytest.param(
            {
                "cancel": {"closes": {"before_minutes": 1440}},
                "change_format": {"closes": {"before_minutes": 60}},
            },
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, it is no longer possible online.",
                SAME,
                (
                    "Change the format, for example to video, free of charge until 1 hour before "
                    "the start."
                ),
                "After that, it is no longer possible online.",
                MOVED,
            ],
            id="video instead until one hour before",
        ),
        pytest.param(
            {
                "cancel": {
                    "fees": [tier("100", before_minutes=1440)],
                    "late_credit": "forfeited",
                }
            },
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, the full price is due.",
                "If a package pays, its credit is forfeited instead.",
                "Move free of charge until 24 hours before the start.",
                "After that, the full price is due.",
                CARRIED,
                FORMAT,
                MOVED,
            ],
            id="package credit forfeited inside 24 hours",
        ),
        pytest.param(
            {
                "cancel": {"fees": [tier("100", before_minutes=1440)]},
                "allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]},
            },
            [
                "Cancel free of charge until 24 hours before the start.",
                "After that, the full price is due.",
                *USUAL,
                "1 cancellation of each client that would cost something is free of charge.",
                "They are counted by calendar year, over all sessions of the client.",
            ],
            id="first late cancellation of the year free",
        ),
    ],
)
async def test_a_policy_is_said_as_a_practice_would(
    staff: Api, rules: Any, sentences: list[str]
) -> None:
    assert say(await proof(staff, rules)) == sentences


async def test_all_other_rules_are_said_too(staff: Api) -> None:
    rules = {
        "cancel": {
            "closes": {"before_minutes": 90},
            "fees": [
                fixed(2500, days_before=1, at="17:00"),
                tier("37.5", days_before=0, at="08:30"),
                tier("100", before_minutes=90),
            ],
            "refilled": {"covered_percent": 50},
        },
        "reschedule": {
            "closes": None,
            "fees": None,
            "limit": 2,
            "max_days_from_original": 30,
            "free_if_within": {"days": 7},
        },
        "change_format": {
            "fees": [tier("0", before_minutes=14400), fixed(0, before_minutes=10080)]
        },
        "grace_minutes": 90,
        "allowance": {"free": 3, "per": {"days": 365}, "for": ["reschedule", "cancel"]},
        "rebook": {"days": 1},
    }
    assert say(await proof(staff, rules)) == [
        "Cancel free of charge until 5:00 PM on the day before.",
        "After that, a fee of $25.00 is due, until 8:30 AM on the same day.",
        "After that, 37.5% of the price is due, until 90 minutes before the start.",
        "After that, it is no longer possible online.",
        "This falls away if other clients take at least 50% of the time.",
        (
            "Where cancelling costs something or is no longer possible, clients may give up the "
            "time free of charge if somebody from the waitlist takes it."
        ),
        "A missed session costs the full price.",
        "Move free of charge until the start.",
        CARRIED,
        "A move by at most 7 days is free of charge.",
        "A client can move a session 2 times.",
        "The new date is at most 30 days from the booked one.",
        "Change the format, for example to video, free of charge until 10 days before the start.",
        "After that, it is free of charge too, until 7 days before the start.",
        "After that, it is free of charge too.",
        (
            "For 90 minutes after the booking, cancelling and moving are free of charge, until two "
            "hours before the start at the latest."
        ),
        MOVED,
        ("3 cancellations or moves of each client that would cost something are free of charge."),
        "Each counts for 365 days, over all sessions of the client.",
        (
            "For 1 day after a cancellation, or after the start of a missed session, the client "
            "may book the session again; its fee stands."
        ),
    ]


@pytest.mark.parametrize(
    ("language", "first"),
    [
        (
            "de",
            [
                "Absagen ist bis 24 Stunden vor Beginn kostenlos.",
                "Danach ist die Hälfte des Preises fällig.",
            ],
        ),
        (
            "fr",
            [
                "Annulation sans frais jusqu'à 24 heures avant le début.",
                "Ensuite, la moitié du prix est due.",
            ],
        ),
        (
            "es",
            [
                "Se puede cancelar sin cargo hasta 24 horas antes del comienzo.",
                "Después se debe la mitad del precio.",
            ],
        ),
    ],
)
async def test_sentences_are_in_the_readers_language(
    staff: Api, language: str, first: list[str]
) -> None:
    assert say(await proof(staff, HALF, language))[:2] == first


async def test_an_end_of_a_policy_says_nothing(staff: Api) -> None:
    assert await proof(staff, None) is None


async def test_a_trial_says_the_same(staff: Api) -> None:
    time = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-30T00:00:00Z"}
    answer = await staff.post(f"{POLICIES}/try", {"rules": HALF} | time)
    assert answer.json()["proof"] == await proof(staff, HALF)


AT_NOON: dict[str, Any] = {"days_before": 1, "at": "12:00"}


@pytest.mark.parametrize(
    ("code", "pointer", "rules", "meant"),
    [
        ("move-cheaper", "/rules/reschedule", HALF | {"reschedule": {"fees": []}}, HALF),
        (
            "move-cheaper",
            "/rules/reschedule",
            HALF | {"reschedule": {"fees": [tier("30", before_minutes=1440)]}},
            HALF | {"reschedule": {"enabled": False, "fees": []}},
        ),
        (
            "tier-never-applies",
            "/rules/cancel/fees/0",
            {"cancel": {"fees": [tier("50", **AT_NOON), tier("20", **AT_NOON)]}},
            {"cancel": {"fees": [tier("50", **AT_NOON), tier("60", before_minutes=60)]}},
        ),
        (
            "tier-never-applies",
            "/rules/cancel/fees/0",
            {
                "cancel": {
                    "closes": {"before_minutes": 1440},
                    "fees": [tier("50", before_minutes=600), tier("100", before_minutes=60)],
                }
            },
            {
                "cancel": {
                    "closes": {"before_minutes": 1440},
                    "fees": [tier("50", before_minutes=2000), tier("100", before_minutes=60)],
                }
            },
        ),
        (
            "tier-never-applies",
            "/rules/change_format/fees/0",
            {"change_format": {"enabled": False, "fees": [fixed(100, before_minutes=60)]}},
            {"change_format": {"fees": [fixed(100, before_minutes=60)]}},
        ),
        (
            "tier-never-applies",
            "/rules/reschedule/fees/0",
            {
                "cancel": {"closes": {"before_minutes": 4320}},
                "reschedule": {"fees": [tier(working_days=0, at="08:00"), fixed(1, **AT_NOON)]},
            },
            {"reschedule": {"fees": [fixed(1, **AT_NOON), tier(working_days=1, at="08:00")]}},
        ),
        (
            "reminder-too-late",
            "/rules/cancel",
            {"cancel": {"fees": [tier(before_minutes=1500)]}},
            HALF,
        ),
        (
            "fee-above-price",
            "/rules/cancel/fees/0/amount_minor",
            {"cancel": {"fees": [fixed(12_001, before_minutes=60)]}},
            {"cancel": {"fees": [fixed(12_000, before_minutes=60)]}},
        ),
        (
            "deadline-on-closed-day",
            "/rules/cancel/closes",
            {"cancel": {"closes": AT_NOON}},
            {"cancel": {"closes": {"working_days": 1, "at": "12:00"}}},
        ),
        (
            "deadline-on-closed-day",
            "/rules/cancel/fees/0/deadline",
            {"cancel": {"fees": [tier(**AT_NOON)]}},
            {"cancel": {"fees": [tier(days_before=7, at="12:00")]}},
        ),
    ],
)
async def test_what_may_not_be_meant_is_warned_of(
    staff: Api, world: World, code: str, pointer: str, rules: Any, meant: Any
) -> None:
    """The practice is closed at weekends; the service costs 120, and reminds a day before."""
    await world.change_all(Practice, closed_weekdays=[6, 7])
    found = [(one["code"], one["pointer"]) for one in (await proof(staff, rules))["warnings"]]
    assert (code, pointer) in found
    others = (await proof(staff, meant))["warnings"]
    assert code not in [one["code"] for one in others]


async def test_warnings_are_sentences_that_name_service_and_days(staff: Api, world: World) -> None:
    await world.change_all(Practice, closed_weekdays=[6, 7])
    rules = {"cancel": {"fees": [fixed(20_000, days_before=2, at="12:00")]}}
    warnings = (await proof(staff, rules, "de"))["warnings"]
    assert [(one["service_id"], one["sentence"]) for one in warnings] == [
        (
            None,
            "Am Tag dieser Frist ist die Praxis geschlossen, bei Terminen am: Montag und Dienstag.",
        ),
        (
            str(world.service_id),
            "Follow-up: Die Gebühr von 200,00 $ liegt über dem Preis von 120,00 $.",
        ),
        (
            str(world.service_id),
            "Follow-up: Die erste Erinnerung kommt, wenn Absagen nicht mehr kostenlos ist.",
        ),
    ]


async def test_only_services_to_which_it_applies_are_looked_at(staff: Api, world: World) -> None:
    rules = {"cancel": {"fees": [fixed(15_000, before_minutes=60)]}}
    other = await world.add_service(name="Workshop", price_minor=14_000)
    await world.add_service(name="Gone", active=False)
    await world.add_policy({}, service_id=world.service_id)

    async def named(**more: Any) -> list[Any]:
        return [one["service_id"] for one in (await proof(staff, rules, **more))["warnings"]]

    assert await named() == [str(other)]
    assert await named(service_id=str(world.service_id)) == [str(world.service_id)]
    await world.change(Service, other, reminder_minutes=[])
    assert await named(service_id=str(other)) == [str(other)]


async def test_a_nudge_comes_in_time_where_a_fee_follows(staff: Api, world: World) -> None:
    late = {"cancel": {"fees": [tier(before_minutes=1500)]}}
    assert [one["code"] for one in (await proof(staff, late))["warnings"]] == ["reminder-too-late"]
    await world.change(Service, world.service_id, nudge_hours_before=24)
    assert (await proof(staff, late))["warnings"] == []
    closed = {"cancel": {"closes": {"before_minutes": 1500}}}
    found = (await proof(staff, closed))["warnings"]
    assert [one["code"] for one in found] == ["reminder-too-late"]


@pytest.mark.parametrize(
    ("actions", "rules", "warned"),
    [
        (["cancel", "reschedule"], {}, 1),
        (["cancel"], HALF, 0),
        (["reschedule"], HALF, 0),
        (["reschedule"], HALF | {"reschedule": {"fees": []}}, 1),
        (["cancel"], {"cancel": {"fees": [tier("0", before_minutes=60)]}}, 1),
        # A late cancellation is not possible, but an absence costs what a missed session does.
        (["cancel"], {"cancel": {**HALF["cancel"], "closes": {"before_minutes": 1440}}}, 0),
        (["cancel"], {"cancel": {**HALF["cancel"], "enabled": False}}, 1),
    ],
)
async def test_an_allowance_for_what_costs_nothing_is_warned_of(
    staff: Api, actions: list[str], rules: dict[str, Any], warned: int
) -> None:
    allowance = {"free": 1, "per": "calendar_year", "for": actions}
    found = await proof(staff, rules | {"allowance": allowance})
    warnings = [one for one in found["warnings"] if one["code"] == "allowance-never-applies"]
    assert [one["pointer"] for one in warnings] == ["/rules/allowance"] * warned
