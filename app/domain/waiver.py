"""A client asks the practice to waive a fee: until when, and what the answer changes.

Source: product.md section 10, "Waiver".
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from typing_extensions import TypeAliasType

WaiverState = TypeAliasType(
    "WaiverState", Literal["asked", "granted", "declined", "lapsed", "void"]
)
ASK_WITHIN = timedelta(days=7)
ANSWER_WITHIN = timedelta(days=7)


def answer_by(asked_at: datetime) -> datetime:
    """Give the last instant at which the practice can answer."""
    return asked_at + ANSWER_WITHIN


class Question(NamedTuple):
    """What a client asks about a fee: when, until when it can be answered, and how it ended.

    `ended_at` None: it has not been answered.
    """

    state: WaiverState
    asked_at: datetime
    answer_by: datetime
    ended_at: datetime | None

    def has_lapsed(self, now: datetime) -> bool:
        """Tell whether nobody has answered until the last instant, which is still in time."""
        return self.state == "lapsed" or (self.state == "asked" and now > self.answer_by)

    def state_at(self, now: datetime) -> WaiverState:
        """Give the state at an instant, also if nobody has recorded yet that it has lapsed."""
        return "lapsed" if self.has_lapsed(now) else self.state

    def is_open(self, now: datetime) -> bool:
        """Tell whether the practice can still answer."""
        return self.state_at(now) == "asked"

    def ended_by(self, now: datetime) -> datetime | None:
        """Give when it ended; None: it is open."""
        return self.answer_by if self.has_lapsed(now) else self.ended_at


def ask_until(recorded_at: datetime, question: Question | None, now: datetime) -> datetime | None:
    """Give the last instant at which the client can ask about a fee that is due.

    None: it has passed, or they have asked already.
    """
    last = recorded_at + ASK_WITHIN
    return last if question is None and now <= last else None


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
