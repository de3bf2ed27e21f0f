"""The worker's spans for mails and webhooks, which belong to the trace of the request."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.tables.identity import SignInRequest
from app.tables.notifications import Notification
from app.tables.webhooks import WebhookEndpoint
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.test_worker import value, working
from tests.patience import until
from tests.tracing.collector import Collector
from tests.world import NOW, TestClock, World, serve

START = NOW + timedelta(days=3)
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = {
    "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
    "tracestate": "vendor=canary",
    "baggage": "user=canary",
}


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    box = Postbox()
    await box.open()
    yield box
    await box.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def settings(settings: Settings, postbox: Postbox) -> Settings:
    """Settings that send mail to the postbox, and webhooks to loopback."""
    values = {"smtp_url": SecretStr(postbox.url), "webhook_insecure_targets": True}
    return settings.model_copy(update=values)


async def jobs(engine: AsyncEngine) -> list[Any]:
    async with engine.connect() as db:
        return list((await db.execute(text("SELECT * FROM pgqueuer ORDER BY id"))).all())


async def forget_jobs(engine: AsyncEngine) -> None:
    """Delete the jobs that a booking queued."""
    async with engine.begin() as db:
        await db.execute(text("DELETE FROM pgqueuer"))
        await db.execute(text("UPDATE notifications SET status = 'dropped', finished_at = now()"))


async def all_tried(engine: AsyncEngine) -> bool:
    return bool(await value(engine, "SELECT count(*) FROM notifications WHERE attempts = 1") == 2)


async def nothing_due(engine: AsyncEngine) -> bool:
    query = "SELECT count(*) FROM pgqueuer WHERE execute_after <= now()"
    return not await value(engine, query)


@pytest.mark.slow
async def test_the_jobs_of_a_request_are_in_its_trace(
    settings: Settings,
    clock: TestClock,
    world: World,
    engine: AsyncEngine,
    collector: Collector,
    postbox: Postbox,
    receiver: Receiver,
) -> None:
    session_id = await world.book(START)
    await forget_jobs(engine)
    await world.add(WebhookEndpoint, url=receiver.url, secret="whsec_c2VjcmV0", events=[])
    async with serve(settings, clock) as api:
        client = api.signed_in(world.token())
        assert (await client.cancel(session_id, headers=CALLER)).status_code == 200
        async with working(settings, engine, clock):
            await postbox.wait_for(2)
            await receiver.wait_for(1)
            await until(lambda: nothing_due(engine))
    request = collector.one("POST /v1/sessions/{session_id}/cancel")
    mails, (hook,) = collector.all("send_notification"), collector.all("send_webhook")
    sent = await world.rows(Notification, status="sent")
    for span in (*mails, hook):
        assert (span.trace_id, span.parent_id) == (TRACE, request.id)
        assert (span.kind, span.failed) == ("SPAN_KIND_CONSUMER", False)
        assert span.attributes == {
            "reslot.practice_id": str(world.practice_id),
            "reslot.notification_id": span.attributes["reslot.notification_id"],
            "reslot.outcome": "sent",
        }
    told = {span.attributes["reslot.notification_id"] for span in (*mails, hook)}
    assert told == {str(notification.id) for notification in sent}
    assert len(told) == 3


async def test_a_job_stores_only_the_trace_context_beside_its_payload(
    settings: Settings, clock: TestClock, world: World, engine: AsyncEngine
) -> None:
    starts = [START, START + timedelta(hours=3)]
    session_ids = [await world.book(start) for start in starts]
    await forget_jobs(engine)
    for tracing, start, session_id in zip((False, True), starts, session_ids, strict=True):
        moved_to = start + timedelta(hours=1)
        async with serve(settings.model_copy(update={"tracing": tracing}), clock) as api:
            client = api.signed_in(world.token())
            assert (await client.reschedule(session_id, moved_to, CALLER)).status_code == 200
    rows = await jobs(engine)
    assert len(rows) == 6
    for row in rows:
        assert set(json.loads(row.payload)) == {"practice_id", "notification_id"}
    assert [row.headers for row in rows[:3]] == [None] * 3
    for row in rows[3:]:
        assert row.headers.keys() == {"otel"}
        assert row.headers["otel"].keys() == {"traceparent"}
        assert row.headers["otel"]["traceparent"].startswith(f"00-{TRACE}-")


@pytest.mark.slow
async def test_a_job_that_runs_much_later_has_its_own_trace(
    settings: Settings,
    clock: TestClock,
    world: World,
    engine: AsyncEngine,
    collector: Collector,
) -> None:
    """A reminder must not extend the request's trace by days."""
    session_id = await world.book(START)
    await forget_jobs(engine)
    async with serve(settings, clock) as api:
        client = api.signed_in(world.token())
        await client.reschedule(session_id, START + timedelta(days=1), CALLER)
        later = "UPDATE pgqueuer SET created = created - interval '5 days', "
        async with engine.begin() as db:
            await db.execute(text(later + "execute_after = now() WHERE execute_after > now()"))
        async with working(settings, engine, clock):
            await until(lambda: nothing_due(engine))
    mails, reminder = collector.all("send_notification"), collector.one("send_reminder")
    assert [span.trace_id == TRACE for span in mails] == [True, True]
    assert reminder.trace_id != TRACE
    assert reminder.parent_id == ""


