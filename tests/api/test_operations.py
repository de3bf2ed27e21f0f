"""What operators' tools read: probes, request ids, logs, headers."""

import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NoReturn

import pytest
import structlog
from fastapi.routing import APIRoute
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.configuration.settings import Settings
from app.main import create_app, prepare_routes
from tests.server_logs import server_logs
from tests.world import NOW, Api, TestClock, World, serve

START = NOW + timedelta(days=3)
PORTAL = "https://portal.example"
NOTE = "Zanzibar clinic results"


# Probes


async def test_a_running_process_reports_live(stranger: Api) -> None:
    answer = await stranger.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_ready_service_reports_ready(stranger: Api) -> None:
    answer = await stranger.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.own_database
@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM alembic_version", "no tables of Reslot. Run `reslot migrate`."),
        ("DROP TABLE alembic_version", "no tables of Reslot. Run `reslot migrate`."),
        (
            "UPDATE alembic_version SET version_num = '20261122_initial'",
            "the schema of an older version. Run `reslot migrate`.",
        ),
        (
            "UPDATE alembic_version SET version_num = 'of-another-time'",
            "the schema of another version. Install that version of Reslot.",
        ),
    ],
)
async def test_with_another_schema_the_service_is_not_ready(
    stranger: Api, owner_engine: AsyncEngine, statement: str, says: str
) -> None:
    async with owner_engine.begin() as db:
        await db.execute(text(statement))
    answer = await stranger.get("/readyz", {"Accept-Language": "de"})
    assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
    assert answer.json()["detail"] == f"The database has {says}"
    # For operators: in English, like the logs and the command line.
    assert answer.headers["content-language"] == "en"
    assert int(answer.headers["retry-after"]) > 0
    assert (await stranger.get("/healthz")).status_code == 200


async def test_a_database_that_does_not_answer_is_reported_in_time(
    settings: Settings, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.health.PROBE_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = SecretStr(f"postgresql://reslot_service@127.0.0.1:{port}/reslot")
        async with serve(settings.model_copy(update={"database_url": url}), clock) as stranger:
            answer = await stranger.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "service-unavailable")
    assert answer.json()["detail"] == "The database did not answer within 0.05 seconds."
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.slow
async def test_no_request_waits_for_routes_to_be_built(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings, clock=TestClock())
    prepare_routes(app)

    def too_late(_: APIRoute) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(APIRoute, "get_route_handler", too_late)
    async with AsyncClient(transport=ASGITransport(app), base_url="https://reslot.example") as http:
        for path in ("/v1/me", "/v1/practice/fees"):
            assert (await http.get(path)).status_code == 401
    await app.state.engine.dispose()
    await app.state.read_engine.dispose()


# Request ids


async def test_every_response_has_its_own_request_id(api: Api, stranger: Api, world: World) -> None:
    session_id = await world.book(START)
    answers = [
        await api.get("/v1/me"),
        await api.get(f"/v1/sessions/{session_id}"),
        await api.cancel(session_id),
        await stranger.get("/v1/me"),
        await stranger.get("/nope"),
        await stranger.get("/docs"),
        await stranger.get("/docs-assets/swagger-ui.css"),
        await stranger.get("/healthz", {"X-Request-Id": "chosen-by-someone-else"}),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(len(found) == 32 for found in ids)


# Logs


def lines(logs: list[Any], event: str = "request") -> list[Any]:
    return [entry for entry in logs if entry["event"] == event]


async def test_a_request_is_one_line_with_route_and_status(api: Api, world: World) -> None:
    session_id = await world.book(START)
    with capture_logs([structlog.contextvars.merge_contextvars]) as logs:
        answer = await api.get(f"/v1/sessions/{session_id}", time_zone="Europe/Paris")
        await api.signed_in(None).get("/v1/me")
        await api.get("/nowhere/at/all")
    first, second, third = lines(logs)
    assert first.pop("milliseconds") >= 0
    assert first == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/sessions/{session_id}",
        "status": 200,
        "request_id": answer.headers["x-request-id"],
    }
    assert (second["status"], second["problem"]) == (401, "unauthorized")
    assert (third["status"], third["route"]) == (404, None)


