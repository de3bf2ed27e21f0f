"""Domain errors have the data that a caller needs, and a code that is part of the contract."""

from datetime import timedelta

from app.domain.availability import Slot
from app.domain.errors import DomainError, Explanation, InvalidInputError
from app.domain.policy.decide import decide
from app.domain.policy.rules import FREE_UNTIL_THE_START, Action
from app.domain.refusals import ActionRefusedError, SlotUnavailableError
from tests.domain.builders import LONDON, at, session


def test_every_error_has_its_own_code() -> None:
    codes = [
        error.__dict__["code"]
        for error in DomainError.__subclasses__()
        if error.__module__.startswith("app.domain.")
    ]
    assert len(codes) == len(set(codes))


def test_an_invalid_input_points_at_the_field() -> None:
    error = InvalidInputError("/reason/note", "field.years", first=1970, last=2200)
    assert error.pointer == "/reason/note"
    assert error.explanation == Explanation("field.years", {"first": 1970, "last": 2200})
    assert str(error) == "field.years"
    assert error.where == "body"


def test_a_refused_action_carries_the_decision() -> None:
    started = at("2026-06-10T15:00Z")
    refused = decide(FREE_UNTIL_THE_START, Action.CANCEL, session(), started)
    error = ActionRefusedError(refused, LONDON)
    assert error.decision is refused
    assert error.zone is LONDON


def test_a_slot_that_is_taken_has_alternatives() -> None:
    slots = [Slot(0, None)]
    error = SlotUnavailableError(slots, timedelta(minutes=50), LONDON)
    assert error.alternatives == slots
    assert error.duration == timedelta(minutes=50)
    assert error.zone is LONDON
