"""`/metrics`: correct figures for callers with the token, and no personal data."""

import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from app.configuration.settings import Settings, SettingsError
from app.identity.sign_in.delivery import send_sign_in
from app.mail.context import MailContext
from app.mail.senders import make_sender
from app.notifications.delivery import send_notification
from app.observability.metrics.counts import REGISTRY, watch_pool
from app.observability.metrics.processes import serve_metrics, share_metrics
from app.tables.identity import SignInRequest
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.delivery import WebhookContext, send_webhook
from app.webhooks.sending import WebhookSender
from tests.described import description
from tests.patience import PATIENCE_SECONDS
from tests.world import NOW, Api, TestClock, World, serve

# The operator's metrics count all practices.
pytestmark = pytest.mark.alone

TOKEN = "a-token-for-prometheus"
START = NOW + timedelta(days=3)
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with metrics on."""
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})


@pytest.fixture
async def prometheus(api: Api) -> Api:
    """The API as the operator's Prometheus calls it."""
    return api.signed_in(TOKEN)


@pytest.fixture
def context(engine: AsyncEngine, settings: Settings, clock: TestClock) -> MailContext:
    """The context for sending mails into the local folder."""
    return MailContext(engine, make_sender(settings), settings, clock)


async def scrape(prometheus: Api) -> Figures:
    """Read all metrics. They are not reset between tests: compare two readings."""
    answer = await prometheus.get("/metrics")
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def read(page: str) -> Figures:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def figure(figures: Figures, name: str, **labels: str) -> float:
    return figures.get((name, tuple(sorted(labels.items()))), 0.0)


def own(name: str, **labels: str) -> float | None:
    """Give a figure of this process without asking over HTTP, which would take a connection."""
    return REGISTRY.get_sample_value(name, labels)


def risen(before: Figures, after: Figures, name: str, **labels: str) -> float:
    return figure(after, name, **labels) - figure(before, name, **labels)


