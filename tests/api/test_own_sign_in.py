"""Clients call with the access tokens of their practice's own sign-in."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from app.configuration.settings import Settings
from app.identity.api_keys.keys import Scope
from app.operations.practices import close_practice, release_sign_in
from app.tables.practices import Client
from tests.issuers import EC, OTHER, Issuer, serving_issuer
from tests.walls import operations
from tests.world import NOW, Api, TestClock, World, serve

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PROVIDER = "/v1/practice/sign-in"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sign_in_insecure_issuers": True})


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with serving_issuer() as issuer:
        yield issuer


@pytest.fixture
async def ref(world: World) -> str:
    """The client's id in the practice's own software, which tokens name in `sub`."""
    ref = f"client-{uuid4()}"
    await change_client(world, external_ref=ref)
    return ref


@pytest.fixture
async def other_world(world: World) -> World:
    return await World(world.engine, world.settings).build()


async def change_client(world: World, **values: Any) -> None:
    await world.change(Client, world.client_id, **values)


async def set_up(
    api: Api, world: World, its: Issuer, *, scope: Scope = Scope.ADMIN, **changed: Any
) -> Response:
    body = {"issuer": its.url, "audience": "reslot", "match": "external_ref"} | changed
    api.token = await world.key(scope)
    return await api.put(PROVIDER, body)


async def status(api: Api, token: str) -> int:
    api.token = token
    answer = await api.get("/v1/me")
    assert answer.status_code in {200, 401}, answer.text
    if answer.status_code == 401:
        assert answer.json()["code"] == "unauthorized"
    return answer.status_code


async def test_a_client_does_everything_with_the_practices_token(
    api: Api, world: World, issuer: Issuer, ref: str
) -> None:
    assert (await set_up(api, world, issuer)).status_code == 200
    session_id = await world.book(NOW + 48 * HOUR)
    api.token = issuer.token(NOW, sub=ref)
    me = (await api.get("/v1/me")).json()
    assert me["client"]["id"] == str(world.client_id)
    assert me["session_id"] is None
    details = await api.get(f"/v1/sessions/{session_id}")
    assert details.status_code == 200
    cancelled = await api.cancel(session_id)
    assert cancelled.json()["session"]["status"] == "cancelled"
    assert cancelled.json()["session"]["cancellation"]["by"] == "client"


async def test_it_is_taken_wherever_a_client_who_signed_in_is(
    api: Api, world: World, issuer: Issuer, ref: str
) -> None:
    await set_up(api, world, issuer)
    api.token = issuer.token(NOW, sub=ref)
    headers = {"Authorization": f"Bearer {api.token}"}
    asked = 0
    for method, path, operation in operations():
        if {"AccessToken": []} in operation.get("security", []):
            url = re.sub(r"{\w+}", str(uuid4()), path)
            answer = await api.http.request(method, url, headers=headers)
            assert answer.status_code != 401, (method, path)
            asked += 1
    assert asked > 20


async def test_the_email_must_be_verified_and_name_one_active_client(
    api: Api, world: World, issuer: Issuer
) -> None:
    await change_client(world, email="Ana@Clients.example")
    await set_up(api, world, issuer, match="email")
    good: dict[str, Any] = {"email": "ana@clients.example", "email_verified": True}
    assert await status(api, issuer.token(NOW, **good)) == 200
    wrongs: list[dict[str, Any]] = [
        {"email": "ana@clients.example"},
        good | {"email_verified": False},
        good | {"email_verified": "true"},
        good | {"email": "somebody@clients.example"},
        good | {"email": ["ana@clients.example"]},
        good | {"email": ""},
        good | {"email": "a\0b"},
        {"email_verified": True},
    ]
    for wrong in wrongs:
        assert await status(api, issuer.token(NOW, **wrong)) == 401, wrong
    second = await world.add_client(email="ana@clients.example")
    assert await status(api, issuer.token(NOW, **good)) == 401
    await world.change(Client, second, active=False)
    assert await status(api, issuer.token(NOW, **good)) == 200


async def test_every_failure_is_the_same_401(
    api: Api, world: World, issuer: Issuer, ref: str
) -> None:
    await set_up(api, world, issuer)
    assert await status(api, issuer.token(NOW, sub=ref)) == 200
    wrong = {
        "unknown client": issuer.token(NOW, sub="nobody"),
        "no claim": issuer.token(NOW),
        "a number": issuer.token(NOW, sub=5),
        "audience": issuer.token(NOW, sub=ref, aud="another-api"),
        "issuer": issuer.token(NOW, sub=ref, iss="https://other.example"),
        "a slash more": issuer.token(NOW, sub=ref, iss=f"{issuer.url}/"),
        "NUL in the issuer": issuer.token(NOW, sub=ref, iss=f"{issuer.url}\0"),
        "NUL in the audience": issuer.token(NOW, sub=ref, aud=["reslot", "a\0b"]),
        "expired": issuer.token(NOW - HOUR - MINUTE - MINUTE, sub=ref),
        "key": issuer.token(NOW, sub=ref, key=OTHER),
        "unknown key": issuer.token(NOW, sub=ref, header={"kid": "unknown"}),
        "nonsense": "a.b.c",
    }
    answers = set()
    for name, token in wrong.items():
        assert await status(api, token) == 401, name
        api.token = token
        problem = (await api.get("/v1/sessions")).json()
        del problem["request_id"]
        answers.add(str(sorted(problem.items())))
    assert len(answers) == 1


async def test_an_inactive_client_is_refused(
    api: Api, world: World, issuer: Issuer, ref: str
) -> None:
    await set_up(api, world, issuer)
    await change_client(world, active=False)
    assert await status(api, issuer.token(NOW, sub=ref)) == 401


async def test_signing_out_everywhere_ends_older_tokens(
    api: Api, world: World, issuer: Issuer, ref: str, clock: TestClock
) -> None:
    await set_up(api, world, issuer)
    old = issuer.token(NOW, sub=ref)
    clock.now = NOW + MINUTE
    api.token = old
    assert (await api.post("/v1/auth/sign-out-everywhere", None)).status_code == 204
    assert await status(api, old) == 401
    assert await status(api, issuer.token(clock.now - timedelta(seconds=1), sub=ref)) == 401
    assert await status(api, issuer.token(clock.now, sub=ref)) == 200


async def test_a_client_who_was_deactivated_needs_a_new_token(
    api: Api, world: World, issuer: Issuer, ref: str, clock: TestClock
) -> None:
    await set_up(api, world, issuer)
    old = issuer.token(NOW, sub=ref)
    clock.now = NOW + MINUTE
    for active in (False, True):
        await api.patch(f"/v1/practice/clients/{world.client_id}", {"active": active})
    assert await status(api, old) == 401
    assert await status(api, issuer.token(clock.now, sub=ref)) == 200


async def test_another_practices_issuer_opens_nothing(
    api: Api, other_world: World, issuer: Issuer, ref: str
) -> None:
    """Two practices with the same `external_ref`: the issuer's practice decides."""
    await set_up(api, other_world, issuer)
    assert await status(api, issuer.token(NOW, sub=ref)) == 401
    await change_client(other_world, external_ref=ref)
    api.token = issuer.token(NOW, sub=ref)
    assert (await api.get("/v1/me")).json()["client"]["id"] == str(other_world.client_id)


