"""Tests that a drill runs in processes of their own: more of them at a time, or elsewhere."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# So many characters of the end: the report of some failed tests.
SAID = 20_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many passed, how many did not, whether all is well, and what was said."""

    passed: int
    failed: int
    is_good: bool
    said: str


async def run_tests(
    folder: Path, *paths: str, workers: int = 2, marked: str = "not drill", **environment: str
) -> Outcome:
    """Run tests, by default two at a time, with their files below `folder`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "--no-cov", "-q", "-n", str(workers), "-m", marked),
        *("-p", "no:cacheprovider", "--show-capture=no", f"--basetemp={folder / 'tests'}", *paths),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    said = output.decode()
    passed, failed = (
        sum(
            int(count)
            for count in re.findall(rf"(\d+) {outcome}", said.rstrip().rpartition("\n")[2])
        )
        for outcome in ("passed", "(?:failed|errors?)")
    )
    return Outcome(passed, failed, process.returncode == 0, said[-SAID:])