async def test_the_span_of_a_failed_mail_has_only_the_type_of_the_error(
    settings: Settings,
    clock: TestClock,
    world: World,
    engine: AsyncEngine,
    collector: Collector,
    postbox: Postbox,
) -> None:
    await world.book(START)
    postbox.refusal = "450 not now, canary@client.example"
    async with serve(settings, clock), working(settings, engine, clock):
        await until(lambda: all_tried(engine))
    spans = collector.all("send_notification")
    assert len(spans) == 2
    for span in spans:
        assert span.failed
        assert span.attributes["reslot.outcome"] == "delayed"
        assert span.attributes["error.type"] == "SMTPRecipientRefused 450"
    assert not any(b"canary" in body for body in collector.bodies)


async def test_the_span_of_a_failed_webhook_has_the_reason(
    settings: Settings,
    clock: TestClock,
    world: World,
    engine: AsyncEngine,
    collector: Collector,
    receiver: Receiver,
) -> None:
    receiver.status = 500
    await world.add(WebhookEndpoint, url=receiver.url, secret="whsec_c2VjcmV0", events=[])
    await world.book(START)
    async with serve(settings, clock), working(settings, engine, clock):
        await receiver.wait_for(1)
        await until(lambda: nothing_due(engine))
    span = collector.one("send_webhook")
    assert (span.failed, span.parent_id) == (True, "")
    assert span.attributes["reslot.outcome"] == "delayed"
    assert span.attributes["error.type"] == "HTTP 500"
    for body in collector.bodies:
        assert receiver.url.encode() not in body


async def test_a_sign_in_mail_is_in_the_trace_of_its_request(
    settings: Settings,
    clock: TestClock,
    world: World,
    engine: AsyncEngine,
    collector: Collector,
    postbox: Postbox,
) -> None:
    assert world
    async with serve(settings, clock) as api:
        await api.post("/v1/auth/sign-in-links", {"email": "ana@client.example"}, CALLER)
        async with engine.connect() as db:
            (wish,) = (await db.execute(SignInRequest.__table__.select())).all()
        async with working(settings, engine, clock):
            await postbox.wait_for(1)
            await until(lambda: nothing_due(engine))
    span = collector.one("send_sign_in")
    assert span.trace_id == TRACE
    assert span.attributes == {
        "reslot.sign_in_request_id": str(wish.id),
        "reslot.outcome": "sent",
    }
    assert not any(b"client.example" in body for body in collector.bodies)