async def test_without_a_token_in_the_settings_metrics_are_off(settings: Settings) -> None:
    off = settings.model_copy(update={"metrics_token": None})
    async with serve(off, TestClock()) as api:
        answer = await api.signed_in(TOKEN).get("/metrics")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "header", [None, "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer b\xe4r"]
)
async def test_a_caller_without_the_token_sees_nothing(stranger: Api, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    answer = await stranger.http.get("/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_a_clients_token_and_a_practices_key_open_nothing(api: Api, staff: Api) -> None:
    for caller in (api, staff):
        assert (await caller.get("/metrics")).status_code == 401


async def test_a_caller_with_the_token_reads_prometheus_text(prometheus: Api) -> None:
    answer = await prometheus.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.headers["cache-control"] == "no-store"


async def test_openmetrics_is_returned_on_request(prometheus: Api) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    answer = await prometheus.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


async def test_requests_are_counted_by_route_and_not_by_path(
    api: Api, prometheus: Api, world: World
) -> None:
    before = await scrape(prometheus)
    for hours in (0, 2):
        await api.session(await world.book(START + timedelta(hours=hours)))
    after = await scrape(prometheus)
    route = "/v1/sessions/{session_id}"
    counted = {"route": route, "method": "GET", "status": "200"}
    assert risen(before, after, "reslot_requests_total", **counted) == 2
    assert risen(before, after, "reslot_request_seconds_count", route=route) == 2
    assert risen(before, after, "reslot_request_seconds_bucket", route=route, le="+Inf") == 2


async def test_the_route_is_labelled_as_the_description_has_it(staff: Api, prometheus: Api) -> None:
    """Not with the name of the rule by which the path is read."""
    before = await scrape(prometheus)
    with capture_logs() as logs:
        await staff.get("/v1/practice/sessions/by-ref/none")
    after = await scrape(prometheus)
    route = "/v1/practice/sessions/by-ref/{external_ref}"
    assert [line["route"] for line in logs if line["event"] == "request"] == [route]
    counted = {"route": route, "method": "GET", "status": "404"}
    assert risen(before, after, "reslot_requests_total", **counted) == 1


async def test_unknown_paths_and_methods_share_one_label(api: Api, prometheus: Api) -> None:
    before = await scrape(prometheus)
    await api.get("/made-up-path-1")
    await api.get("/made-up-path-2/deeper")
    await api.http.request("MADEUP", "/made-up-path-3")
    after = await scrape(prometheus)
    counted = {"route": "unmatched", "status": "404"}
    assert risen(before, after, "reslot_requests_total", method="GET", **counted) == 2
    assert risen(before, after, "reslot_requests_total", method="other", **counted) == 1
    assert "made" not in repr(after).lower()


async def test_refusals_are_counted_by_code(api: Api, prometheus: Api, world: World) -> None:
    session_id = await world.book(START)
    before = await scrape(prometheus)
    await api.cancel(session_id, reason={"note": " "})
    await api.get(f"/v1/sessions/{world.client_id}")
    after = await scrape(prometheus)
    for code in ("validation-failed", "not-found"):
        assert risen(before, after, "reslot_refusals_total", code=code) == 1


async def test_the_outbox_metrics_show_its_state(
    prometheus: Api, world: World, clock: TestClock
) -> None:
    """A booking notifies both at once; its reminder is pending, but not due yet."""
    nothing = await scrape(prometheus)
    assert figure(nothing, "reslot_database_up") == 1
    assert figure(nothing, "reslot_outbox_due", recipient="client") == 0
    await world.book(START)
    clock.now += timedelta(seconds=90)
    found = await scrape(prometheus)
    for recipient, due, age in (("client", 1, 90), ("practitioner", 1, 90), ("webhook", 0, 0)):
        assert figure(found, "reslot_outbox_due", recipient=recipient) == due
        assert figure(found, "reslot_outbox_oldest_due_seconds", recipient=recipient) == age
        assert ("reslot_outbox_failed", (("recipient", recipient),)) in found


async def test_failed_notifications_are_counted_for_a_week(
    prometheus: Api, world: World, clock: TestClock
) -> None:
    await world.book(START)
    (notification,) = await world.rows(Notification, recipient="practitioner")
    await world.change(Notification, notification.id, status="failed", finished_at=NOW)
    for later, count in ((timedelta(days=6), 1), (timedelta(days=2), 0)):
        clock.now += later
        found = await scrape(prometheus)
        assert figure(found, "reslot_outbox_failed", recipient="practitioner") == count
        assert figure(found, "reslot_outbox_due", recipient="practitioner") == 0


async def test_mails_are_counted_by_result(
    prometheus: Api, world: World, context: MailContext
) -> None:
    await world.book(START)
    before = await scrape(prometheus)
    for notification in await world.rows(Notification, kind="booked"):
        await send_notification(context, world.practice_id, notification.id)
    after = await scrape(prometheus)
    assert risen(before, after, "reslot_mails_total", result="sent") == 2
    assert figure(after, "reslot_outbox_due", recipient="client") == 0


async def test_webhooks_are_counted_by_result(
    prometheus: Api, world: World, engine: AsyncEngine, clock: TestClock
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        await world.add(WebhookEndpoint, url=url, secret="whsec_c2VjcmV0", events=[])
        await world.book(START)
        (notification,) = await world.rows(Notification, recipient="webhook")
        before = await scrape(prometheus)
        sender = WebhookSender(insecure=True)
        await send_webhook(
            WebhookContext(engine, sender, clock), world.practice_id, notification.id
        )
    after = await scrape(prometheus)
    assert risen(before, after, "reslot_webhooks_total", result="delayed") == 1
    assert figure(after, "reslot_outbox_due", recipient="webhook") == 1


@pytest.mark.slow
async def test_sign_in_requests_are_counted_by_outcome(
    stranger: Api, prometheus: Api, context: MailContext
) -> None:
    before = await scrape(prometheus)
    for address in ("ana@client.example", "nobody@client.example"):
        await stranger.post("/v1/auth/sign-in-links", {"email": address})
    async with context.engine.connect() as db:
        wishes = (await db.execute(SignInRequest.__table__.select())).all()
    for wish in wishes:
        await send_sign_in(context, wish.id)
    after = await scrape(prometheus)
    for outcome in ("sent", "nobody"):
        assert risen(before, after, "reslot_sign_in_mails_total", outcome=outcome) == 1


async def test_the_pool_is_measured(engine: AsyncEngine) -> None:
    watch_pool(engine, "reads")
    in_use = []
    async with engine.connect():
        in_use.append(own("reslot_pool_checked_out", pool="reads"))
        async with engine.connect():
            in_use.append(own("reslot_pool_checked_out", pool="reads"))
        in_use.append(own("reslot_pool_checked_out", pool="reads"))
    in_use.append(own("reslot_pool_checked_out", pool="reads"))
    assert in_use == [1, 2, 1, 0]
    assert own("reslot_pool_size", pool="reads") == 10


async def test_metrics_hold_no_personal_data(
    api: Api, prometheus: Api, world: World, context: MailContext
) -> None:
    """For any name, note and path."""
    await world.change(Client, world.client_id, name="Canary Name", email="canary@mail.example")
    session_id = await world.book(START)
    await api.get(f"/v1/sessions/{session_id}?when=canary-query")
    await api.cancel(session_id, reason={"code": "work", "note": "canary-note"})
    await api.get("/canary-path", headers={"User-Agent": "canary-agent"})
    await api.signed_in("canary-token").get("/v1/me")
    for notification in await world.rows(Notification):
        await send_notification(context, world.practice_id, notification.id)
    page = (await prometheus.get("/metrics")).text
    ids = [session_id, world.practice_id, world.client_id, world.practitioner_id]
    assert "reslot_requests_total" in page
    for secret in ("canary", TOKEN, "harbor", "ruiz", *map(str, ids)):
        assert secret not in page.lower()


async def test_an_unreachable_database_is_reported_with_all_other_metrics(
    settings: Settings,
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql://nobody@127.0.0.1:{closed.getsockname()[1]}/reslot"
        down = settings.model_copy(update={"database_url": SecretStr(url)})
        async with serve(down, TestClock()) as api:
            found = await scrape(api.signed_in(TOKEN))
    assert found[("reslot_database_up", ())] == 0
    assert not [name for name, _ in found if name.startswith("reslot_outbox")]
    assert [name for name, _ in found if name == "reslot_requests_total"]


COUNT = """
from app.observability.metrics.counts import count_request, watch_pool
from app.database.engine import create_engine
count_request("/v1/me", "GET", 200, 0.01)
watch_pool(create_engine("postgresql://", pool_size=7), "reads")
"""
TELL = """
from prometheus_client import generate_latest
from app.observability.metrics.counts import forget_dead_processes, registry_to_scrape
forget_dead_processes()
print(generate_latest(registry_to_scrape()).decode())
"""


def run(*statements: str) -> str:
    """Run code in a new process that inherits the environment, as a server process does."""
    command = [sys.executable, "-c", "".join(statements)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_metrics_of_server_processes_are_added_up(settings: Settings) -> None:
    """The counters of a dead process stay; its gauges do not."""
    with share_metrics(settings, 2):
        run(COUNT)
        found = read(run(COUNT, TELL))
    counted = {"route": "/v1/me", "method": "GET", "status": "200"}
    assert figure(found, "reslot_requests_total", **counted) == 2
    assert figure(found, "reslot_pool_size", pool="reads") == 7
    assert not list(Path(settings.data_dir).glob("metrics-*"))


def test_a_single_process_shares_nothing(settings: Settings) -> None:
    off = settings.model_copy(update={"metrics_token": None})
    for alone, processes in ((settings, 1), (off, 2)):
        with share_metrics(alone, processes):
            assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


@pytest.mark.slow
async def test_a_worker_has_its_own_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listening = settings.model_copy(update={"metrics_port": port})
    with serve_metrics(listening):
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            answer = await http.get(f"http://127.0.0.1:{port}/metrics")
        assert "reslot_mails_total" in answer.text
        assert "reslot_pool_size" in answer.text
        with pytest.raises(SettingsError, match="METRICS_PORT"), serve_metrics(listening):
            pass


def test_metrics_are_not_in_the_description() -> None:
    assert "/metrics" not in description()["paths"]
