"""The drills' evaluation of responses and of received mails."""

from math import inf

import pytest

from tests.drills.ledger import Answer, Entry, Ledger
from tests.drills.outbox import Delivery, compare

DOWN, UP = 10.0, 13.0
LATE = Answer(11, 0.1, 503, code="service-unavailable", retry_after="2")


def told(*answers: Answer) -> Ledger:
    return Ledger([Entry("cancelled", "client:1", "key", "/path", b"{}", list(answers))])


def test_the_first_success_is_counted_from_when_the_database_was_up() -> None:
    before, during, after = Answer(5, 9, 200), Answer(12, 1.5, 201), Answer(14, 1, 200)
    assert told(before, LATE, after, during).first_success(DOWN, UP) == 0.5
    assert told(before, LATE).first_success(DOWN, UP) == inf
    assert told(before, LATE, after, during).ordinary == 1.5


def test_an_outage_with_a_503_for_every_request_is_accepted() -> None:
    told(LATE, Answer(14, 1, 200), Answer(9, 0.1, 409, code="slot-unavailable")).check_outage(
        DOWN, UP
    )


@pytest.mark.parametrize(
    "answers",
    [
        [LATE, Answer(12, 1, None, error="ReadError")],
        [LATE, Answer(12, 1, 500, code="internal-error")],
        [LATE, Answer(12, 1, 503, code="service-unavailable")],
        [Answer(14, 1, 503, code="service-unavailable", retry_after="2")],
        [Answer(12, 1, 200)],
    ],
    ids=["cut off", "a defect", "no Retry-After", "only later", "nothing noticed"],
)
def test_any_other_outage_is_not(answers: list[Answer]) -> None:
    with pytest.raises(AssertionError):
        told(*answers).check_outage(DOWN, UP)


def test_received_mails_are_compared_with_sent_ones() -> None:
    status_of = {"a": "sent", "b": "sent", "c": "pending", "d": "sent"}
    assert compare(status_of, ["a", "a", "x", "d"]) == Delivery(
        arrived=3, lost=["b"], made_up=["x"], unsettled=["c"], copies=1
    )


def test_a_command_is_settled_by_a_definite_response() -> None:
    in_use = Answer(0, 0, 409, code="idempotency-key-in-use")
    refused = Answer(0, 0, 409, code="slot-unavailable")
    cut = Answer(0, 0, None, error="ReadError")
    assert [answer.settles for answer in (LATE, in_use, cut, refused)] == [False] * 3 + [True]
    (entry,) = told(cut, in_use, LATE).entries
    assert not entry.is_refused
    entry.answers.append(refused)
    assert entry.is_refused
    entry.answers.append(Answer(0, 0, 200))
    assert not entry.is_refused
