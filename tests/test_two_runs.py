"""Two simultaneous test runs have separate servers, and the end of one does not stop the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS, POLL_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Reports where its server is, waits for a signal to continue, and queries the server once more.
WAITING = """
import json
from pathlib import Path

from sqlalchemy import text

FOLDER = Path(__file__).parent


async def test_waits(server, engine):
    data = server.socket_folder
    (FOLDER / "said").write_text(json.dumps([str(data), (data / "postmaster.pid").read_text()]))
    (FOLDER / "go").open().read()
    async with engine.connect() as db:
        assert await db.scalar(text("SELECT 1")) == 1
"""


class Run:
    """A test run with one test, which waits until `go`. It inherits this run's environment."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        (folder / "test_waiting.py").write_text(WAITING)
        os.mkfifo(folder / "go")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pytest", "-q", "-n", "1", "-W", "ignore"),
                *("-p", "tests.fixtures.run"),
                *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder)),
            ],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def server(self) -> tuple[Path, int]:
        """Wait for the run's server; return the folder of its socket and its process id."""
        for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
            try:
                # Opening blocks until the test has opened the other end.
                self._go = os.open(self.folder / "go", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                try:
                    self.process.wait(POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
            break
        assert self.process.poll() is None, self.process.communicate()[0]
        sockets, process_file = json.loads((self.folder / "said").read_text())
        return Path(sockets), int(process_file.splitlines()[0])

    def go(self) -> None:
        """Let the test continue, and wait for the end of the run."""
        os.close(self._go)
        said, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0, said


def test_each_run_has_its_own_server(tmp_path: Path) -> None:
    runs = [Run(tmp_path / name) for name in ("first", "second")]
    try:
        (first, first_id), (second, second_id) = (run.server() for run in runs)
        assert first != second
        assert first_id != second_id
        runs[0].go()
        assert not first.exists()
        assert second.exists()
        runs[1].go()
        assert not second.exists()
    finally:
        for run in runs:
            run.process.kill()
