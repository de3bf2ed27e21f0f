"""The link in the mail about an offer: what it opens, and until when."""

from datetime import timedelta

from app.tables.changes import Change
from app.tables.waitlist import Offer
from tests.waiting import MINUTE, TICK, WISHES, Waiting, another, offer_states, offer_token
from tests.world import Api, TestClock, World


async def test_a_link_of_one_offer_opens_and_answers_this_one_only(
    waiting: Waiting, world: World, stranger: Api, clock: TestClock
) -> None:
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    before = await world.rows(Offer)
    for _ in range(5):
        opened = await stranger.post("/v1/offers/open", {"token": token})
        assert (opened.status_code, opened.json()["id"]) == (200, str(offer.id))
        assert opened.json()["practice"]["id"] == str(world.practice_id)
        bearer = stranger.signed_in(token)
        assert (await bearer.get(f"/v1/offers/{offer.id}")).status_code == 200
        assert (await bearer.http.head(f"/v1/offers/{offer.id}")).status_code == 401
    assert await world.rows(Offer) == before
    assert (await bearer.get(f"/v1/sessions/{waiting.session_id}")).status_code == 401
    assert (await bearer.get("/v1/offers")).status_code == 401
    assert (await bearer.get("/v1/me")).status_code == 401
    forged = await stranger.post("/v1/offers/open", {"token": world.link_token(offer.id)})
    assert forged.json()["code"] == "link-invalid"
    other = waiting.api.signed_in(world.token(waiting.other_id))
    assert (await other.get(f"/v1/offers/{offer.id}")).status_code == 404
    assert (await other.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 404
    clock.now += MINUTE
    _, second = await another(world, waiting.api, 1)
    opened = await waiting.api.open_link(world.link_token(second))
    by_link = waiting.api.signed_in(opened.json()["access_token"])
    assert (await by_link.get(f"/v1/offers/{offer.id}")).status_code == 404
    opened = await waiting.api.open_link(world.link_token(waiting.session_id))
    by_link = waiting.api.signed_in(opened.json()["access_token"])
    assert (await by_link.get("/v1/offers")).status_code == 403
    wish = (await by_link.get(f"/v1/sessions/{waiting.session_id}/wish")).json()["wish"]
    assert wish["offer"]["id"] == str(offer.id)
    assert (await by_link.get(f"/v1/offers/{offer.id}")).status_code == 200
    done = await bearer.post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    (change,) = await world.rows(Change, subject="offer", kind="accepted")
    assert change.actor == "link"


async def test_revoked_links_and_a_new_address_end_the_link_of_an_offer(
    waiting: Waiting, world: World, stranger: Api
) -> None:
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    path = f"/v1/practice/sessions/{waiting.session_id}/links/revoke"
    assert (await waiting.staff.post(path, {})).is_success
    opened = await stranger.post("/v1/offers/open", {"token": token})
    assert opened.json()["code"] == "link-invalid"
    bearer = stranger.signed_in(token)
    assert (await bearer.post(f"/v1/offers/{offer.id}/accept", {})).status_code == 401
    assert await offer_states(world) == ["open"]


async def test_the_link_of_an_offer_ends_like_that_of_a_session(
    waiting: Waiting, world: World, stranger: Api, clock: TestClock
) -> None:
    """`LINK_DAYS` after the offered time; to the microsecond."""
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    bearer = stranger.signed_in(token)
    path = f"/v1/offers/{offer.id}"
    last = offer.ends_at + timedelta(days=world.settings.link_days)
    for now, opened, shown in ((last, 200, 200), (last + TICK, 410, 401)):
        clock.now = now
        answer = await stranger.post("/v1/offers/open", {"token": token})
        assert answer.status_code == opened
        assert (await bearer.get(path)).status_code == shown
        assert (await bearer.post(f"{path}/decline", {})).status_code == (
            409 if shown == 200 else 401
        )
    assert answer.json()["code"] == "link-expired"


async def test_the_link_of_an_offer_that_booked_a_session_ends_with_its_links(
    waiting: Waiting, world: World, stranger: Api
) -> None:
    client_id = await world.add_client(name="Eve", email="eve@client.example")
    body = {"client_id": str(client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    (offer,) = await world.rows(Offer)
    token = {"token": offer_token(world, offer.id)}
    done = await stranger.signed_in(token["token"]).post(f"/v1/offers/{offer.id}/accept", {})
    assert done.status_code == 200, done.text
    assert (await stranger.post("/v1/offers/open", token)).status_code == 200
    booked = done.json()["booked_session_id"]
    revoked = await waiting.staff.post(f"/v1/practice/sessions/{booked}/links/revoke", {})
    assert revoked.is_success
    opened = await stranger.post("/v1/offers/open", token)
    assert opened.json()["code"] == "link-invalid"
