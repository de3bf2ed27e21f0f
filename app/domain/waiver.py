"""A client asks the practice to waive a fee: until when, and what the answer changes.

Source: product.md section 10, "Waiver".
"""

from datetime import datetime, timedelta
from typing import Literal

from typing_extensions import TypeAliasType

WaiverState = TypeAliasType(
    "WaiverState", Literal["asked", "granted", "declined", "lapsed", "void"]
)
ASK_WITHIN = timedelta(days=7)
ANSWER_WITHIN = timedelta(days=7)


def may_ask(recorded_at: datetime, now: datetime) -> bool:
    """Tell whether it is early enough to ask about a fee. The exact instant is still in time."""
    return now <= recorded_at + ASK_WITHIN


def answer_by(asked_at: datetime) -> datetime:
    """Give the last instant at which the practice can answer."""
    return asked_at + ANSWER_WITHIN


def state_at(state: WaiverState, last: datetime, now: datetime) -> WaiverState:
    """Give the state at an instant: an unanswered question lapses after its `last` instant."""
    return "lapsed" if state == "asked" and now > last else state


def collect_after_asking(collect_after: datetime | None, now: datetime) -> datetime | None:
    """Give when a fee may be collected after its client asks about it at `now`.

    `collect_after` is the instant without the question. If it has passed, or if there is none
    because the fee can be collected at once, it stays: a question never takes it back.
    """
    if collect_after is None or collect_after < now:
        return collect_after
    return max(collect_after, answer_by(now))


def collect_after_answer(
    collect_after: datetime | None, otherwise: datetime | None, now: datetime
) -> datetime | None:
    """Give when a fee may be collected after the practice has refused to waive it at `now`.

    `otherwise` is the instant without the question; None: there was none. The fee waits for the
    latest of that and the answer, unless it did not wait any more.
    """
    if collect_after is None or collect_after < now:
        return collect_after
    return now if otherwise is None else max(otherwise, now)
