"""Every refusal is a problem of the catalogue, and reveals no internal or personal data."""

import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NoReturn

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from starlette.requests import ClientDisconnect
from structlog.testing import capture_logs

import app as package
from app.configuration.settings import Settings
from app.database.embedded import SERVICE, EmbeddedServer
from app.domain.errors import DomainError
from app.domain.policy.decide import RefusalCode
from app.domain.refusals import ActionRefusedError, ConfirmationRefusedError
from app.identity.tokens.access import AccessTokens
from app.main import create_app
from app.web.problems.catalogue import CATALOGUE
from tests.world import NOW, Api, TestClock, World, serve

START = NOW + timedelta(days=3)
SECRET = "Zanzibar ana@client.example"
PORTAL = "https://portal.example"
READ_ONLY = "default_transaction_read_only=on"


def subclasses(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for found in of.__subclasses__():
        yield found
        yield from subclasses(found)


def test_every_error_has_an_entry_in_the_catalogue() -> None:
    for module in pkgutil.walk_packages(package.__path__, "app."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    errors = [found for found in subclasses(DomainError) if found.__module__.startswith("app.")]
    assert len(errors) >= 15
    for error in errors:
        # These have the code of the refusal that they show.
        shows_refusal = (ActionRefusedError, ConfirmationRefusedError)
        assert issubclass(error, shows_refusal) or error.code in CATALOGUE, error
        assert error.__doc__


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_of_the_policy_has_an_entry(code: RefusalCode) -> None:
    assert code in CATALOGUE


def test_the_catalogue_is_readable() -> None:
    for code, kind in CATALOGUE.items():
        assert code == code.lower().replace("_", "-")
        assert 400 <= kind.status.value < 600
        assert kind.wording().title[-1] != "."
        assert kind.wording().detail.endswith((".", "!"))
        assert kind.wording().explanation.endswith(".")


async def test_every_problem_is_explained_to_a_person(
    subtests: pytest.Subtests, stranger: Api
) -> None:
    for code in CATALOGUE:
        with subtests.test(code[:80]):
            page = await stranger.get(f"/problems/{code}")
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
            assert f"<code>{code}</code>" in page.text
            assert f"HTTP {CATALOGUE[code].status.value}" in page.text
            assert "`" not in page.text
            marked = CATALOGUE[code].wording().explanation.split("`")[1::2]
            assert re.findall("<code>(.*?)</code>", page.text) == [code, *marked]


def test_what_a_client_reads_has_no_markdown(subtests: pytest.Subtests) -> None:
    for code, kind in CATALOGUE.items():
        with subtests.test(code):
            assert "`" not in kind.wording().title + kind.wording().detail


async def test_the_type_of_a_problem_leads_to_its_explanation(stranger: Api) -> None:
    refused = (await stranger.get("/v1/me")).json()
    assert refused["type"] == "https://reslot.example/problems/unauthorized"
    assert (await stranger.get(refused["type"])).status_code == 200


async def test_an_unknown_address_is_a_404(subtests: pytest.Subtests, stranger: Api) -> None:
    for path in [
        "/nope",
        "/v1",
        "/v1/sessions/a/b/c",
        "/problems/nope",
        "/problems/%3Cscript%3E",
        "/docs-assets/nope.js",
        "/docs-assets/..%2f..%2fmain.py",
        "/docs-assets/%00",
    ]:
        with subtests.test(path[:80]):
            answer = await stranger.get(path)
            assert_problem(answer, "not-found")
            assert "script" not in answer.text


async def test_another_method_gets_a_405_with_the_allowed_ones(
    subtests: pytest.Subtests, stranger: Api
) -> None:
    for method, path, allowed in [
        ("DELETE", "/v1/sessions", "GET, HEAD"),
        ("PUT", "/v1/me", "GET, HEAD"),
        ("PATCH", "/v1/sessions/x/cancel", "POST"),
        ("GET", "/v1/links/open", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("BREW", "/v1/sessions/x", "GET, HEAD"),
        ("PUT", "/v1/practice/clients/x", "GET, HEAD, PATCH"),
        ("POST", "/v1/practice/clients/by-ref/x", "GET, HEAD, PUT"),
        ("PUT", "/v1/offers/open", "POST"),
        ("OPTIONS", "/v1/practice/policies/try", "POST"),
    ]:
        with subtests.test(method[:80]):
            answer = await stranger.http.request(method, path)
            assert_problem(answer, "method-not-allowed")
            assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/portal/main.js", "/docs-assets/swagger-ui.css"])
async def test_another_method_on_a_file_gets_a_405(stranger: Api, path: str) -> None:
    assert_problem(await stranger.http.post(path), "method-not-allowed")


def assert_problem(answer: Any, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == body["request_id"]
    assert answer.status_code == body["status"] == CATALOGUE[code].status.value, answer.text
    assert (body["code"], body["title"]) == (code, CATALOGUE[code].wording().title)
    assert body["type"].endswith(f"/problems/{code}")
    assert body["detail"]
    return body


# Refusals carry the data that a client needs to react


async def test_a_refusal_names_deadline_and_contact(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = START - timedelta(hours=1)
    body = assert_problem(await api.cancel(session_id), "notice-too-short")
    assert body["deadline"] == "2026-12-02T10:00:00-05:00"
    assert body["contact"] == {
        "name": "Dr. Maya Chen",
        "email": "maya@harbor.example",
        "phone": "+1 212 555 0100",
    }
    assert "Dr. Maya Chen" in body["detail"]
    refusal = (await api.session(session_id))["actions"]["cancel"]["refusal"]
    assert refusal == {
        "code": body["code"],
        "message": body["detail"],
        "deadline": body["deadline"],
        "contact": body["contact"],
    }


async def test_a_refusal_without_a_deadline_says_null(api: Api, world: World) -> None:
    await world.add_policy({"cancel": {"enabled": False}})
    body = assert_problem(await api.cancel(await world.book(START)), "action-disabled")
    assert body["deadline"] is None
    assert body["contact"]["name"] == "Dr. Maya Chen"


async def test_a_missing_quote_is_answered_with_one(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book_in_full(START)
    clock.now = START - timedelta(hours=5)
    body = assert_problem(await api.cancel(session_id), "quote-required")
    assert body["decision"] == (await api.session(session_id))["actions"]["cancel"]
    assert (await api.cancel(session_id, quote=body["decision"]["quote"])).status_code == 200


async def test_a_taken_slot_is_answered_with_the_nearest_open_ones(api: Api, world: World) -> None:
    session_id = await world.book(START)
    ben = await world.add_client(name="Ben")
    await world.book(START + timedelta(days=1), client_id=ben)
    answer = await api.reschedule(session_id, START + timedelta(days=1))
    body = assert_problem(answer, "slot-unavailable")
    assert [slot["start"] for slot in body["alternatives"]] == [
        "2026-12-04T09:00:00-05:00",
        "2026-12-04T11:00:00-05:00",
        "2026-12-04T11:30:00-05:00",
    ]
    assert body["alternatives"][0].keys() == {"start", "end", "location_id"}


# Defects and outages


@asynccontextmanager
async def serve_broken(
    settings: Settings, error: Exception
) -> AsyncIterator[tuple[AsyncClient, list[BaseException]]]:
    """Run the application with a defect, and keep the exceptions that reach the server."""
    app = create_app(settings, clock=TestClock())

    class Broken(AccessTokens):
        def read(self, *_: object, **__: object) -> NoReturn:
            raise error

    app.state.access_tokens = Broken(settings.keys)
    escaped: list[BaseException] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception as found:  # noqa: BLE001 - a server would log it
            escaped.append(found)

    async with AsyncClient(
        transport=ASGITransport(server), base_url="https://reslot.example"
    ) as http:
        yield http, escaped
    await app.state.engine.dispose()
    await app.state.read_engine.dispose()


async def test_a_defect_is_a_500_that_keeps_its_message(settings: Settings, world: World) -> None:
    settings = settings.model_copy(update={"cors_origins": (PORTAL,)})
    headers = {"Authorization": f"Bearer {world.token()}", "Origin": PORTAL}
    with capture_logs() as logs:
        async with serve_broken(settings, RuntimeError(SECRET)) as (http, escaped):
            answer = await http.get("/v1/me", headers=headers)
    body = assert_problem(answer, "internal-error")
    assert SECRET not in answer.text
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    # A page of another origin must be able to read the response.
    assert answer.headers["access-control-allow-origin"] == PORTAL
    # The server would log an exception that reaches it, with the message.
    assert escaped == []
    (line,) = [entry for entry in logs if entry["event"] == "internal_error"]
    assert (line["log_level"], line["error"]) == ("error", "RuntimeError")
    assert "test_problems.py:" in line["way"][-1]
    assert SECRET not in str(logs)


async def test_a_caller_who_disconnects_mid_request_is_no_defect(
    settings: Settings, world: World
) -> None:
    """Nobody reads this response, but the log and the metrics record it."""
    headers = {"Authorization": f"Bearer {world.token()}"}
    with capture_logs() as logs:
        async with serve_broken(settings, ClientDisconnect()) as (http, _):
            answer = await http.get("/v1/me", headers=headers)
    body = assert_problem(answer, "validation-failed")
    assert [entry["in"] for entry in body["errors"]] == ["body"]
    assert "internal_error" not in [entry["event"] for entry in logs]


async def test_a_database_error_that_is_no_outage_is_a_defect(
    settings: Settings, world: World
) -> None:
    error = DBAPIError("SELECT 1", {"note": SECRET}, ValueError(SECRET))
    headers = {"Authorization": f"Bearer {world.token()}"}
    with capture_logs() as logs:
        async with serve_broken(settings, error) as (http, escaped):
            answer = await http.get("/v1/me", headers=headers)
    assert_problem(answer, "internal-error")
    assert SECRET not in answer.text + str(logs)
    assert escaped == []


def caused_by(cause: Exception) -> Exception:
    """Wrap an error of the driver as SQLAlchemy's dialect does."""
    error = RuntimeError(SECRET)
    error.__cause__ = cause
    return error


@pytest.mark.slow
async def test_a_lost_connection_is_a_503(
    subtests: pytest.Subtests, settings: Settings, world: World
) -> None:
    for error in [
        ConnectionRefusedError(SECRET),
        ConnectionResetError(SECRET),
        TimeoutError(SECRET),
        DBAPIError("SELECT 1", {}, OSError(SECRET)),
        asyncpg.InternalClientError(SECRET),
        DBAPIError("SELECT 1", {}, caused_by(asyncpg.InternalClientError(SECRET))),
        DBAPIError("SELECT 1", {}, ValueError(SECRET), connection_invalidated=True),
    ]:
        with subtests.test(repr(error)[:80]):
            headers = {"Authorization": f"Bearer {world.token()}"}
            with capture_logs() as logs:
                async with serve_broken(settings, error) as (http, _):
                    answer = await http.get("/v1/me", headers=headers)
            assert_problem(answer, "service-unavailable")
            assert int(answer.headers["retry-after"]) > 0
            assert SECRET not in answer.text + str(logs)


async def test_without_a_database_everything_gets_a_503_with_retry_after(
    settings: Settings, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    nowhere = SecretStr("postgresql://reslot_service@127.0.0.1:1/reslot")
    async with serve(settings.model_copy(update={"database_url": nowhere}), clock) as stranger:
        api = stranger.signed_in(world.token())
        answers = [
            await api.get("/v1/sessions"),
            await api.get(f"/v1/sessions/{session_id}"),
            await api.get(f"/v1/sessions/{session_id}/availability"),
            await api.cancel(session_id),
            await api.cancel(session_id, {"Idempotency-Key": "k"}),
            await stranger.open_link(world.link_token(session_id)),
            await stranger.get("/readyz"),
        ]
        assert (await stranger.get("/healthz")).status_code == 200
        assert (await stranger.get("/v1/me")).status_code == 401
    for answer in answers:
        assert_problem(answer, "service-unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("setting", ["target_session_attrs=standby", READ_ONLY])
async def test_a_read_only_database_is_a_503(
    settings: Settings, world: World, clock: TestClock, setting: str
) -> None:
    """During a failover, all hosts, or the host that is reached, are standbys for a while."""
    session_id = await world.book(START)
    mark = "&" if "?" in settings.service_url else "?"
    url = SecretStr(f"{settings.service_url}{mark}{setting}")
    async with serve(settings.model_copy(update={"database_url": url}), clock) as api:
        answer = await api.signed_in(world.token()).cancel(session_id)
    assert_problem(answer, "service-unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_broken_connections_are_replaced_without_an_error(
    api: Api, server: EmbeddedServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections idle for a while are checked. Closed ones: see tests/database."""
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 0.0)
    assert (await api.get("/v1/me")).status_code == 200
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    cut = await admin.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        " AND pid <> pg_backend_pid()",
        database,
    )
    await admin.close()
    assert cut
    assert (await api.get("/v1/me")).status_code == 200


@pytest.mark.own_database
async def test_a_full_database_is_a_503_for_reads_too(
    settings: Settings, world: World, server: EmbeddedServer, database: str
) -> None:
    """Reads of hot pages open connections outside SQLAlchemy's error handling."""
    session_id = await world.book(START)
    admin = await asyncpg.connect(server.url("postgres", database))
    await admin.execute(f'ALTER DATABASE "{database}" CONNECTION LIMIT 0')
    await admin.close()
    own = SecretStr(server.url(SERVICE, database))  # for a pooler, the service would be one client
    async with serve(settings.model_copy(update={"database_url": own}), TestClock()) as stranger:
        api = stranger.signed_in(world.token())
        for answer in (await api.get("/v1/sessions"), await api.get(f"/v1/sessions/{session_id}")):
            assert_problem(answer, "service-unavailable")
            assert int(answer.headers["retry-after"]) > 0
