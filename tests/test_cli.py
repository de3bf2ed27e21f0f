"""The `reslot` command: what an operator can mend is one sentence, never a trace."""

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
import uvicorn
from sqlalchemy import select
from typer.testing import CliRunner

from app import __version__
from app.auth.tokens import AccessTokens
from app.changes.models import Change
from app.cli import cli, main
from app.clock import system_clock
from app.database.embedded import EmbeddedServer
from app.database.engine import create_engine
from app.database.migrations import role_of
from app.links.tokens import LinkTokens
from app.practices.models import Client, Practice
from app.settings import Settings
from tests.fixtures.database import KEY
from tests.world import NOW, World

# The operator's commands look at all practices.
pytestmark = pytest.mark.own_database

UNUSABLE = "the database of DATABASE_URL or DATABASE_OWNER_URL cannot be used"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Settings) -> None:
    """An operator's shell in an empty folder, with a database and a key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", settings.service_url)
    monkeypatch.setenv("DATABASE_OWNER_URL", settings.owner_url)
    monkeypatch.setenv("SECRET_KEYS", KEY)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


def run(*arguments: str) -> str:
    """Run the command and give what it says; a refusal is given as it would be printed."""
    result = CliRunner().invoke(cli, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def refusal(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Run the command as the shell does and give the sentence that it ends with."""
    monkeypatch.setattr("sys.argv", ["reslot", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return str(ended.value)


async def build(settings: Settings) -> tuple[World, UUID]:
    """Write a practice with one booked session, on a loop that is gone when this returns."""
    engine = create_engine(settings.service_url, pool_size=2)
    world = await World(engine, settings).build()
    session_id = await world.book(NOW)
    await engine.dispose()
    return world, session_id


@pytest.mark.parametrize(
    "command", ["serve", "worker", "migrate", "demo", "token", "link", "mail", "openapi"]
)
def test_every_command_has_help(command: str) -> None:
    assert "Usage" in run(command, "--help")


def test_help_lists_every_command() -> None:
    listed = run("--help")
    assert all(name in listed for name in ("serve", "worker", "migrate", "demo", "openapi"))


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
    monkeypatch.delitem(sys.modules, "app.tracing.provider", raising=False)
    monkeypatch.delattr("app.tracing.provider", raising=False)
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
    monkeypatch.setattr("app.installation.is_installed", lambda: False)
    assert refusal(monkeypatch, "migrate").startswith("reslot: DATABASE_URL is not set: ")


def test_a_database_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert refusal(monkeypatch, "migrate").startswith(f"reslot: {UNUSABLE}: ")


def test_a_database_that_does_not_exist_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, server: EmbeddedServer
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", server.url("reslot_owner", "none"))
    said = refusal(monkeypatch, "migrate")
    assert said == f'reslot: {UNUSABLE}: database "none" does not exist'


def test_migrating_again_does_nothing() -> None:
    assert run("migrate") == run("migrate") == "The database is at the schema of this version.\n"


def test_migrating_needs_no_password_of_the_service(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", settings.owner_url)
    monkeypatch.setenv("DATABASE_URL", "postgresql://reslot_service@/none?host=/nowhere")
    bounds, schema = run("migrate").splitlines()
    assert bounds.startswith("No bounds of waiting were set on the role of DATABASE_URL: ")
    assert schema == "The database is at the schema of this version."


def test_token_prints_an_access_token(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    world, _ = asyncio.run(build(settings))
    printed = run("token", "--client", "ana@client.example").strip()
    caller = AccessTokens([KEY]).read(printed, system_clock())
    assert (caller.practice_id, caller.client_id) == (world.practice_id, world.client_id)
    assert "no such thing" in refusal(monkeypatch, "token", "--client", "nobody@client.example")


@pytest.mark.parametrize("email", ["ana@faß.example", "ana@xn--fa-hia.example", "ANA@FAß.example"])
def test_token_finds_a_client_by_any_spelling_of_the_address(
    settings: Settings, email: str
) -> None:
    world, _ = asyncio.run(build(settings))

    async def move() -> None:
        engine = create_engine(settings.service_url, pool_size=1)
        here = World(engine, settings, world.practice_id)
        await here.change(Client, world.client_id, email="Ana@faß.example")
        await engine.dispose()

    asyncio.run(move())
    printed = run("token", "--client", email).strip()
    assert AccessTokens([KEY]).read(printed, system_clock()).client_id == world.client_id


def test_an_address_of_two_clients_asks_which(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    asyncio.run(build(settings))
    asyncio.run(build(settings))
    assert "--practice" in refusal(monkeypatch, "token", "--client", "ana@client.example")


def test_link_prints_the_link_of_a_mail(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, session_id = asyncio.run(build(settings))
    token = run("link", str(session_id)).strip().removeprefix("http://127.0.0.1:8000/portal/#")
    link = LinkTokens([KEY]).read(token)
    assert (link.practice_id, link.session_id) == (world.practice_id, session_id)
    assert "no such" in refusal(monkeypatch, "link", str(uuid4()))


def test_revoking_ends_the_links_sent_so_far(settings: Settings) -> None:
    _, session_id = asyncio.run(build(settings))
    before = run("link", str(session_id))
    after = run("link", str(session_id), "--revoke")
    assert after != before
    assert run("link", str(session_id)) == after
    trail = asyncio.run(link_trail(settings, session_id))
    assert trail == [("issued", "operator")] * 3 + [("revoked", "operator")]


async def link_trail(settings: Settings, session_id: UUID) -> list[tuple[str, str]]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        rows = await db.execute(
            select(Change.kind, Change.actor)
            .where(Change.subject == "link", Change.subject_id == session_id)
            .order_by(Change.kind)
        )
        found = [(kind, actor) for kind, actor in rows]
    await engine.dispose()
    return found


def test_mail_says_where_it_looked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("mail") == f"No mail in {tmp_path / 'mail'} yet.\n"
    assert "There is no mail 7" in refusal(monkeypatch, "mail", "7")


def test_migrating_needs_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEYS")
    assert run("migrate") == "The database is at the schema of this version.\n"


def test_the_server_believes_the_proxies_that_are_named(
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


def test_a_bad_mail_server_is_said_before_anything_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMTP_URL", "http://mail.example")
    assert "SMTP_URL" in refusal(monkeypatch, "serve")


def test_the_demo_empties_no_database_with_other_practices(
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


def test_an_operator_opens_a_practice_and_gives_it_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = ("--email", "hello@lake.example")
    practice_id = run("practice", "create", "--name", "Lake", "--currency", "EUR", *mail).strip()
    assert run("practice", "list") == f"{practice_id}  Lake\n"
    text = run("keys", "create", "--practice", "Lake", "--name", "Front desk").strip()
    assert text.startswith(f"rk_{practice_id.replace('-', '')}")
    (listed,) = run("keys", "list", "--practice", practice_id).splitlines()
    assert "write" in listed
    assert "Front desk" in listed
    assert text[-43:] not in listed
    key_id = listed.split()[0]
    run("keys", "revoke", "--practice", "Lake", key_id)
    assert "revoked" in run("keys", "list", "--practice", "Lake")
    again = ("practice", "create", "--name", " Lake ", "--currency", "EUR", *mail)
    assert refusal(monkeypatch, *again) == (
        f"reslot: The practice {practice_id} has this name: choose another one."
    )
    assert "no such thing" in refusal(monkeypatch, "keys", "list", "--practice", "Sea")


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "--name", "Front desk", "--practice"),
        ("keys", "list", "--practice"),
        ("keys", "revoke", str(uuid4()), "--practice"),
        ("practice", "close"),
        ("practice", "reopen"),
        ("token", "--client", "ana@client.example", "--practice"),
    ],
)
def test_of_two_practices_of_one_name_none_is_chosen(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, words: tuple[str, ...]
) -> None:
    """Each has named itself so: an operator cannot create the second one."""
    worlds = [asyncio.run(build(settings))[0] for _ in range(2)]
    ids = sorted(str(world.practice_id) for world in worlds)
    assert refusal(monkeypatch, *words, "Harbor Wellness") == (
        f"reslot: Several practices have this name: say which by its id, of {ids[0]}, {ids[1]}."
    )


def test_a_client_of_two_practices_is_found_by_the_id_of_one(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    worlds = [asyncio.run(build(settings))[0] for _ in range(2)]
    asked = ("token", "--client", "ana@client.example")
    said = refusal(monkeypatch, *asked)
    assert all(f"{world.practice_id} (Harbor Wellness)" in said for world in worlds)
    for world in worlds:
        printed = run(*asked, "--practice", str(world.practice_id)).strip()
        assert AccessTokens([KEY]).read(printed, system_clock()).client_id == world.client_id


def test_two_clients_of_one_practice_with_one_address_are_not_told_apart(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    async def build_two() -> None:
        engine = create_engine(settings.service_url, pool_size=1)
        world = await World(engine, settings).build()
        await world.add_client(email="ana@client.example")
        await engine.dispose()

    asyncio.run(build_two())
    said = refusal(monkeypatch, "token", "--client", "ana@client.example")
    assert said == "reslot: Several clients of this practice have this address."


def test_a_closed_practice_is_listed_and_given_nothing_new(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, session_id = asyncio.run(build(settings))
    practice_id = str(world.practice_id)
    for _ in range(2):
        assert run("practice", "close", practice_id) == "The practice is closed.\n"
    assert "  Harbor Wellness  closed 20" in run("practice", "list")
    for words in (
        ("keys", "create", "--name", "x", "--practice", practice_id),
        ("link", str(session_id)),
    ):
        assert "is closed" in refusal(monkeypatch, *words)
    assert "no such thing" in refusal(monkeypatch, "token", "--client", "ana@client.example")
    assert run("keys", "list", "--practice", practice_id) == ""
    for _ in range(2):
        assert run("practice", "reopen", "Harbor Wellness") == "The practice is open.\n"
    assert run("practice", "list") == f"{practice_id}  Harbor Wellness\n"
    assert run("token", "--client", "ana@client.example")
    assert run("link", str(session_id))
    assert asyncio.run(kinds_of(settings, world.practice_id)) == ["closed", "reopened"]


async def kinds_of(settings: Settings, practice_id: UUID) -> list[str]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        found = await db.scalars(
            select(Change.kind)
            .where(Change.practice_id == practice_id, Change.subject == "practice")
            .order_by(Change.at)
        )
        kinds = list(found)
    await engine.dispose()
    return kinds


@pytest.fixture
def _logs() -> Iterator[None]:
    """Give back what a command sets up for the logs of the whole process."""
    root, ours = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**ours)


@pytest.mark.usefixtures("_logs")
@pytest.mark.parametrize("workers", ["2", "3"])
def test_several_server_processes_say_where_they_listen(
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
def test_help_names_all_that_a_worker_sends(command: str) -> None:
    assert "mails and webhooks" in " ".join(run(command, "--help").split())


@pytest.mark.parametrize(
    ("name", "currency", "email", "sentence"),
    [
        (" ", "EUR", "a@b.example", "--name"),
        ("\u200b\u3164", "EUR", "a@b.example", "--name: must have at least one visible character."),
        ("a\nb", "EUR", "a@b.example", "--name: must be one line"),
        ("Lake", "EURO", "a@b.example", "currency"),
        ("Lake", "XXX", "a@b.example", "XXX is no ISO 4217 currency"),
        ("Lake", "XAU", "a@b.example", "XAU is no ISO 4217 currency"),
        ("Lake", "DEM", "a@b.example", "DEM is no ISO 4217 currency"),
        ("Lake", "EUR", "nowhere", "email address"),
        ("Lake", "EUR", "jö@b.example", "--email: must be an email address"),
    ],
)
def test_a_practice_needs_what_its_clients_need(
    monkeypatch: pytest.MonkeyPatch, name: str, currency: str, email: str, sentence: str
) -> None:
    words = ("--name", name, "--currency", currency, "--email", email)
    assert sentence in refusal(monkeypatch, "practice", "create", *words)
    assert run("practice", "list") == ""


def test_a_key_needs_a_name_that_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    mail = ("--email", "lake@lake.example")
    run("practice", "create", "--name", "Lake", "--currency", "EUR", *mail)
    words = ("keys", "create", "--practice", "Lake", "--name", "\u2800")
    assert "--name: must be visible characters" in refusal(monkeypatch, *words)
    assert run("keys", "list", "--practice", "Lake") == ""
