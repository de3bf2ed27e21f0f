"""The `reslot` command."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
import uvicorn
from sqlalchemy.exc import DBAPIError

from app import __version__
from app.clock import system_clock
from app.configuration.listening import check_port
from app.configuration.loading import load_settings
from app.configuration.settings import Settings, SettingsError
from app.database.distribution import distribute as distribute_tables
from app.database.distribution import see_shards
from app.database.engine import create_engine
from app.database.migrations import migrate as migrate_database
from app.database.migrations import role_of, set_role_limits
from app.database.programs import ProgramError
from app.database.transactions import refuses_connection
from app.demo.guide import prepare as prepare_demo
from app.demo.running import lock_demo, share_lock
from app.mail.folder import list_mails, read_mail
from app.mail.senders import create_mail_folder
from app.observability.logs import configure_logs
from app.observability.metrics.counts import watch_pool
from app.observability.metrics.processes import serve_metrics, share_metrics
from app.observability.tracing.start import check_tracing, start_tracing, stop_tracing
from app.observability.tracing.statements import watch_statements
from app.operations.client_commands import client_commands
from app.operations.http_limits import LimitedHttp
from app.operations.installation import check_schema, export, installation
from app.operations.key_commands import key_commands
from app.operations.links import end_links, issue_access_token, print_link
from app.operations.practice_commands import practice_commands
from app.operations.supervisor import run_several
from app.tables.all import metadata
from app.texts.catalogue import TextsError, load_texts
from app.worker.run import run_worker, worker_pool_size

MAX_WORKERS = 64  # each takes some 100 MB and a pool of connections
_DATABASE_ERRORS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)

cli = typer.Typer(
    name="reslot",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Settings come from the environment or from .env: docs/reference/configuration.md.",
)


cli.add_typer(practice_commands, name="practice")
cli.add_typer(key_commands, name="keys")
cli.add_typer(client_commands, name="client")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's signature
    if wanted:
        typer.echo(f"reslot {__version__}")
        raise typer.Exit


@cli.callback()
def reslot(
    *,
    version: Annotated[  # noqa: ARG001 - its own callback reads it
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Clients of a practice cancel and reschedule their own sessions."""
    load_texts()


def main() -> None:
    """Run the command. An error that the operator can fix is one sentence on standard error."""
    try:
        cli()
    except (SettingsError, TextsError) as error:
        sys.exit(f"reslot: {error}")
    except ProgramError as error:
        sys.exit(f"reslot: the embedded database cannot be used: {error}")
    except _DATABASE_ERRORS as error:
        sys.exit(f"reslot: {_explain(error)}")


def _explain(error: Exception, setting: str = "DATABASE_URL") -> str:
    """Return what cannot be used. `setting`: the one that names the database."""
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename} cannot be used: {error.strerror}. Set DATA_DIR to a folder that "
            "this user can write to."
        )
    return f"the database of {setting} cannot be used: {_reason(error)}"


def _reason(error: Exception) -> str:
    """Return the driver's message without the statement that SQLAlchemy adds."""
    if isinstance(error, TimeoutError):  # the driver's has no message
        return "it did not answer"
    return str(error.orig if isinstance(error, DBAPIError) else error)


@contextmanager
def _owner_url(settings: Settings) -> Iterator[str]:
    """Yield the URL of the role that owns the tables.

    Raises:
        SettingsError: its database cannot be used.
    """
    try:
        yield settings.owner_url
    except _DATABASE_ERRORS as error:
        raise SettingsError(_explain(error, settings.owner_setting)) from None


@cli.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, max=MAX_WORKERS, help="Server processes.")] = 1,
    *,
    worker: Annotated[
        bool | None,
        typer.Option(
            help="Also send mails and webhooks from the server processes.", show_default="yes"
        ),
    ] = None,
) -> None:
    """Serve the API. By default, also send mails and webhooks."""
    settings = load_settings()
    check_port(settings.host, settings.port, "PORT")
    if worker is not None:
        settings = settings.model_copy(update={"worker": worker})
    with installation(settings) as complete:
        _serve(complete, workers)


@cli.command()
def worker() -> None:
    """Send mails and webhooks only."""
    with installation(load_settings()) as settings:
        create_mail_folder(settings)
        configure_logs(settings)
        with serve_metrics(settings):
            asyncio.run(_work(settings))


@cli.command()
def migrate() -> None:
    """Migrate the database to the schema of this version, with the role that owns it."""
    with installation(load_settings(), migrates=True) as settings:
        role = role_of(settings.service_url)
        with _owner_url(settings) as url:
            asyncio.run(migrate_database(url, role))
        if role == role_of(settings.owner_url):
            typer.echo(
                "The role of DATABASE_URL owns the tables, so nothing keeps it from changing the "
                "audit log: name it in DATABASE_OWNER_URL, and one that owns nothing in "
                "DATABASE_URL.",
                err=True,
            )
        try:
            asyncio.run(check_schema(settings))
            asyncio.run(set_role_limits(settings.service_url))
        except SettingsError:
            raise SettingsError(
                "The database of DATABASE_OWNER_URL is migrated, but not that of DATABASE_URL: "
                "name the same database in both."
            ) from None
        except _DATABASE_ERRORS as error:
            # This process may not have the password of the service's role.
            if not refuses_connection(error):
                raise
            typer.echo(
                f"No bounds of waiting were set on the role of DATABASE_URL: {_reason(error)}. "
                "Correct DATABASE_URL and run `reslot migrate` again; pgbouncer in transaction "
                "mode needs these bounds.",
                err=True,
            )
    typer.echo("The database is at the schema of this version.")


