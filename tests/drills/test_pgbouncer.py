"""Drill 12: tests of the API, of races and of the database once more, through pgbouncer.

In transaction mode, one connection to the server serves whoever has a transaction just now. Here
are the tests of whatever writes most; all of them take several minutes, and this runs them:

    RESLOT_TEST_PGBOUNCER=1 .venv/bin/python -m pytest --no-cov -n 2 -m "not drill" \
        tests/api tests/races tests/database
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.report import Row
from tests.drills.subrun import run_tests
from tests.pooler import installed_program

# Left out: tests that use LISTEN, as a worker needs a direct connection
# (docs/how-to/pgbouncer.md), and tests that start processes, which other drills do.
PATHS = (
    "tests/api/test_cancel.py",
    "tests/api/test_idempotency.py",
    "tests/races",
    "tests/database/test_binding.py",
    "tests/database/test_credits.py",
    "tests/database/test_spacing.py",
    "tests/database/test_transactions.py",
    "tests/database/test_writing.py",
)
FEWEST = 100


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
    ran = await run_tests(tmp_path, *PATHS, RESLOT_TEST_PGBOUNCER=pgbouncer)
    load = f"{ran.passed + ran.failed:,} tests"
    tell(Row("pgbouncer", load, "transaction mode", ran.passed, ran.failed, 0))
    assert ran.is_good, ran.said
    assert ran.passed >= FEWEST
