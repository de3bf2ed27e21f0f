"""The `reslot` command: an error that an operator can correct is one sentence, not a traceback."""

import asyncio
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import asyncpg
import pytest
import uvicorn
from sqlalchemy import select

from app import __version__
from app.configuration.settings import Settings
from app.database.embedded import SERVICE, EmbeddedServer
from app.database.engine import create_engine
from app.database.migrations import role_of
from app.tables.practices import Practice
from tests.fixtures.command_line import build, refusal, run
from tests.fixtures.database import KEY
from tests.ports import free_port

# The operator's commands look at all practices.
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("shell")]

UNUSABLE = "reslot: the database of DATABASE_URL cannot be used"
UNUSABLE_FOR_OWNER = "reslot: the database of DATABASE_OWNER_URL cannot be used"
BOUNDS_ADVICE = (
    "Correct DATABASE_URL and run `reslot migrate` again; pgbouncer in transaction mode needs "
    "these bounds."
)


@pytest.mark.parametrize(
    "command",
    ["serve", "worker", "migrate", "distribute", "demo", "token", "link", "mail", "openapi"],
)
def test_every_command_has_help(command: str) -> None:
    assert "Usage" in run(command, "--help")


def test_help_lists_every_command() -> None:
    listed = run("--help")
    assert all(name in listed for name in ("serve", "worker", "migrate", "distribute", "demo"))


@pytest.mark.parametrize("command", [["serve"], ["worker"], ["migrate"], ["demo"]])
def test_a_short_key_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("SECRET_KEYS", "hunter2")
    said = refusal(monkeypatch, *command)
    assert said == "reslot: Bad setting. SECRET_KEYS: each key needs at least 32 characters."


def test_a_missing_key_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEYS")
    assert refusal(monkeypatch, "worker").startswith("reslot: SECRET_KEYS is not set: ")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_tracing_without_its_packages_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("TRACING", "true")
    monkeypatch.delitem(sys.modules, "app.observability.tracing.provider", raising=False)
    monkeypatch.delattr("app.observability.tracing.provider", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    monkeypatch.setattr("app.cli.configure_logs", lambda _: None)
    # Server processes that cannot start would be started again and again.
    monkeypatch.delattr("app.cli.uvicorn.run")
    assert refusal(monkeypatch, command) == (
        "reslot: TRACING needs packages that are not installed: install those of "
        "requirements/tracing.txt, or set it to false."
    )


def test_a_missing_database_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setattr("app.operations.installation.is_installed", lambda: False)
    assert refusal(monkeypatch, "migrate").startswith("reslot: DATABASE_URL is not set: ")


@pytest.mark.parametrize("command", ["migrate", "distribute", "demo"])
def test_an_unreachable_database_of_the_owner_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert refusal(monkeypatch, command).startswith(f"{UNUSABLE_FOR_OWNER}: ")


@pytest.mark.parametrize("arguments", [["practice", "list"], ["worker"], ["migrate"], ["demo"]])
def test_an_unreachable_database_of_the_service_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """Without DATABASE_OWNER_URL the migration uses the service's."""
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.delenv("DATABASE_OWNER_URL")
    assert refusal(monkeypatch, *arguments).startswith(f"{UNUSABLE}: ")


@pytest.mark.parametrize(
    ("arguments", "setting", "says"),
    [
        (["practice", "list"], "DATABASE_URL", UNUSABLE),
        (["migrate"], "DATABASE_OWNER_URL", UNUSABLE_FOR_OWNER),
    ],
)
def test_a_database_that_does_not_answer_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], setting: str, says: str
) -> None:
    monkeypatch.setattr("app.database.engine.CONNECT_TIMEOUT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv(setting, f"postgresql://nobody@127.0.0.1:{port}/none")
        assert refusal(monkeypatch, *arguments) == f"{says}: it did not answer"


def test_a_database_that_does_not_exist_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", server.url("reslot_owner", "none"))
    said = refusal(monkeypatch, "migrate")
    assert said == f'{UNUSABLE_FOR_OWNER}: database "none" does not exist'


def test_migrating_again_does_nothing() -> None:
    assert run("migrate") == run("migrate") == "The database is at the schema of this version.\n"


def test_migrating_needs_no_password_of_the_service(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", settings.owner_url)
    monkeypatch.setenv("DATABASE_URL", "postgresql://reslot_service@/none?host=/nowhere")
    bounds, schema = run("migrate").splitlines()
    assert bounds.startswith("No bounds of waiting were set on the role of DATABASE_URL: ")
    assert bounds.endswith(BOUNDS_ADVICE)
    assert schema == "The database is at the schema of this version."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "it did not answer"),
        (asyncpg.InvalidPasswordError("wrong password"), "wrong password"),
        (asyncpg.TooManyConnectionsError("too many clients"), "too many clients"),
    ],
)
def test_bounds_that_cannot_be_set_have_a_reason_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    async def fail(_: str) -> NoReturn:
        raise error

    monkeypatch.setattr("app.cli.set_role_limits", fail)
    assert run("migrate").splitlines()[0] == (
        f"No bounds of waiting were set on the role of DATABASE_URL: {reason}. {BOUNDS_ADVICE}"
    )


