"""The shell blocks of the README and of the pages, and the demo's hints, run unchanged."""

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

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
HINTS = "hints"
FIRST, CONNECT = "first-cancellation", "connect-your-software"
CLASSES = ROOT / "docs" / "how-to" / "classes-and-series.md"
# Output that the tutorials announce.
REFUSALS = {
    HINTS: [],
    FIRST: ["quote-required", "notice-too-short", "forbidden"],
    CONNECT: [],
}


class Folder:
    """The files of a clone that the pages use, and a shell in that folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = path / "output"
        self.ports = [free_port() for _ in range(3)]
        (path / ".venv").symlink_to(sys.prefix)
        ours = {"DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEYS", "DATA_DIR"}
        self.environment = {k: v for k, v in os.environ.items() if k not in ours}

    def shell(self, script: str) -> str:
        """Run a script in a new shell and wait for all its processes; stop at the first error."""
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
        """Start a demo and wait until it serves."""
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
    """Run a new demo and return the commands that it prints."""
    process = folder.start_demo()
    printed = folder.output.read_text()
    yield "\n".join(re.findall(r"^  (?:export |curl |  [-h{]).*$", printed, re.MULTILINE))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE_SECONDS) == 0


def shell_blocks(markdown: str) -> str:
    """Return the shell blocks of a page as one script."""
    script = "\n".join(re.findall(r"```sh\n(.*?)```", markdown, re.DOTALL))
    assert script
    # The command that waits for the demo is only printed here.
    return script.replace("\nsleep 2\n", "\n")


def tutorial(name: str) -> str:
    """Return the script of a tutorial."""
    return shell_blocks((TUTORIALS / f"{name}.md").read_text())


def readme_section(heading: str) -> str:
    """Return the script of one section of the README."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(rf"^## {heading}\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert found is not None
    return shell_blocks(found[1])


def refusals(printed: str) -> list[str]:
    return re.findall(r'"type": ?"[^"]*/problems/([^"]*)"', printed)


@pytest.mark.parametrize("order", [(HINTS, FIRST, CONNECT), (CONNECT, FIRST, HINTS)])
def test_hints_and_tutorials_work_on_one_demo_in_any_order(
    folder: Folder, hints: str, order: tuple[str, ...]
) -> None:
    assert hints.count("curl ") == 11
    scripts = {HINTS: hints, FIRST: tutorial(FIRST), CONNECT: tutorial(CONNECT)}
    met = {name: refusals(folder.shell(scripts[name])) for name in order}
    assert met == REFUSALS
    signing_in = folder.shell(tutorial("sign-clients-in"))
    assert refusals(signing_in) == []
    assert '"name": "Ben Carter"' in signing_in


@pytest.mark.usefixtures("hints")
def test_the_readme_works_on_a_fresh_demo(folder: Folder) -> None:
    printed = folder.shell(readme_section("Twenty lines of curl"))
    assert refusals(printed) == []
    assert re.findall(r"\['(\w+)', (\d), ", printed) == [("booked", "2"), ("cancelled", "3")]


@pytest.mark.usefixtures("hints")
def test_classes_and_series_print_what_the_page_shows(folder: Folder) -> None:
    page = CLASSES.read_text()
    shown = "".join(re.findall(r"```text\n(.*?)```", page, re.DOTALL))
    assert _without_ids(folder.shell(shell_blocks(page))) == _without_ids(shown)


def _without_ids(text: str) -> str:
    return re.sub(r"'id': '[-0-9a-f]{36}'", "'id': …", text)


def test_from_nothing_works_in_a_fresh_shell(folder: Folder) -> None:
    printed = folder.shell(tutorial("from-nothing"))
    assert refusals(printed) == []
    assert "Free of charge until a day before." in printed


def test_every_tutorial_is_run() -> None:
    run = {FIRST, CONNECT, "sign-clients-in", "from-nothing"}
    assert {page.stem for page in TUTORIALS.glob("*.md")} == run
