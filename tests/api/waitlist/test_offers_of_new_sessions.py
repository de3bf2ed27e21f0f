"""An offer for a wish without a session: accepting it books one."""

from app.tables.changes import Change
from app.tables.practices import Practitioner, Service
from app.tables.sessions import CreditRedemption, Session
from app.tables.waitlist import Offer
from tests.waiting import DAY, FREED, HOUR, LATE, MINUTE, WISHES, Waiting, offer_states, offer_token
from tests.world import TestClock, World


async def test_a_wish_without_a_session_books_one(
    waiting: Waiting, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package()
    client_id = await world.add_client(name="Eve", email="eve@client.example")
    body = {"client_id": str(client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    clock.now += MINUTE
    own = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "package_id": str(package_id),
        "formats": ["phone"],
    }
    assert (await waiting.staff.post(WISHES, own)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    assert (offer.client_id, offer.price_minor, offer.session_id) == (client_id, 12000, None)
    await world.change(Service, world.service_id, price_minor=99000)
    eve = waiting.api.signed_in(offer_token(world, offer.id))
    assert (await eve.post(f"/v1/offers/{offer.id}/decline", {})).is_success
    await waiting.work()
    (offer,) = await world.rows(Offer, state="open")
    assert (offer.package_id, offer.format, offer.price_minor) == (package_id, "phone", 99000)
    (listed,) = (await waiting.api.get("/v1/offers")).json()["items"]
    assert (listed["price"], listed["package"]["id"]) == (None, str(package_id))
    done = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (row,) = await world.rows(Session, id=done.json()["booked_session_id"])
    assert (row.starts_at, row.format, row.client_id) == (FREED, "phone", world.client_id)
    assert row.grace_from == clock.now
    (credit,) = await world.rows(CreditRedemption)
    assert credit.session_id == row.id
    (change,) = await world.rows(Change, session_id=row.id)
    assert (change.kind, change.actor) == ("booked", "client")
    again = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert again.json()["booked_session_id"] == str(row.id)


async def test_a_new_session_is_bound_by_the_limits_of_the_practitioner(
    waiting: Waiting, world: World
) -> None:
    """A booking by staff is not; the client accepts what availability has."""
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    await world.book(FREED - 3 * HOUR, client_id=waiting.other_id)
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=1)
    gone = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert gone.json()["code"] == "offer-gone"
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=2)
    assert (await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 200


async def test_a_credit_that_is_gone_books_nothing(waiting: Waiting, world: World) -> None:
    package_id = await world.add_package(credits=1)
    body = {
        "client_id": str(world.client_id),
        "service_id": str(world.service_id),
        "package_id": str(package_id),
    }
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    await world.book(LATE + DAY, package_id=package_id)
    refused = await waiting.api.post(f"/v1/offers/{offer.id}/accept", {})
    assert refused.json()["code"] == "credit-unavailable"
    assert await offer_states(world) == ["open"]