async def test_an_issuer_and_audience_belong_to_one_practice(
    api: Api, world: World, other_world: World, issuer: Issuer, ref: str
) -> None:
    assert (await set_up(api, world, issuer)).status_code == 200
    taken = await set_up(api, other_world, issuer)
    assert (taken.status_code, taken.json()["code"]) == (409, "issuer-taken")
    assert (await set_up(api, other_world, issuer, audience="another")).status_code == 200
    both = issuer.token(NOW, sub=ref, aud=["reslot", "another"])
    assert await status(api, both) == 401
    await release_sign_in(world.settings, issuer.url, "reslot", NOW)
    assert await status(api, issuer.token(NOW, sub=ref)) == 401
    assert (await set_up(api, other_world, issuer)).status_code == 200


async def test_the_operator_releases_what_a_closed_practice_uses(
    api: Api, world: World, other_world: World, issuer: Issuer
) -> None:
    await set_up(api, world, issuer)
    await close_practice(world.settings, str(world.practice_id), NOW)
    assert (await set_up(api, other_world, issuer)).json()["code"] == "issuer-taken"
    await release_sign_in(world.settings, issuer.url, "reslot", NOW)
    assert (await set_up(api, other_world, issuer)).status_code == 200


async def test_a_closed_practice_accepts_no_tokens(
    api: Api, world: World, issuer: Issuer, ref: str
) -> None:
    await set_up(api, world, issuer)
    await close_practice(world.settings, str(world.practice_id), NOW)
    assert await status(api, issuer.token(NOW, sub=ref)) == 401


