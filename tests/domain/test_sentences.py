"""What is said of bounds of moves. All sentences over HTTP: tests/api/practice/test_proof.py."""

from dataclasses import replace

import pytest

from app.domain.policy.rules import Policy, RescheduleRule, WithinDays, WithinIsoWeek
from app.domain.policy.sentences import Sentence, sentences


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            RescheduleRule(free_if_within=WithinDays(7)),
            [Sentence("rules.free-within-days", {"count": 7}, 7)],
        ),
        (RescheduleRule(free_if_within=WithinIsoWeek()), [Sentence("rules.free-within-week")]),
        (
            RescheduleRule(limit=2, max_days_from_original=30),
            [
                Sentence("rules.limit", {"count": 2}, 2),
                Sentence("rules.max-days", {"count": 30}, 30),
            ],
        ),
    ],
)
def test_bounds_are_said_only_where_clients_may_move_their_sessions(
    rule: RescheduleRule, said: list[Sentence]
) -> None:
    everything = sentences(Policy(reschedule=rule))
    assert [one for one in everything if one in said] == said
    never = sentences(Policy(reschedule=replace(rule, enabled=False)))
    assert Sentence("rules.reschedule.never") in never
    assert not any(one in said for one in never)