def test_migrating_is_refused_if_the_services_database_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.setenv("DATABASE_URL", server.url(SERVICE, "none"))
    assert refusal(monkeypatch, "migrate") == f'{UNUSABLE}: database "none" does not exist'


@pytest.mark.own_database
def test_migrating_tells_that_the_service_owns_its_tables(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.owner_url)
    owns, schema = run("migrate").splitlines()
    assert owns.startswith("The role of DATABASE_URL owns the tables, so nothing keeps it from")
    assert schema == "The database is at the schema of this version."


def test_migrating_another_database_than_the_services_is_told(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    """Nothing is changed in that database, as `Emptied` sees after the test."""
    monkeypatch.setenv("DATABASE_URL", server.url(SERVICE, "postgres"))
    assert refusal(monkeypatch, "migrate") == (
        "reslot: The database of DATABASE_OWNER_URL is migrated, but not that of DATABASE_URL: "
        "name the same database in both."
    )


def test_mail_names_the_folder_that_it_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("mail") == f"No mail in {tmp_path / 'mail'} yet.\n"
    assert "There is no mail 7" in refusal(monkeypatch, "mail", "7")


def test_mail_tells_that_mails_go_to_a_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMTP_URL", "smtp://mail.example")
    sent = (
        f"Mails go to the server of SMTP_URL, not to {tmp_path / 'mail'}: "
        "GET /v1/practice/notifications lists those of a practice.\n"
    )
    assert run("mail") == sent
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "former.eml").write_text("To: ana@client.example\nSubject: Moved\n\n")
    said, listed = run("mail").splitlines()
    assert said == sent.strip()
    assert "Moved" in listed


def test_migrating_needs_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEYS")
    assert run("migrate") == "The database is at the schema of this version.\n"


def test_the_server_trusts_the_configured_proxies(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.service_url)
    monkeypatch.setenv("SECRET_KEYS", KEY)
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8")
    monkeypatch.setattr("app.cli.export", lambda _: None)
    monkeypatch.setattr("app.cli._exit_on", lambda _: None)
    given: dict[str, object] = {}
    monkeypatch.setattr("app.cli.uvicorn.run", lambda _, **options: given.update(options))
    run("serve")
    assert (given["proxy_headers"], given["forwarded_allow_ips"]) == (True, ["10.0.0.0/8"])


def test_a_bad_mail_server_is_reported_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_URL", "http://mail.example")
    assert "SMTP_URL" in refusal(monkeypatch, "serve")


def test_the_demo_does_not_empty_a_database_with_other_practices(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, _ = asyncio.run(build(settings))
    assert "more than the demo" in refusal(monkeypatch, "demo", "--reset")
    assert world.practice_id in asyncio.run(practices(settings))


async def practices(settings: Settings) -> set[UUID]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        found = set(await db.scalars(select(Practice.practice_id)))
    await engine.dispose()
    return found


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://reslot_service@db.example/reslot",
        "postgresql+asyncpg://reslot_service:p%40ss@one:5432,two:5433/reslot",
    ],
)
def test_the_role_of_a_url_is_found_with_one_host_or_several(url: str) -> None:
    assert role_of(url) == "reslot_service"


@pytest.mark.parametrize("workers", ["2", "3"])
def test_several_server_processes_print_where_they_listen(
    monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    def only_bind(app: str, **options: Any) -> None:
        uvicorn.Config(app, **options).bind_socket().close()

    monkeypatch.setattr("app.cli.run_several", only_bind)
    monkeypatch.setattr("app.cli.export", lambda _: None)
    monkeypatch.setattr("app.cli._exit_on", lambda _: None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("PORT", str(port))
    assert f"http://127.0.0.1:{port}" in run("serve", "--workers", workers)


def test_the_version_is_printed() -> None:
    assert run("--version") == f"reslot {__version__}\n"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_the_help_of_worker_names_everything_that_it_sends(command: str) -> None:
    assert "mails and webhooks" in " ".join(run(command, "--help").split())
