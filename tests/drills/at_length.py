"""Drill 9, long form: 200 generated calls of each operation, and each limit in its description.

pytest does not collect this file: `test_schemathesis.py` runs it, two processes at a time.
"""

from typing import Any

import pytest
from hypothesis import settings
from schemathesis import Case

from tests.drills.calling import DRAWN_MEANWHILE, SETTINGS, described, send
from tests.drills.target import Target

pytestmark = pytest.mark.filterwarnings(DRAWN_MEANWHILE)
EXAMPLES = 200
AT_LENGTH = described(to_the_edges=True)


@AT_LENGTH.parametrize()
@settings(SETTINGS, max_examples=EXAMPLES)
def test_no_operation_is_at_a_loss_at_length(case: Case[Any], target: Target) -> None:
    send(case, target)
