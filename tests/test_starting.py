"""Starting `reslot`: a wrong setting is refused with one sentence that names it."""

import asyncio
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from app.cli import main
from app.database.embedded import OWNER, SERVICE, EmbeddedServer
from tests.fixtures.command_line import refusal
from tests.ports import free_port

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("shell")]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.cli.configure_logs", lambda _: None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts on which the server would listen; nothing is served."""
    hosts: list[str] = []
    monkeypatch.setattr("app.cli.export", lambda _: None)
    monkeypatch.setattr("app.cli._exit_on", lambda _: None)
    monkeypatch.setattr("app.cli.uvicorn.run", lambda _, host, **__: hosts.append(host))
    return hosts


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Iterator[str]:
    """Create a database without tables and return its URL for the service's role."""

    async def run(statement: str) -> None:
        admin = await asyncpg.connect(server.url("postgres", "postgres"))
        await admin.execute(statement)
        await admin.close()

    name = f"empty_{uuid4().hex}"
    asyncio.run(run(f"CREATE DATABASE {name}"))
    yield server.url(SERVICE, name)
    asyncio.run(run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["serve"],
        ["serve", "--workers", "2"],
        ["worker"],
        ["token", "--client", "ana@client.example"],
        ["link", "00000000-0000-0000-0000-000000000000"],
        ["practice", "list"],
        ["keys", "list", "--practice", "Harbor"],
    ],
)
def test_on_an_empty_database_every_command_tells_to_migrate(
    monkeypatch: pytest.MonkeyPatch, empty_database: str, arguments: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    monkeypatch.setenv("PORT", str(free_port()))
    assert refusal(monkeypatch, *arguments) == (
        "reslot: The database has no tables of Reslot. Run `reslot migrate`."
    )


LISTENERS = pytest.mark.parametrize(
    ("command", "setting"), [("serve", "PORT"), ("worker", "METRICS_PORT")]
)


@LISTENERS
def test_a_taken_port_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, command: str, setting: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        monkeypatch.setenv(setting, port)
        assert refusal(monkeypatch, command) == (
            f"reslot: Port {port} on 127.0.0.1 is taken: set {setting} to another one."
        )


@LISTENERS
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_port_without_permission_is_not_reported_as_taken(
    monkeypatch: pytest.MonkeyPatch, command: str, setting: str, number: int
) -> None:
    def not_allowed(*_: object) -> None:
        raise PermissionError(number, "Permission denied")

    monkeypatch.setattr("app.configuration.listening.socket.socket.bind", not_allowed)
    monkeypatch.setenv(setting, "80")
    assert refusal(monkeypatch, command) == (
        f"reslot: Port 80 on 127.0.0.1 is not allowed to this user: set {setting} to 1024 or above."
    )


@LISTENERS
@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_a_host_of_another_machine_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, command: str, setting: str, host: str
) -> None:
    monkeypatch.setenv(setting, str(free_port()))
    monkeypatch.setenv("HOST", host)
    assert refusal(monkeypatch, command) == (
        "reslot: Bad setting. HOST: must be an address of this machine."
    )


@LISTENERS
def test_an_unknown_host_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, command: str, setting: str
) -> None:
    def not_known(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("app.configuration.listening.socket.socket.bind", not_known)
    monkeypatch.setenv(setting, "8106")
    assert refusal(monkeypatch, command) == (
        "reslot: Bad setting. HOST: must be an address of this machine."
    )


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_the_server_listens_on_a_host_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, served: list[str], host: str
) -> None:
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr("sys.argv", ["reslot", "serve"])
    with pytest.raises(SystemExit):
        main()
    assert served == [host]


@pytest.mark.parametrize("said", ["sslmode=hunter2", "port=hunter2", "target_session_attrs=x"])
def test_an_option_that_the_driver_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://role@/reslot?host=/nowhere&{said}")
    assert refusal(monkeypatch, "practice", "list") == (
        "reslot: Bad setting. DATABASE_URL, or DATABASE_OWNER_URL: the driver (asyncpg) does not "
        "understand its options."
    )


def test_a_file_without_permission_is_not_reported_as_a_database_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def not_allowed(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", f"{tmp_path}/mail")

    monkeypatch.setattr("app.cli.list_mails", not_allowed)
    assert refusal(monkeypatch, "mail") == (
        f"reslot: {tmp_path}/mail cannot be used: Permission denied. Set DATA_DIR to a folder that "
        "this user can write to."
    )


@pytest.fixture
def read_only_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Deny writing to the folder. File permissions would not: the tests may run as root."""
    access = os.access

    def may(path: Path, mode: int) -> bool:
        return Path(path) != tmp_path / "mail" and access(path, mode)

    monkeypatch.setattr("app.mail.senders.os.access", may)
    monkeypatch.setenv("PORT", str(free_port()))


@pytest.mark.usefixtures("read_only_data")
@pytest.mark.parametrize(
    ("arguments", "smtp_url"),
    [(["serve", "--no-worker"], ""), (["serve"], "smtp://mail.example")],
)
def test_a_process_that_writes_no_mails_needs_no_mail_folder(
    monkeypatch: pytest.MonkeyPatch, served: list[str], arguments: list[str], smtp_url: str
) -> None:
    monkeypatch.setenv("SMTP_URL", smtp_url)
    monkeypatch.setattr("sys.argv", ["reslot", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert served == ["127.0.0.1"]


MAIL_FOLDER_REFUSAL = (
    "reslot: Bad setting. DATA_DIR: must be a folder that this user may write to, since mails "
    "land there without SMTP_URL."
)


@pytest.mark.usefixtures("read_only_data")
@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_mail_folder_that_cannot_be_written_to_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert refusal(monkeypatch, command) == MAIL_FOLDER_REFUSAL


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_mail_folder_that_cannot_be_created_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Of /proc the permissions say that root may create a folder there, but nobody can."""
    monkeypatch.setenv("DATA_DIR", "/proc/nowhere")
    monkeypatch.setenv("PORT", str(free_port()))
    assert refusal(monkeypatch, command) == MAIL_FOLDER_REFUSAL


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_file_in_place_of_the_mail_folder_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    (tmp_path / "mail").write_text("not a folder")
    monkeypatch.setenv("PORT", str(free_port()))
    assert refusal(monkeypatch, command) == MAIL_FOLDER_REFUSAL


@pytest.mark.parametrize("workers", ["0", "65", "100000000", "two"])
def test_an_invalid_number_of_processes_is_refused(
    monkeypatch: pytest.MonkeyPatch, served: list[str], workers: str
) -> None:
    assert refusal(monkeypatch, "serve", "--workers", workers) == "2"
    assert served == []


@pytest.fixture
def of_another_version(server: EmbeddedServer, database: str) -> None:
    """Store a schema revision in the database that this version does not know."""

    async def spoil() -> None:
        owner = await asyncpg.connect(server.url(OWNER, database))
        await owner.execute("UPDATE alembic_version SET version_num = 'of_another_version'")
        await owner.close()

    asyncio.run(spoil())


@pytest.mark.own_database
@pytest.mark.usefixtures("of_another_version")
@pytest.mark.parametrize(
    "arguments", [["serve"], ["worker"], ["migrate"], ["demo"], ["practice", "list"]]
)
def test_on_a_database_of_another_version_every_command_is_refused(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    assert refusal(monkeypatch, *arguments) == (
        "reslot: The database has the schema of another version. Install that version of Reslot."
    )
