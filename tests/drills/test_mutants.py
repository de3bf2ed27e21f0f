"""The wrong services of the drills replace what exists. This runs with the quick tests."""

import pytest

from tests.drills.test_costs import MUTANTS as OF_COSTS
from tests.drills.test_model_mutants import MUTANTS, WAITING_MUTANTS


def test_what_a_wrong_service_replaces_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    of_model = [where for _, where, _ in (*MUTANTS, *WAITING_MUTANTS)]
    of_costs = [mutant.where for mutant in OF_COSTS]
    assert of_model
    assert of_costs
    for where in of_model + of_costs:
        monkeypatch.setattr(where, None)
