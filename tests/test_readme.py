"""The README's shell blocks and the hints that the demo prints, run as they stand."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.embedded_data import throw_away
from tests.patience import PATIENCE_SECONDS, POLL_SECONDS
from tests.ports import free_port

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CLIENT, PRACTICE = "A tour", "Connect your practice software"
# What the README says that the tour meets.
REFUSALS = ["quote-required", "notice-too-short", "forbidden"]


class Folder:
    """A clone's folder, as far as the README uses it, and a shell there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = path / "output"
        self.ports = [free_port() for _ in range(3)]
        (path / ".venv").symlink_to(sys.prefix)
        ours = {"DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEYS", "DATA_DIR"}
        self.environment = {k: v for k, v in os.environ.items() if k not in ours}

    def shell(self, script: str) -> str:
        """Run a script in a fresh shell, and what it starts, to the end; stop at a fault."""
        for port, own in zip((8000, 8002, 9000), self.ports, strict=True):
            script = script.replace(f"127.0.0.1:{port}", f"127.0.0.1:{own}")
            script = script.replace(f"PORT={port}", f"PORT={own}")
            script = script.replace(f'"127.0.0.1", {port}', f'"127.0.0.1", {own}')
        ended = subprocess.run(
            ["/bin/bash", "-eu"],
            input=f"{script}\nwait\n",
            cwd=self.path,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE_SECONDS,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start_demo(self) -> subprocess.Popen[bytes]:
        """Start a demo, and wait until it serves."""
        command = [sys.executable, "-m", "app", "demo"]
        ours = {"PORT": str(self.ports[0]), "PYTHONPATH": str(ROOT)}
        with self.output.open("w") as output:
            process = subprocess.Popen(
                command, cwd=self.path, env=self.environment | ours, stdout=output, stderr=output
            )
        while "Uvicorn running" not in self.output.read_text():
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=POLL_SECONDS)
                raise AssertionError(self.output.read_text())
        return process


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    path = tmp_path / "my clone"
    path.mkdir()
    yield Folder(path)
    throw_away(path)


@pytest.fixture
def hints(folder: Folder) -> Iterator[str]:
    """Run a fresh demo, and give the commands that it prints."""
    process = folder.start_demo()
    printed = folder.output.read_text()
    yield "\n".join(re.findall(r"^  (?:export |curl |  [-h{]).*$", printed, re.MULTILINE))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0


def blocks(heading: str) -> str:
    """Give the shell blocks of one section of the README, without those below it."""
    found = re.search(rf"^#+ {heading}\n(.*?)^##", README, re.MULTILINE | re.DOTALL)
    assert found is not None
    script = "\n".join(re.findall(r"```sh\n(.*?)```", found[1], re.DOTALL))
    assert script
    # What it waits for is only printed here.
    return script.replace("\nsleep 2\n", "\n")


def refusals(printed: str) -> list[str]:
    return re.findall(r'"type": ?"[^"]*/problems/([^"]*)"', printed)


@pytest.mark.parametrize("first", ["the hints", "the tour"])
def test_the_hints_and_the_tour_work_on_one_demo(folder: Folder, hints: str, first: str) -> None:
    assert hints.count("curl ") == 8
    tour = blocks(CLIENT) + blocks(PRACTICE)
    order = [hints, tour] if first == "the hints" else [tour, hints]
    met = {script: refusals(folder.shell(script)) for script in order}
    assert met == {hints: [], tour: REFUSALS}
    signing_in = folder.shell(blocks("Signing clients in"))
    assert refusals(signing_in) == []
    assert '"name": "Ben Carter"' in signing_in


def test_from_nothing_works_in_a_fresh_shell(folder: Folder) -> None:
    printed = folder.shell(blocks("From nothing"))
    assert refusals(printed) == []
    assert "Free of charge until a day before." in printed