async def test_removing_it_ends_its_tokens(
    api: Api, world: World, issuer: Issuer, ref: str, clock: TestClock
) -> None:
    await set_up(api, world, issuer)
    shown = await api.get(PROVIDER)
    assert shown.json() == {
        "issuer": issuer.url,
        "audience": "reslot",
        "client_claim": "sub",
        "match": "external_ref",
        "own_links": True,
    }
    clock.now = NOW + MINUTE
    for _ in range(2):
        assert (await api.delete(PROVIDER)).status_code == 204
    assert (await api.get(PROVIDER)).status_code == 404
    assert await status(api, issuer.token(NOW, sub=ref)) == 401
    api.token = await world.key(Scope.READ)
    kinds = (await api.get("/v1/practice/changes?subject=sign_in")).json()["items"]
    assert [entry["kind"] for entry in kinds] == ["removed", "updated"]


async def test_setting_it_again_changes_nothing(api: Api, world: World, issuer: Issuer) -> None:
    for _ in range(2):
        assert (await set_up(api, world, issuer)).status_code == 200
    entries = (await api.get("/v1/practice/changes?subject=sign_in")).json()["items"]
    assert len(entries) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"issuer": "login.example"}, "/issuer"),
        ({"issuer": "ftp://login.example"}, "/issuer"),
        ({"issuer": "https://login.example/?realm=a"}, "/issuer"),
        ({"issuer": "https://login.example/#a"}, "/issuer"),
        ({"issuer": "https://user:secret@login.example/"}, "/issuer"),
        ({"issuer": ""}, "/issuer"),
        ({"issuer": "https://" + "a" * 500}, "/issuer"),
        ({"issuer": 5}, "/issuer"),
        ({"audience": ""}, "/audience"),
        ({"audience": "  "}, "/audience"),
        ({"audience": None}, "/audience"),
        ({"client_claim": ""}, "/client_claim"),
        ({"match": "phone"}, "/match"),
        ({"own_links": "no"}, "/own_links"),
        ({"secret": "x"}, "/secret"),
    ],
)
async def test_nonsense_is_refused_at_its_field(
    api: Api, world: World, issuer: Issuer, body: dict[str, Any], pointer: str
) -> None:
    answer = await set_up(api, world, issuer, **body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert (await api.get(PROVIDER)).status_code == 404


@pytest.mark.parametrize("scope", [Scope.READ, Scope.WRITE])
async def test_only_admins_change_it(api: Api, world: World, issuer: Issuer, scope: Scope) -> None:
    assert (await set_up(api, world, issuer, scope=scope)).status_code == 403
    assert (await api.delete(PROVIDER)).status_code == 403
    assert (await api.get(PROVIDER)).status_code == 404


async def test_private_issuers_are_for_development(
    settings: Settings, clock: TestClock, world: World, issuer: Issuer
) -> None:
    strict = settings.model_copy(update={"sign_in_insecure_issuers": False})
    async with serve(strict, clock, world.engine) as api:
        for url in (issuer.url, "https://10.0.0.1/", "http://login.example"):
            answer = await set_up(api, world, issuer, issuer=url)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == "/issuer"


async def test_a_rotated_key_is_accepted(
    api: Api, world: World, issuer: Issuer, ref: str, clock: TestClock
) -> None:
    await set_up(api, world, issuer)
    assert await status(api, issuer.token(NOW, sub=ref)) == 200
    issuer.keys = [OTHER]
    clock.now = NOW + HOUR
    assert await status(api, issuer.token(clock.now, sub=ref, key=OTHER)) == 200
    assert await status(api, issuer.token(clock.now, sub=ref, key=EC)) == 401


async def test_an_issuer_that_is_away_locks_nobody_out_for_a_day(
    api: Api, world: World, issuer: Issuer, ref: str, clock: TestClock
) -> None:
    await set_up(api, world, issuer)
    assert await status(api, issuer.token(NOW, sub=ref)) == 200
    issuer.broken = True
    clock.now = NOW + 23 * HOUR
    assert await status(api, issuer.token(clock.now, sub=ref)) == 200
    clock.now = NOW + 24 * HOUR
    assert await status(api, issuer.token(clock.now, sub=ref)) == 401
