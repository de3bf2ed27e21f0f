"""The embedded server: which files it changes, who shares it, and when it stops."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from app.database import programs
from app.database.embedded import OWNER, EmbeddedServer, embedded_server
from app.database.engine import connect
from app.database.programs import SYSTEM_USER_FOLDER, ProgramError, is_root
from tests.embedded_data import throw_away
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

# Uses the server until a line is read, and prints the path of its socket.
USER_OF_THE_SERVER = """
import sys
from pathlib import Path
from app.database.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as server:
    print(server.socket_folder, flush=True)
    sys.stdin.readline()
"""
AS_ANOTHER_USER = """
import asyncio.subprocess, encodings.idna, os, sys
from pathlib import Path
from app.database.embedded import embedded_server
os.setgroups([])
os.setgid({group})
os.setuid({user})
with embedded_server(Path(sys.argv[1])):
    pass
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def private() -> Iterator[Path]:
    """A folder that no other user can enter, with a space in its name."""
    folder = Path(mkdtemp(prefix="reslot private "))
    yield folder
    throw_away(folder)
    shutil.rmtree(folder)


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    """Start a process that uses the server, and wait until it is connected."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER_OF_THE_SERVER, str(folder)],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """Let the process end."""
    process.communicate("\n", timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def server_of(folder: Path) -> int:
    """Return the process id of the server."""
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def is_running(folder: Path) -> bool:
    """Tell whether the server runs: it deletes its pid file when it ends."""
    return (folder / "postmaster.pid").exists()


def modes(folder: Path) -> dict[Path, tuple[int, int]]:
    """Read owner and permissions of a folder and of all above it."""
    found = {path: path.stat() for path in (folder, *folder.parents)}
    return {path: (was.st_uid, stat.S_IMODE(was.st_mode)) for path, was in found.items()}


def test_only_its_own_folder_is_changed(private: Path) -> None:
    before = modes(private)
    stop(start(private / "data" / "postgres"))
    assert modes(private) == before
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@pytest.mark.skipif(not is_root(), reason="only root needs another user for the server")
def test_as_root_the_data_is_where_the_servers_user_can_read_it(
    private: Path,
) -> None:
    folder = private / "data" / "postgres"
    stop(start(folder))
    first = folder.resolve()
    assert first.parent == SYSTEM_USER_FOLDER
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    stop(start(folder))
    assert folder.resolve() == first


def test_the_last_process_that_ends_stops_it(private: Path) -> None:
    folder = private / "data" / "postgres"
    one, other = start(folder), start(folder)
    stop(one)
    assert is_running(folder)
    stop(other)
    assert not is_running(folder)


def test_a_killed_process_does_not_keep_it_running(private: Path) -> None:
    folder = private / "data" / "postgres"
    killed = start(folder)
    server = server_of(folder)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert is_running(folder)
    other = start(folder)
    assert server_of(folder) == server
    stop(other)
    assert not is_running(folder)


async def answer(server: EmbeddedServer, question: str) -> object:
    """Ask a running server."""
    database = await connect(server.url(OWNER))
    try:
        return await database.fetchval(question)
    finally:
        await database.close()


def test_the_environment_of_other_servers_is_ignored(private: Path) -> None:
    """The variables of PostgreSQL's programs, and a locale that is not installed."""
    folder = private / "data" / "postgres"
    others = {
        "LC_ALL": "xx_YY.UTF-8",
        "PGDATA": "/nowhere",
        "PGHOST": "nowhere.example",
        "PGPORT": "1",
        "PGSERVICE": "nowhere",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
    }
    one = start(folder, **others)
    other = start(folder)
    stop(one)
    server = EmbeddedServer(folder.resolve())
    assert asyncio.run(answer(server, "SELECT lower('É')")) == "é"
    stop(other)
    assert not is_running(folder)


def test_a_folder_may_have_a_comma_in_its_name() -> None:
    folder = Path(mkdtemp(prefix="reslot, one or two-"))
    folder.chmod(0o755)
    stop(start(folder / "postgres"))
    assert not is_running(folder / "postgres")
    shutil.rmtree(folder)


@pytest.mark.skipif(not is_root(), reason="only root has the data elsewhere")
def test_a_copy_of_a_clone_has_its_own_data(private: Path) -> None:
    first, copy = private / "data" / "postgres", private / "copy" / "postgres"
    running = start(first)
    copy.parent.mkdir()
    copy.symlink_to(first.readlink())
    stop(start(copy))
    assert copy.resolve() != first.resolve()
    assert is_running(first)
    stop(running)


@pytest.mark.skipif(not is_root(), reason="only root has the data elsewhere")
def test_a_clone_that_was_moved_keeps_its_data(private: Path) -> None:
    stop(start(private / "data" / "postgres"))
    data = (private / "data" / "postgres").resolve()
    (private / "data").rename(private / "moved")
    for _ in range(2):
        stop(start(private / "moved" / "postgres"))
        assert (private / "moved" / "postgres").resolve() == data


@pytest.mark.skipif(not is_root(), reason="only root needs another user for the server")
def test_programs_that_the_servers_user_cannot_reach_are_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Path(mkdtemp(prefix="reslot-place-")) / "own"
    umask = os.umask(0o077)
    monkeypatch.setattr(programs, "SYSTEM_USER_FOLDER", place)
    monkeypatch.setattr(programs, "is_reachable_by_all", lambda _: False)
    place.parent.chmod(0o755)
    programs.reachable_programs.cache_clear()
    try:
        assert programs.program("postgres").startswith(str(place))
        programs.run_program("postgres", "--version")
    finally:
        os.umask(umask)
        programs.reachable_programs.cache_clear()
        shutil.rmtree(place.parent)


@pytest.mark.skipif(not is_root(), reason="only root needs another user for the server")
def test_a_user_that_cannot_be_created_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(programs, "SYSTEM_USER", "no such user")
    programs.system_user.cache_clear()
    with pytest.raises(ProgramError, match="`useradd` cannot make a user"):
        programs.system_user()
    programs.system_user.cache_clear()


def test_a_server_that_does_not_start_reports_why(private: Path) -> None:
    folder = private / "data" / "postgres"
    stop(start(folder))
    (folder / "PG_VERSION").write_text("9\n")
    why = pytest.raises(ProgramError, match="database files are incompatible with server")
    with why, embedded_server(folder):
        pass
    assert not is_running(folder)


@pytest.mark.skipif(not is_root(), reason="becomes another user, which only root may")
def test_without_root_the_data_is_in_the_folder_itself() -> None:
    nobody = pwd.getpwnam("nobody")
    folder = Path(mkdtemp(prefix="reslot-nobody-"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # Imported as root, because the interpreter may be in a folder that only root can enter.
    script = AS_ANOTHER_USER.format(user=nobody.pw_uid, group=nobody.pw_gid)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder / "postgres")],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert (folder / "postgres" / "PG_VERSION").exists()
        assert not (folder / "postgres" / "postmaster.pid").exists()
    finally:
        shutil.rmtree(folder)
