"""No personal data is sent to the collector, by any call and by any error."""

import json
from datetime import timedelta
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.mail.context import MailContext
from app.mail.senders import make_sender
from app.main import create_app
from app.notifications.delivery import send_notification
from app.observability.tracing.provider import ATTRIBUTES, Gate
from app.observability.tracing.statements import watch_statements
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.tracing.collector import Collector
from tests.world import NOW, TestClock, World, serve

START = NOW + timedelta(days=3)
HEADERS = {
    "User-Agent": "canary-agent",
    "Accept-Language": "canary-language",
    "X-Forwarded-For": "canary-address",
    "Host": "canary.example",
    "Cookie": "canary=cookie",
    "If-Match": '"canary-etag"',
    "Idempotency-Key": "canary-key",
    "tracestate": "vendor=canary",
    "baggage": "user=canary",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


def nothing_of(collector: Collector, *secrets: str) -> None:
    """Check that none of these texts is in the bytes that were sent."""
    assert collector.told
    for body in collector.bodies:
        text = body.decode("latin-1").lower()
        for secret in ("canary", *secrets):
            assert secret.lower() not in text


@pytest.mark.slow
async def test_no_span_contains_personal_data(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    await world.change(Client, world.client_id, name="Canary Name", email="canary@mail.example")
    session_id = await world.book(START)
    for days in (4, 5):
        await world.book(NOW + timedelta(days=days))
    link, key, token = world.link_token(session_id), await world.key(), world.token()
    async with serve(settings, clock) as api:
        client, staff = api.signed_in(token), api.signed_in(key)
        details = await client.session(session_id)
        page = (await client.get("/v1/sessions", limit=1, time_zone="Europe/Paris")).json()
        cursor = page["next_cursor"]
        assert (await client.get("/v1/sessions", limit=1, cursor=cursor)).status_code == 200
        await client.get("/v1/sessions?when=canary-query")
        await client.get("/canary-path/canary-deeper?canary=1", headers=HEADERS)
        await client.get("/v1/sessions/canary-id")
        await api.http.request("CANARY", "/v1/me")
        await api.signed_in("canary-token").get("/v1/me", headers=HEADERS)
        await api.open_link(link)
        await api.post("/v1/auth/sign-in-links", {"email": "canary@mail.example"})
        await api.post("/v1/auth/tokens", {"token": "canary-token"})
        await client.cancel(session_id, reason={"note": "canary\x00"})
        done = await client.cancel(
            session_id,
            headers={"Idempotency-Key": "canary-key"},
            reason={"code": "work", "note": "canary-note"},
        )
        assert done.status_code == 200
        record = {"name": "Canary", "email": "canary@mail.example", "external_ref": "canary-ref"}
        record |= {"time_zone": "Europe/Paris", "locale": "fr-FR"}
        for status in (201, 422):
            assert (await staff.post("/v1/practice/clients", record)).status_code == status
        await staff.get("/v1/practice/clients", email="canary@mail.example")
        quote = details["actions"]["cancel"]["quote"]
    assert len(collector.requests()) == 16
    ids = [str(session_id), str(world.client_id), str(world.practice_id)]
    nothing_of(collector, link, key, token, cursor, quote, *ids, "mail.example", "paris")
    for span in collector.told:
        assert span.attributes.keys() <= ATTRIBUTES
        assert not span.raw.events
        assert not span.raw.links
        assert not span.raw.status.message


@pytest.mark.slow
async def test_no_span_contains_the_text_of_a_database_error(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    """For a duplicate row, PostgreSQL's error is "Key (…)=(canary…) already exists"."""
    await world.add_client(external_ref="canary-ref", email="canary@mail.example")
    app = create_app(settings, clock=clock)
    seen: list[str] = []

    @app.get("/twice")
    async def add_it_again() -> None:
        twice = World(app.state.engine, settings, practice_id=world.practice_id)
        try:
            await twice.add_client(external_ref="canary-ref", email="canary@mail.example")
        except IntegrityError as error:
            seen.append(str(error.orig.__cause__) if error.orig else "")
            raise

    async with app.router.lifespan_context(app):
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="https://reslot.example") as http:
            assert (await http.get("/twice")).status_code == 500
    assert "canary-ref" in seen[0], "else this proves nothing"
    found = collector.below(collector.one("GET /twice"))
    # On a slow machine, a later attempt first sets a shorter lock timeout.
    tries = [span for span in found if span.name != "SET"]
    assert tries
    for failed in tries:
        assert (failed.name, failed.failed) == ("INSERT", True)
        assert failed.attributes["db.response.status_code"] == "23505"
        assert failed.attributes["error.type"] == "UniqueViolationError"
    nothing_of(collector)


async def test_attributes_that_are_not_on_the_list_are_not_sent() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Gate(kept)))

    def work() -> None:
        with provider.get_tracer("anybody").start_as_current_span("work") as span:
            span.set_attribute("url.query", "canary")
            span.set_attribute("http.route", "/v1/me")
            span.add_event("canary", {"canary": "canary"})
            raise RuntimeError("canary")

    with pytest.raises(RuntimeError):
        work()
    (span,) = kept.get_finished_spans()
    assert isinstance(span, ReadableSpan)
    assert dict(span.attributes or {}) == {"http.route": "/v1/me"}
    assert "canary" not in json.dumps(json.loads(span.to_json()))
    assert not span.status.is_ok


async def test_spans_of_mails_contain_only_ids(
    settings: Settings,
    clock: TestClock,
    world: World,
    collector: Collector,
    engine: AsyncEngine,
) -> None:
    await world.change(Client, world.client_id, name="Canary Name", email="canary@mail.example")
    await world.book(START)
    app = create_app(settings, clock=clock)
    watch_statements(engine, app.state.tracing)
    context = MailContext(engine, make_sender(settings), settings, clock)
    async with app.router.lifespan_context(app):
        with app.state.tracing.get_tracer("test").start_as_current_span("send_notification"):
            notifications: list[Any] = await world.rows(Notification)
            for notification in notifications:
                await send_notification(context, world.practice_id, notification.id)
    assert len(collector.below(collector.one("send_notification"))) > len(notifications)
    nothing_of(collector, "mail.example", "Maya")