@cli.command()
def distribute() -> None:
    """Distribute the tables over the nodes of a Citus cluster, with the role that owns them."""
    with installation(load_settings(), migrates=True) as settings:
        role = role_of(settings.service_url)
        with _owner_url(settings) as url:
            distribution = asyncio.run(distribute_tables(url, role, metadata))
            asyncio.run(see_shards(url))
        asyncio.run(see_shards(settings.service_url))
        asyncio.run(set_role_limits(settings.service_url))
    typer.echo(f"Distributed by practice: {', '.join(distribution.distributed)}.")
    typer.echo(f"Local, on the coordinator: {', '.join(distribution.local)}.")


@cli.command()
def demo(
    *,
    reset: Annotated[bool, typer.Option("--reset", help="Delete the demo's data first.")] = False,
) -> None:
    """Serve three example practices with data around today. A second run keeps the data."""
    settings = load_settings()
    # Webhooks of a demo go to the same machine, over plain HTTP.
    settings = settings.model_copy(
        update={"log_format": "console", "webhook_insecure_targets": True}
    )
    configure_logs(settings)
    with lock_demo(settings.data_dir, alone=reset) as lock:
        check_port(settings.host, settings.port, "PORT")
        with installation(settings, migrates=True, may_make_keys=True) as complete:
            with _owner_url(complete) as url:
                asyncio.run(migrate_database(url, role_of(complete.service_url)))
            guide = asyncio.run(prepare_demo(complete, system_clock(), reset=reset))
            share_lock(lock)
            typer.echo(guide)
            _serve(complete, 1)


@cli.command()
def token(
    client: Annotated[str, typer.Option(help="The client's email address.")],
    practice: Annotated[
        str | None,
        typer.Option(help="The practice's id or name, if several practices have the address."),
    ] = None,
) -> None:
    """Print an access token for a client."""
    with installation(load_settings()) as settings:
        typer.echo(asyncio.run(issue_access_token(settings, client, practice, system_clock())))


@cli.command()
def link(
    session_id: Annotated[UUID, typer.Argument(help="The session that the link opens.")],
    *,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="First revoke all former links of the session.")
    ] = False,
) -> None:
    """Print the "Need to reschedule?" link of a session."""
    with installation(load_settings()) as settings:
        if revoke:
            asyncio.run(end_links(settings, session_id, system_clock()))
        typer.echo(asyncio.run(print_link(settings, session_id, system_clock())))


@cli.command()
def mail(
    number: Annotated[
        int | None, typer.Argument(help="Number of the mail to print. Default: list all mails.")
    ] = None,
) -> None:
    """List or print the mails of the local folder, which is used without an SMTP server."""
    settings = load_settings()
    folder = settings.mail_folder
    mails = list_mails(folder)
    if number is None:
        if settings.smtp_url is not None:
            typer.echo(
                f"Mails go to the server of SMTP_URL, not to {folder}: "
                "GET /v1/practice/notifications lists those of a practice.",
                err=True,
            )
        elif not mails:
            typer.echo(f"No mail in {folder} yet.")
        for found in mails:
            typer.echo(
                f"{found.number:>4}  {found.date:%Y-%m-%d %H:%M}  {found.to}  {found.subject}"
            )
        return
    chosen = next((found for found in mails if found.number == number), None)
    if chosen is None:
        raise SettingsError(f"There is no mail {number}; `reslot mail` lists them.")
    typer.echo(read_mail(chosen.path))


@cli.command()
def openapi() -> None:
    """Print the OpenAPI description of the API."""
    from app.main import create_app  # noqa: PLC0415 - only this command needs the application
    from app.operations.openapi.text import to_text  # noqa: PLC0415

    # Any settings will do: the description does not depend on them.
    stand_in = Settings(
        database_url="postgresql://role@/reslot", secret_keys=("k" * 32,), _env_file=None
    )
    typer.echo(to_text(create_app(stand_in).openapi()))


def _serve(settings: Settings, workers: int) -> None:
    if settings.worker:
        create_mail_folder(settings)
    check_tracing(settings)
    export(settings)
    if workers > 1:
        # This process logs the address of the server; the server processes do not.
        configure_logs(settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        _exit_on(number)
    with share_metrics(settings, workers):
        serve = run_several if workers > 1 else uvicorn.run
        serve(
            "app.main:create_served_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            http=LimitedHttp,
            ws="none",
            workers=workers,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=20,
            # On a busy machine a server process may need longer than uvicorn's default to start.
            timeout_worker_healthcheck=60,
        )


def _exit_on(number: signal.Signals) -> None:
    """Exit normally on a signal, so that the embedded server stops too."""
    signal.signal(number, lambda *_: sys.exit(0))


async def _work(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    tracing = start_tracing(settings)
    engine = create_engine(settings.service_url, pool_size=worker_pool_size(settings))
    watch_pool(engine, "worker")
    if tracing is not None:
        watch_statements(engine, tracing)
    try:
        await run_worker(settings, engine, system_clock, stop)
    finally:
        await engine.dispose()
        await stop_tracing(tracing)
