"""The embedded server: whose files it touches, who shares it, and when it stops."""

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

from app.database.programs import PLACE, is_root
from tests.patience import PATIENCE_SECONDS

# Uses the server until a line is read, and tells where its socket lies.
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
    """A folder that nobody else can enter, with a space in its name."""
    folder = Path(mkdtemp(prefix="reslot private "))
    yield folder
    data = folder / "data" / "postgres"
    if data.is_symlink():
        shutil.rmtree(data.resolve())
    shutil.rmtree(folder)


def start(folder: Path) -> subprocess.Popen[str]:
    """Start a process that uses the server, and wait until it does."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER_OF_THE_SERVER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def stop(process: subprocess.Popen[str]) -> None:
    """Let it leave."""
    process.communicate("\n", timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def server_of(folder: Path) -> int:
    """Give the process id of the server."""
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def is_running(folder: Path) -> bool:
    """Tell whether the server runs: it takes its file with it when it ends."""
    return (folder / "postmaster.pid").exists()


def modes(folder: Path) -> dict[Path, tuple[int, int]]:
    """Read owner and permissions of a folder and of all above it."""
    found = {path: path.stat() for path in (folder, *folder.parents)}
    return {path: (was.st_uid, stat.S_IMODE(was.st_mode)) for path, was in found.items()}


def test_no_folder_that_is_not_its_own_is_changed(private: Path) -> None:
    before = modes(private)
    stop(start(private / "data" / "postgres"))
    assert modes(private) == before
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@pytest.mark.skipif(not is_root(), reason="only root needs another user for the server")
def test_as_root_the_data_lies_where_the_servers_user_can_go_and_is_found_again(
    private: Path,
) -> None:
    folder = private / "data" / "postgres"
    stop(start(folder))
    first = folder.resolve()
    assert first.parent == PLACE
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    stop(start(folder))
    assert folder.resolve() == first


def test_the_last_to_leave_stops_it(private: Path) -> None:
    folder = private / "data" / "postgres"
    one, other = start(folder), start(folder)
    stop(one)
    assert is_running(folder)
    stop(other)
    assert not is_running(folder)


def test_a_user_that_was_killed_does_not_keep_it_running(private: Path) -> None:
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


@pytest.mark.skipif(not is_root(), reason="becomes another user, which only root may")
def test_who_is_not_root_has_the_data_in_the_folder_itself() -> None:
    nobody = pwd.getpwnam("nobody")
    folder = Path(mkdtemp(prefix="reslot-nobody-"))
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    # Imported as root: this interpreter may lie in a folder that only root can enter.
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
