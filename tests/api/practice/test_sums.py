"""Prices and fixed fees that are too large to be intended are refused on input."""

import json
from typing import Any
from uuid import UUID

import pytest
from iso4217 import Currency

from app.directory.sums import LARGEST_STORED, largest_sum
from app.tables.practices import PolicyVersion, Service
from tests.described import description
from tests.walls import operations
from tests.world import Api, World

POLICIES = "/v1/practice/policies"
SERVICES = "/v1/practice/services"
TEN_MILLION_DOLLARS = 1_000_000_000
PRICE = 12_000


def named(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def service(amount: int) -> dict[str, Any]:
    return {
        "name": "Follow-up",
        "duration_minutes": 50,
        "price": {"amount_minor": amount, "currency": "USD"},
        "formats": [{"kind": "video"}],
    }


def policy(amount: int, action: str = "cancel", **more: Any) -> dict[str, Any]:
    tiers = [
        {"deadline": {"before_minutes": 60}, "percent": "50"},
        {"deadline": {"before_minutes": 30}, "amount_minor": amount},
    ]
    return {"text": "", "rules": {action: {"fees": tiers}}, **more}


@pytest.mark.parametrize("currency", [found.code for found in Currency])
def test_the_largest_sum_is_ten_million_in_each_currency(currency: str) -> None:
    digits = Currency(currency).exponent
    whole = 10_000_000 * 10 ** (2 if digits is None else digits)
    assert largest_sum(currency) == min(whole, LARGEST_STORED)


def test_a_withdrawn_currency_has_a_bound_too() -> None:
    assert largest_sum("DEM") == TEN_MILLION_DOLLARS


async def test_a_price_beyond_ten_million_is_refused_however_it_is_written(
    staff: Api, world: World
) -> None:
    body = service(TEN_MILLION_DOLLARS + 1)
    one = f"{SERVICES}/{world.service_id}"
    for answer in (
        await staff.post(SERVICES, body),
        await staff.put(f"{SERVICES}/by-ref/svc-1", body),
        await staff.patch(one, {"price": body["price"]}),
    ):
        assert named(answer) == ["/price/amount_minor"]
    assert (await staff.post(SERVICES, service(TEN_MILLION_DOLLARS))).status_code == 201


async def test_the_bound_counts_the_minor_units_of_the_currency(staff: Api, world: World) -> None:
    yen = await World(world.engine, world.settings).build(currency="JPY")
    theirs = staff.signed_in(await yen.key())
    price: dict[str, Any] = {"amount_minor": 10_000_001, "currency": "JPY"}
    path = f"{SERVICES}/{yen.service_id}"
    assert named(await theirs.patch(path, {"price": price})) == ["/price/amount_minor"]
    price["amount_minor"] -= 1
    assert (await theirs.patch(path, {"price": price})).status_code == 200


@pytest.mark.parametrize("action", ["cancel", "reschedule", "change_format"])
async def test_a_fee_above_a_hundred_times_the_price_of_its_service_is_refused(
    staff: Api, world: World, action: str
) -> None:
    own = {"service_id": str(world.service_id)}
    # A more expensive service does not affect this service's policy.
    await world.add_service(price_minor=10 * PRICE)
    answer = await staff.post(POLICIES, policy(100 * PRICE + 1, action, **own))
    assert named(answer) == [f"/rules/{action}/fees/1/amount_minor"]
    assert await world.rows(PolicyVersion) == []
    assert (await staff.post(POLICIES, policy(100 * PRICE, action, **own))).status_code == 201


async def test_a_policy_without_a_service_is_compared_with_the_dearest_active_one(
    staff: Api, world: World
) -> None:
    await world.add_service(price_minor=2 * PRICE)
    await world.add_service(price_minor=10 * PRICE, active=False)
    elsewhere = await World(world.engine, world.settings).build(price_minor=10 * PRICE)
    assert elsewhere.practice_id != world.practice_id
    for owner in ({}, {"practitioner_id": str(world.practitioner_id)}):
        answer = await staff.post(POLICIES, policy(200 * PRICE + 1, **owner))
        assert named(answer) == ["/rules/cancel/fees/1/amount_minor"]
        assert (await staff.post(POLICIES, policy(200 * PRICE, **owner))).status_code == 201


async def test_without_a_price_a_fee_has_the_bound_of_all_sums(staff: Api, world: World) -> None:
    free = await world.add_service(price_minor=0)
    own = {"service_id": str(free)}
    answer = await staff.post(POLICIES, policy(TEN_MILLION_DOLLARS + 1, **own))
    assert named(answer) == ["/rules/cancel/fees/1/amount_minor"]
    assert (await staff.post(POLICIES, policy(TEN_MILLION_DOLLARS, **own))).status_code == 201
    await world.change_all(Service, active=False)
    assert (await staff.post(POLICIES, policy(TEN_MILLION_DOLLARS))).status_code == 201


async def test_a_price_does_not_fall_below_a_hundredth_of_its_policys_fee(
    staff: Api, world: World
) -> None:
    own = {"service_id": str(world.service_id)}
    await _make(staff, policy(50_000, **own))
    assert await _price(staff, world.service_id, 499) == ["/price/amount_minor"]
    assert await _price(staff, world.service_id, 500) == []
    assert await _price(staff, world.service_id, 0) == []
    await _price(staff, world.service_id, PRICE)
    # Only the version that applies to new bookings counts.
    await _make(staff, {"text": "", "rules": None, **own})
    assert await _price(staff, world.service_id, 1) == []


async def _make(staff: Api, body: dict[str, Any]) -> None:
    answer = await staff.post(POLICIES, body)
    assert answer.status_code == 201, answer.text


async def _price(staff: Api, service_id: UUID, amount: int) -> list[str]:
    price = {"amount_minor": amount, "currency": "USD"}
    answer = await staff.patch(f"{SERVICES}/{service_id}", {"price": price})
    return [] if answer.status_code == 200 else named(answer)


def test_every_writable_sum_has_the_shared_type() -> None:
    """A new field for a sum must use the shared type, which has the bounds."""
    schemas = description()["components"]["schemas"]
    written = {
        name
        for name, schema in schemas.items()
        if "amount_minor" in schema.get("properties", {})
        and any(name in _reached(operation) for _, _, operation in operations())
    }
    assert written == {"FeeTier", "Price"}


def _reached(operation: dict[str, Any]) -> set[str]:
    """Name the components that a body refers to."""
    schemas = description()["components"]["schemas"]
    found: set[str] = set()
    waiting = [operation.get("requestBody", {})]
    while waiting:
        text = json.dumps(waiting.pop())
        for name in schemas.keys() - found:
            if f'"#/components/schemas/{name}"' in text:
                found.add(name)
                waiting.append(schemas[name])
    return found
