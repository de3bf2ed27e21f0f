"""What clients read about themselves, their practice and their packages."""

from datetime import timedelta

import pytest

from app.tables.practices import Client, Service
from app.tables.sessions import CreditRedemption
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)


async def test_me_is_the_client_and_their_practice(api: Api, world: World) -> None:
    answer = await api.get("/v1/me")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "client": {
            "id": str(world.client_id),
            "name": "Ana Ruiz",
            "email": "ana@client.example",
            "phone": None,
            "time_zone": "America/New_York",
            "locale": "en-US",
        },
        "practice": {
            "id": str(world.practice_id),
            "name": "Harbor Wellness",
            "email": "hello@harbor.example",
            "phone": None,
            "address": None,
            "website": None,
            "look": dict.fromkeys(("accent", "logo_url", "welcome", "footer")),
            "currency": "USD",
            "currency_decimals": 2,
        },
        "session_id": None,
    }


async def test_me_by_link_names_the_one_session(api: Api, world: World) -> None:
    session_id = await world.book(START)
    opened = (await api.signed_in(None).open_link(world.link_token(session_id))).json()
    me = (await api.signed_in(opened["access_token"]).get("/v1/me")).json()
    assert me["session_id"] == str(session_id)
    assert me["client"]["id"] == str(world.client_id)


async def test_packages_show_credits_left_and_expiry(api: Api, world: World) -> None:
    await world.add_package(name="Old", credits=1, expires_at=NOW + timedelta(days=200))
    package_id = await world.add_package(name="New", expires_at=None)
    await world.book(START, package_id=package_id)
    await world.book(START + timedelta(days=1), package_id=package_id)
    page = (await api.get("/v1/packages")).json()
    assert page["next_cursor"] is None
    old, new = page["items"]
    assert old["name"] == "Old"
    assert old["expires_at"] == "2027-06-18T11:00:00-04:00"
    assert new == {
        "id": str(package_id),
        "name": "New",
        "service": {"id": str(world.service_id), "name": "Follow-up"},
        "credits": 6,
        "credits_left": 4,
        "expires_at": None,
        "usable_until": None,
    }


async def test_a_cancelled_session_gives_its_credit_back(api: Api, world: World) -> None:
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)

    async def left() -> int:
        (package,) = (await api.get("/v1/packages")).json()["items"]
        return int(package["credits_left"])

    assert await left() == 5
    await api.cancel(session_id)
    assert await left() == 6
    await api.cancel(session_id)
    assert await left() == 6


async def test_a_credit_that_comes_back_late_stays_usable_for_two_weeks(
    api: Api, world: World, clock: TestClock
) -> None:
    expires_at = START - timedelta(days=1)
    package_id = await world.add_package(expires_at=expires_at)
    session_id = await world.book(START, package_id=package_id)
    clock.now = START - timedelta(hours=1)
    await api.cancel(session_id)
    (package,) = (await api.get("/v1/packages")).json()["items"]
    assert package["usable_until"] == "2026-12-17T09:00:00-05:00"
    clock.now += timedelta(days=14)
    (package,) = (await api.get("/v1/packages")).json()["items"]
    assert package["usable_until"] is None
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.session_id == session_id


async def test_packages_of_another_client_are_not_found(api: Api, world: World) -> None:
    ben = await world.add_client(name="Ben")
    await world.add_package(client_id=ben)
    assert (await api.get("/v1/packages")).json()["items"] == []
    theirs = (await api.signed_in(world.token(ben)).get("/v1/packages")).json()["items"]
    assert len(theirs) == 1


@pytest.mark.parametrize("path", ["/v1/me", "/v1/packages", "/v1/sessions"])
async def test_signing_out_everywhere_ends_the_tokens(api: Api, world: World, path: str) -> None:
    assert (await api.get(path)).status_code == 200
    await world.change(Client, world.client_id, token_generation=1)
    answer = await api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_text_in_other_scripts_is_returned_unchanged(api: Api, world: World) -> None:
    await world.change(Client, world.client_id, name="Ана Руис 🌿")
    await world.change(Service, world.service_id, name="Séance <b>&")
    session_id = await world.book(START)
    assert (await api.get("/v1/me")).json()["client"]["name"] == "Ана Руис 🌿"
    assert (await api.session(session_id))["service"]["name"] == "Séance <b>&"
