"""Drill 12: the tests of the API, of races and of the database once more, through pgbouncer.

In transaction mode, one connection to the server serves whoever has a transaction just now.
"""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.report import Row
from tests.pooler import installed_program

ROOT = Path(__file__).parents[2]
# What LISTENs is left out: a worker needs a direct connection, and the README says so. So is what
# runs as processes of its own: the drills do.
FOLDERS = ("tests/api", "tests/races", "tests/database")
FEWEST = 700


@pytest.fixture
def pgbouncer() -> str:
    """Find the program. In CI it has to be there."""
    found = installed_program()
    if found is not None:
        return found
    words = "no pgbouncer is installed (Debian: apt-get install pgbouncer)"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(words)
    pytest.skip(words)


@pytest.mark.drill
async def test_the_service_works_through_pgbouncer(
    pgbouncer: str, tmp_path: Path, tell: Callable[[Row], None]
) -> None:
    status, said = await run_tests(pgbouncer, tmp_path)
    passed, failed = (
        sum(int(count) for count in re.findall(rf"(\d+) {outcome}", said.rpartition("\n=")[2]))
        for outcome in ("passed", "(?:failed|errors?)")
    )
    tell(Row("pgbouncer", f"{passed + failed:,} tests", "transaction mode", passed, failed, 0))
    assert status == 0, said[-3000:]
    assert passed >= FEWEST


async def run_tests(pgbouncer: str, folder: Path) -> tuple[int | None, str]:
    """Run the tests through the program, in processes of their own; give how that ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "--no-cov", "-q", "-n", "2", "-m", "not drill"),
        *("-p", "no:cacheprovider", f"--basetemp={folder / 'tests'}", *FOLDERS),
        cwd=ROOT,
        env={**os.environ, "RESLOT_TEST_PGBOUNCER": pgbouncer},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
