"""Drill 9: every operation is called with input that its description allows, and with other input.

No input may cause a defect, or a response that is not in the description.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from schemathesis import Case

from tests.described import description
from tests.drills.calling import DRAWN_MEANWHILE, SETTINGS, described, send
from tests.drills.report import Row
from tests.drills.subrun import run_tests
from tests.drills.target import Target

pytestmark = pytest.mark.filterwarnings(DRAWN_MEANWHILE)
BRIEFLY = described(to_the_edges=False)


@pytest.mark.brief
@BRIEFLY.parametrize()
@settings(SETTINGS, max_examples=5)
def test_no_operation_is_at_a_loss(case: Case[Any], target: Target) -> None:
    send(case, target)


@pytest.mark.drill
async def test_no_operation_is_at_a_loss_at_length(
    tmp_path: Path, tell: Callable[[Row], None]
) -> None:
    ran = await run_tests(tmp_path, "tests/drills/at_length.py")
    operations = sum(
        "responses" in found for path in description()["paths"].values() for found in path.values()
    )
    load = f"{ran.passed + ran.failed} operations, 200 examples and all limits of each"
    tell(Row("schemathesis", load, "malformed input", ran.passed, ran.failed, 0))
    assert ran.is_good, ran.said
    assert ran.passed == operations