@pytest.fixture
async def everything(api: Api, world: World) -> list[str]:
    """Give the strings that must not be in logs."""
    session_id = await world.book(START)
    link = world.link_token(session_id)
    token = api.token
    assert token is not None
    return [token, link, NOTE, "Ana Ruiz", "ana@client.example", "Kiritimati", str(session_id)]


async def test_the_servers_logs_hold_nothing_personal(
    api: Api, stranger: Api, settings: Settings, everything: list[str]
) -> None:
    """After a whole visit, no token, note, name, address or query string is in the logs."""
    link, session_id = everything[1], everything[-1]
    path = f"/v1/sessions/{session_id}"
    with server_logs(settings) as written:
        opened = (await stranger.open_link(link)).json()
        by_link = stranger.signed_in(opened["access_token"])
        await api.get("/v1/me")
        await api.get(path, time_zone="Pacific/Kiritimati")
        await api.get(f"{path}/availability", time_zone="Pacific/Kiritimati")
        await api.post(f"{path}/cancel", {"reason": {"note": ""}, NOTE: 1})
        await by_link.post(f"{path}/cancel", {"reason": {"note": NOTE}, "quote": link})
        await by_link.post(f"{path}/cancel", {"reason": {"note": NOTE}})
        await api.get(f"/v1/sessions/{NOTE}?{NOTE}")
        await api.get(f"/{NOTE}")
    found = written.getvalue()
    requests = [json.loads(line) for line in found.splitlines() if '"route"' in line]
    assert len(requests) == 9
    for secret in (*everything, opened["access_token"], "Zanzibar"):
        assert secret not in found, secret


async def test_logs_can_be_read_by_a_person(settings: Settings, stranger: Api) -> None:
    with server_logs(settings, log_format="console") as written:
        await stranger.get("/healthz")
        await stranger.post("/v1/auth/sign-in-links", {"email": "ana@client.example"})
    assert "/healthz" in written.getvalue()
    assert "status=200" in written.getvalue()
    assert "status=202" in written.getvalue()


# Browsers


@pytest.fixture
async def with_portal(settings: Settings, clock: TestClock, world: World) -> AsyncIterator[Api]:
    """The API of an installation whose portal has another origin."""
    known = settings.model_copy(update={"cors_origins": (PORTAL,)})
    async with serve(known, clock) as stranger:
        yield stranger.signed_in(world.token())


async def test_a_known_origin_may_read_the_headers_it_needs(with_portal: Api) -> None:
    for path in ("/v1/me", "/v1/sessions?limit=0", "/nope"):
        answer = await with_portal.get(path, {"Origin": PORTAL})
        assert answer.headers["access-control-allow-origin"] == PORTAL
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert set(exposed) == {"ETag", "Retry-After", "Idempotency-Replayed", "X-Request-Id"}
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers


async def test_no_other_origin_may_read_anything(
    subtests: pytest.Subtests, with_portal: Api
) -> None:
    for origin in [
        "https://evil.example",
        "https://portal.example.evil.example",
        "null",
        "http://portal.example",
    ]:
        with subtests.test(origin[:80]):
            answer = await with_portal.get("/v1/me", {"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers


async def test_by_default_no_origin_may(api: Api) -> None:
    answer = await api.get("/v1/me", {"Origin": PORTAL})
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_request_for_a_command_is_accepted(
    subtests: pytest.Subtests, with_portal: Api
) -> None:
    wanted = ("authorization", "content-type", "idempotency-key", "if-match")
    for origin, is_known in [(PORTAL, True), ("https://evil.example", False)]:
        with subtests.test(origin[:80]):
            asked = {
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": ", ".join(wanted),
            }
            answer = await with_portal.http.options("/v1/sessions/x/cancel", headers=asked)
            assert (answer.status_code == 200) is is_known
            assert ("access-control-allow-origin" in answer.headers) is is_known
            assert "x-request-id" in answer.headers
