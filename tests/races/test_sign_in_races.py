"""One token used by several requests at the same time."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from app.identity.tokens.sign_in import MailedLink, SignInTokens
from app.tables.identity import SignIn, SignInFamily
from app.tables.practices import Client
from tests.world import NOW, Api, World

# The sign-in searches all practices for the client.
pytestmark = [pytest.mark.slow, pytest.mark.alone]

AT_ONCE = 12


async def mailed(world: World) -> str:
    sign_in_id = await world.add(
        SignIn,
        client_id=world.client_id,
        token_generation=0,
        expires_at=NOW + timedelta(minutes=10),
    )
    return SignInTokens(world.settings.keys).sign_link(MailedLink(world.practice_id, sign_in_id))


async def exchange(api: Api, token: str) -> Response:
    return await api.post("/v1/auth/tokens", {"token": token})


async def refresh(api: Api, token: str) -> Response:
    return await api.post("/v1/auth/refresh", {"refresh_token": token})


async def signed_in(api: Api, world: World) -> Any:
    return (await exchange(api, await mailed(world))).json()


def outcomes(answers: Sequence[Response]) -> Counter[str]:
    return Counter(
        "ok" if answer.status_code < 300 else str(answer.json()["code"]) for answer in answers
    )


async def test_of_concurrent_exchanges_of_one_token_exactly_one_succeeds(
    api: Api, world: World
) -> None:
    token = await mailed(world)
    answers = await asyncio.gather(*(exchange(api, token) for _ in range(AT_ONCE)))
    assert outcomes(answers) == {"ok": 1, "link-invalid": AT_ONCE - 1}
    assert len(await world.rows(SignInFamily)) == 1


async def test_concurrent_refreshes_with_one_token_get_the_same_new_token(
    api: Api, world: World
) -> None:
    """Two tabs of one browser can do this."""
    old = (await signed_in(api, world))["refresh_token"]
    answers = await asyncio.gather(*(refresh(api, old) for _ in range(AT_ONCE)))
    assert outcomes(answers) == {"ok": AT_ONCE}
    (new,) = {answer.json()["refresh_token"] for answer in answers}
    assert new != old
    (family,) = await world.rows(SignInFamily)
    assert (family.number, family.ended_at) == (2, None)
    assert (await refresh(api, new)).status_code == 200


async def test_a_sign_out_takes_precedence_over_concurrent_refreshes(
    api: Api, world: World
) -> None:
    body = await signed_in(api, world)
    token = body["refresh_token"]
    out = {"refresh_token": token}
    answers = await asyncio.gather(
        *(refresh(api, token) for _ in range(AT_ONCE)),
        api.post("/v1/auth/sign-out", out),
        *(refresh(api, token) for _ in range(AT_ONCE)),
    )
    assert set(outcomes(answers)) <= {"ok", "unauthorized"}
    for answer in (answer for answer in answers if answer.status_code == 200):
        assert (await refresh(api, answer.json()["refresh_token"])).status_code == 401
    assert (await refresh(api, token)).status_code == 401


async def test_signing_out_everywhere_also_ends_a_concurrent_sign_in(
    api: Api, world: World
) -> None:
    by_client = api.signed_in((await signed_in(api, world))["access_token"])
    links = [await mailed(world) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(
        *(exchange(api, link) for link in links[: AT_ONCE // 2]),
        *(by_client.post("/v1/auth/sign-out-everywhere", None) for _ in range(3)),
        *(exchange(api, link) for link in links[AT_ONCE // 2 :]),
    )
    assert set(outcomes(answers)) <= {"ok", "unauthorized", "link-invalid"}
    assert sum(answer.status_code == 204 for answer in answers) == 1
    (client,) = await world.rows(Client)
    assert client.token_generation == 1
    for answer in (answer for answer in answers if answer.status_code == 200):
        body = answer.json()
        assert (await api.signed_in(body["access_token"]).get("/v1/me")).status_code == 401
        assert (await refresh(api, body["refresh_token"])).status_code == 401


async def test_many_concurrent_sign_in_requests_for_one_address_queue_five_mails(
    api: Api, world: World
) -> None:
    body = {"email": "ana@client.example"}
    answers = await asyncio.gather(
        *(api.post("/v1/auth/sign-in-links", body) for _ in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {202}
    async with world.engine.connect() as db:
        queued = (await db.exec_driver_sql("SELECT count(*) FROM sign_in_requests")).scalar_one()
    assert queued == 5
