"""The application: `create_app(settings)` builds it. Importing this module has no side effect."""

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import FastAPI, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute, iter_route_contexts

from app import __version__
from app.allowance import router as allowance
from app.availability import router as availability
from app.availability import staff_router as staff_availability
from app.changes import router as changes
from app.clock import Clock, system_clock
from app.configuration.loading import load_settings
from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.directory.clients import router as clients
from app.directory.locations import router as locations
from app.directory.packages import router as packages
from app.directory.pictures import router as pictures
from app.directory.practice import router as practice
from app.directory.practitioners import router as practitioners
from app.directory.services import router as services
from app.erasure import router as erasure
from app.feeds import router as feeds
from app.feeds import staff_router as staff_feeds
from app.fees import router as fees
from app.fees import waiver_router as waivers
from app.groups import commands_router as group_commands
from app.groups import router as groups
from app.holds import router as holds
from app.identity.api_keys import router as keys
from app.identity.oidc import router as own_sign_in
from app.identity.oidc.keys import IssuerKeys
from app.identity.sign_in import router as sign_in
from app.identity.sign_in.rate_limits import SourceLimits
from app.identity.tokens.access import AccessTokens
from app.identity.tokens.link import LinkTokens
from app.identity.tokens.offer import OfferTokens
from app.identity.tokens.quote import Quotes
from app.identity.tokens.sign_in import SignInTokens
from app.identity.tokens.waiver import WaiverTokens
from app.links import router as links
from app.links import staff_router as staff_links
from app.me import router as practices
from app.move_requests import router as move_requests
from app.notifications.api import router as notifications
from app.notifications.sms import router as text_messages
from app.observability.logs import RequestLog, configure_logs
from app.observability.metrics.counts import forget_dead_processes, watch_pool
from app.observability.tracing.requests import RequestTrace, telemetry
from app.observability.tracing.start import start_tracing, stop_tracing
from app.observability.tracing.statements import watch_statements
from app.operations import health, metrics
from app.operations.docs import add_docs
from app.operations.openapi.document import describe, write_description
from app.outbound.fetching import Fetcher
from app.policies import router as policies
from app.policies.trial import router as policy_trial
from app.portal.site import add_portal
from app.reports import router as reports
from app.schedule.holidays import router as holidays
from app.schedule.hours import router as hours
from app.schedule.time_off import router as busy
from app.series import router as series
from app.sessions.client_api import commands_router as session_commands
from app.sessions.client_api import router as sessions
from app.sessions.client_api.quote_problem import install_session_handlers
from app.sessions.staff_api import commands_router as staff_commands
from app.sessions.staff_api import push_router as pushed_sessions
from app.sessions.staff_api import router as staff_sessions
from app.texts.catalogue import load_texts
from app.transfer import router as transfer
from app.transfer.running import RunningExports
from app.waitlist import release_router as releases
from app.waitlist import router as waitlist
from app.waitlist import staff_router as staff_waitlist
from app.web.body_limit import BodyLimit
from app.web.head import HeadByGet
from app.web.problems import router as problems
from app.web.problems.handlers import install_handlers
from app.web.problems.repeated_parameters import RepeatedParameters
from app.web.signing import TokenSigner
from app.webhooks import router as webhooks
from app.worker.run import run_worker, worker_pool_size

log = structlog.get_logger()

# Python's default is 700, which one page of availability reaches.
ALLOCATIONS_BETWEEN_COLLECTIONS = 20_000

ROUTERS = (
    sessions.router,
    session_commands.router,
    availability.router,
    holds.router,
    practices.router,
    waitlist.router,
    releases.router,
    feeds.router,
    fees.client_router,
    waivers.router,
    sign_in.router,
    links.router,
    practice.router,
    pictures.router,
    practitioners.router,
    locations.router,
    services.router,
    clients.router,
    erasure.router,
    allowance.router,
    packages.router,
    staff_feeds.router,
    hours.router,
    holidays.router,
    busy.router,
    policies.router,
    policy_trial.router,
    staff_availability.router,
    staff_sessions.router,
    staff_commands.router,
    pushed_sessions.router,
    groups.router,
    group_commands.router,
    series.router,
    move_requests.router,
    staff_waitlist.router,
    staff_links.router,
    fees.router,
    notifications.router,
    text_messages.router,
    webhooks.router,
    keys.router,
    own_sign_in.router,
    changes.router,
    reports.router,
    transfer.router,
    health.router,
    metrics.router,
    problems.router,
)


