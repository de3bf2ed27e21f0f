"""An embedded PostgreSQL server for the demo and the tests, used if no database URL is set.

Its programs come from a package (app/database/programs.py). Several processes can use one server:
each holds a shared file lock while it uses the server. The system releases the lock of a process
that was killed.
"""

import asyncio
import fcntl
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import IO
from urllib.parse import quote

import asyncpg

from app.database.programs import (
    SYSTEM_USER,
    SYSTEM_USER_FOLDER,
    ProgramError,
    create_system_user_folder,
    give_to_system_user,
    is_reachable_by_all,
    is_root,
    run_program,
)

OWNER = "reslot_owner"
SERVICE = "reslot_service"
DATABASE = "reslot"
MAX_CONNECTIONS = 300
START_SECONDS = 60
PORT = 5432  # part of the socket's name; the server does not listen on TCP
# The whole path of a socket has at most 107 bytes, including its name.
MAX_SOCKET_FOLDER_BYTES = 90
# The builtin locale: the one in the environment may not be installed.
_NEW_DATA = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
)
_STARTING = 7_365_108  # arbitrary key of an advisory lock


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server. It listens on a Unix socket, which only users of this machine can reach."""

    socket_folder: Path

    def url(self, role: str, database: str = DATABASE) -> str:
        """Return the URL with which `role` connects to `database`."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_folder))}&port={PORT}"


@contextmanager
def embedded_server(folder: Path) -> Iterator[EmbeddedServer]:
    """Start the server whose data is in `folder`, or use it if it is already running.

    Creates the database and the roles if they are missing. The last process that uses the server
    stops it. For root the data may be in another folder, with a symbolic link at `folder`.
    PostgreSQL's variables (PGPORT, PGSSLMODE, …) are removed from this process's environment.
    """
    _remove_pg_variables()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _opened(folder, "users") as users:
        with _locked(folder):
            data = _data_of(folder)
            running = EmbeddedServer(_socket_folder(data) or _start(data))
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            asyncio.run(ensure_database(running))
            yield running
        finally:
            with _locked(folder):
                if _is_last(users):
                    _stop(data)


def _remove_pg_variables() -> None:
    """Remove the variables that PostgreSQL's programs and the driver read.

    They describe another server.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


async def ensure_database(server: EmbeddedServer, database: str = DATABASE) -> None:
    """Create the two roles and the database if they are missing."""
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    try:
        # Several processes may start at once, such as `reslot serve` and `reslot worker`.
        await admin.execute("SELECT pg_advisory_lock($1)", _STARTING)
        for role in (OWNER, SERVICE):
            if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await admin.execute(f"CREATE ROLE {role} LOGIN")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f"CREATE DATABASE {database} OWNER {OWNER}")
    finally:
        await admin.close()


def _data_of(folder: Path) -> Path:
    """Return the folder with the data: for root one that the system user can enter."""
    if folder.is_symlink():
        data = folder.resolve()
        if data.parent != SYSTEM_USER_FOLDER.resolve():
            return data
        if not _belongs_to_another(data, folder):
            _owner_file(data).write_text(str(folder.absolute()))
            return data
        folder.unlink()
    elif not is_root() or is_reachable_by_all(folder):
        return folder.resolve()
    create_system_user_folder()
    data = Path(mkdtemp(prefix="data-", dir=SYSTEM_USER_FOLDER))
    _owner_file(data).write_text(str(folder.absolute()))
    folder.symlink_to(data)
    sys.stderr.write(
        f"reslot: PostgreSQL does not run as root, and its user {SYSTEM_USER} cannot enter "
        f"{folder.parent}: the database lies in {data}.\n"
    )
    return data


def _belongs_to_another(data: Path, folder: Path) -> bool:
    """Return whether another folder links to the data, of which `folder` is a copy."""
    try:
        owner = Path(_owner_file(data).read_text())
    except FileNotFoundError:
        return False
    return owner != folder.absolute() and owner.is_symlink() and owner.resolve() == data


def _owner_file(data: Path) -> Path:
    """Return the file beside the data that contains the path of the folder that links to it."""
    return data.with_name(f"{data.name}.owner")


def _socket_folder(data: Path) -> Path | None:
    """Return the folder of the server's socket; None if the server does not run."""
    try:
        # The socket's folder is on the fifth line of this file, which exists while the server runs.
        sockets = (data / "postmaster.pid").read_text().splitlines()[4]
        run_program("pg_isready", "--quiet", "-h", sockets, "-p", str(PORT))
    except (FileNotFoundError, IndexError, ProgramError):
        return None
    return Path(sockets)


def _start(data: Path) -> Path:
    """Start the server and return the folder of its socket."""
    give_to_system_user(data)
    if not (data / "PG_VERSION").exists():
        run_program("initdb", "-D", str(data), *_NEW_DATA)
    sockets = data
    # In this setting a comma separates folders.
    if len(bytes(data)) > MAX_SOCKET_FOLDER_BYTES or "," in str(data):
        sockets = Path(mkdtemp(prefix="reslot-socket-"))
        give_to_system_user(sockets)
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "max_connections": str(MAX_CONNECTIONS),
    }
    said = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
    log = data / "server.log"
    log.unlink(missing_ok=True)
    try:
        run_program(
            "pg_ctl", "start", "-D", str(data), "-w", "-t", str(START_SECONDS),
            "-l", str(log), "-o", said,
        )  # fmt: skip
    except ProgramError as error:
        # pg_ctl's own message only refers to the log.
        lines = log.read_text().splitlines() if log.exists() else []
        reasons = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        raise ProgramError(reasons[-1] if reasons else str(error)) from None
    return sockets


def _stop(data: Path) -> None:
    sockets = _socket_folder(data)
    if sockets is None:
        return
    run_program("pg_ctl", "stop", "-D", str(data), "-m", "fast", "-w", "-t", str(START_SECONDS))
    if sockets != data:
        shutil.rmtree(sockets)


def _is_last(users: IO[bytes]) -> bool:
    """Return whether no other process uses the server. The caller holds the start lock."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock for starting and stopping the server of this folder."""
    with _opened(folder, "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _opened(folder: Path, kind: str) -> Iterator[IO[bytes]]:
    with folder.with_name(f"{folder.name}.{kind}").open("ab") as file:
        yield file
