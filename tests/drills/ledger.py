"""What clients sent and what they were told: the other side of what the database says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from statistics import median

# While one of these is the answer, nothing is settled: a good client asks again.
IN_USE = "idempotency-key-in-use"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, or that nothing did (`status` None; `error` says how).

    `sent_at` is what `time.perf_counter` gave; `code` a problem's.
    """

    sent_at: float
    seconds: float
    status: int | None
    body: bytes = b""
    etag: str | None = None
    code: str | None = None
    replayed: bool = False
    retry_after: str | None = None
    error: str | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether the client was told that it is done."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def settles(self) -> bool:
        """Tell whether the client knows the outcome of the command."""
        return self.status not in {None, 503} and self.code != IN_USE


@dataclass(slots=True)
class Entry:
    """One command, sent until it was settled. `scope` is whose key it is."""

    kind: str
    scope: str
    key: str
    path: str
    body: bytes
    answers: list[Answer] = field(default_factory=list)

    @property
    def note(self) -> str | None:
        """Give the reason's note, by which the change is found that the command made."""
        note: str | None = json.loads(self.body).get("reason", {}).get("note")
        return note

    @property
    def good(self) -> list[Answer]:
        """List the answers that said it is done."""
        return [answer for answer in self.answers if answer.is_good]

    @property
    def is_refused(self) -> bool:
        """Tell whether the client was told that it is not done, and never that it is."""
        return not self.good and any(answer.settles for answer in self.answers)


@dataclass(slots=True)
class Ledger:
    """All that was sent."""

    entries: list[Entry] = field(default_factory=list)
    reads: list[Answer] = field(default_factory=list)

    def answers(self) -> Iterator[Answer]:
        """Give everything that came back, or did not."""
        yield from self.reads
        for entry in self.entries:
            yield from entry.answers

    @property
    def acknowledged(self) -> int:
        """Count the commands that a client was told are done."""
        return sum(bool(entry.good) for entry in self.entries)

    @property
    def worst(self) -> float:
        """Give the longest that an answer took, in seconds."""
        return max(answer.seconds for answer in self.answers() if answer.status is not None)

    def first_success(self, down: float, up: float) -> float:
        """Say how long after `up` somebody, asking since `down`, was first told that it is done.

        Infinite where nobody was.
        """
        done = (answer for entry in self.entries for answer in entry.good if answer.sent_at > down)
        ends = (answer.sent_at + answer.seconds - up for answer in done)
        return min((seconds for seconds in ends if seconds > 0), default=inf)

    @property
    def ordinary(self) -> float:
        """Give what it ordinarily takes to do something, in seconds: long on a busy machine."""
        return median(answer.seconds for entry in self.entries for answer in entry.good)

    def check_outage(self, down: float, up: float) -> None:
        """Make sure that meanwhile people were told to come back a little later, and never else.

        Nobody is cut off without an answer, at no time.
        """
        answers = list(self.answers())
        assert not [answer.error for answer in answers if answer.status is None]
        assert not [answer.code for answer in answers if answer.status == 500]
        late = [answer for answer in answers if answer.status == 503]
        assert {answer.retry_after for answer in late} == {"2"}
        assert any(down <= answer.sent_at <= up for answer in late)