def create_app(
    settings: Settings, *, clock: Clock = system_clock, with_worker: bool = False
) -> FastAPI:
    """Build the application. `with_worker`: this process also sends mails and webhooks."""
    tracing = start_tracing(settings)
    app = FastAPI(
        title="Reslot",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        separate_input_output_schemas=False,
        redirect_slashes=False,
        telemetry=telemetry(tracing),
    )
    app.state.with_worker = with_worker
    app.state.tracing = tracing
    give_state(app, settings, clock)
    for router in ROUTERS:
        app.include_router(router)
    _add_start(app, settings)
    if settings.docs:
        add_docs(app)
    if settings.portal:
        add_portal(app)
    install_handlers(app)
    install_session_handlers(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign] # FastAPI's documented hook
    app.add_middleware(RepeatedParameters)
    if settings.cors_origins:
        _add_cors(app, settings.cors_origins)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadByGet)
    if tracing is not None:
        watch_statements(app.state.engine, tracing)
        watch_statements(app.state.read_engine, tracing)
        app.add_middleware(RequestTrace)
    app.add_middleware(RequestLog)
    return app


def give_state(app: FastAPI, settings: Settings, clock: Clock) -> None:
    """Give the application what its requests share: clock, connections, rate limits, signers."""
    app.state.settings = settings
    app.state.clock = clock
    app.state.engine = create_engine(settings.service_url, pool_size=settings.database_pool_size)
    app.state.read_engine = create_engine(
        settings.service_url, pool_size=settings.database_pool_size
    )
    watch_pool(app.state.engine, "commands")
    watch_pool(app.state.read_engine, "reads")
    app.state.source_limits = SourceLimits()
    app.state.running_exports = RunningExports()
    fetcher = Fetcher(insecure=settings.sign_in_insecure_issuers)
    app.state.issuer_keys = IssuerKeys(fetcher.fetch)
    _add_signers(app, settings)


def _add_signers(app: FastAPI, settings: Settings) -> None:
    app.state.quotes = Quotes(settings.keys, settings.quote_lifetime)
    app.state.access_tokens = AccessTokens(settings.keys)
    app.state.link_tokens = LinkTokens(settings.keys)
    app.state.offer_tokens = OfferTokens(settings.keys)
    app.state.waiver_tokens = WaiverTokens(settings.keys)
    app.state.sign_in_tokens = SignInTokens(settings.keys)
    app.state.cursor_signer = TokenSigner(settings.keys, "cursor")


def _add_cors(app: FastAPI, origins: Sequence[str]) -> None:
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match"],
        expose_headers=["ETag", "Retry-After", "Idempotency-Replayed", "X-Request-Id"],
        max_age=600,
    )


def create_served_app() -> FastAPI:
    """Build the application of a server process, with the settings of the environment."""
    load_texts()
    settings = load_settings()
    configure_logs(settings, for_good=True)
    forget_dead_processes()
    app = create_app(settings, with_worker=settings.worker)
    prepare_routes(app)
    tune_garbage_collection()
    return app


def prepare_routes(app: FastAPI) -> None:
    """Let FastAPI prepare all routes now, so that the first request of each does not wait."""
    for _ in iter_route_contexts(app.routes):
        pass


def tune_garbage_collection() -> None:
    """Make garbage collection rare and cheap.

    The objects of the application live as long as the process, so they are frozen: the collector
    ignores them. A request seldom makes reference cycles, so the collector runs less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(_work(app, stop)) if app.state.with_worker else None
    try:
        yield
    finally:
        stop.set()
        if worker is not None:
            with suppress(asyncio.CancelledError):
                await worker
        await app.state.engine.dispose()
        await app.state.read_engine.dispose()
        await stop_tracing(app.state.tracing)


async def _work(app: FastAPI, stop: asyncio.Event) -> None:
    """Run a worker with its own connection pool, so that slow mails do not block requests."""
    settings = app.state.settings
    engine = create_engine(settings.service_url, pool_size=worker_pool_size(settings))
    if app.state.tracing is not None:
        watch_statements(engine, app.state.tracing)
    try:
        await run_worker(settings, engine, app.state.clock, stop)
    finally:
        await engine.dispose()


def _operation_id(route: APIRoute) -> str:
    """Use the function's name as operation id, which code generators use as method name."""
    return route.name


def _add_start(app: FastAPI, settings: Settings) -> None:
    """Serve `/openapi.json`, and redirect `/` to the docs or the portal."""

    @app.get("/openapi.json", include_in_schema=False)
    async def show_description() -> Response:
        written = await asyncio.to_thread(write_description, app)
        return Response(written, media_type="application/json")

    if settings.docs or settings.portal:

        @app.get("/", include_in_schema=False)
        async def show_start() -> RedirectResponse:
            return RedirectResponse("docs" if settings.docs else "portal/")
