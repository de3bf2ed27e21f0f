"""Which sessions of a series a command covers, where they fit, and when their quote counts."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.domain.availability import BusySession, Calendar, CurrentMeeting, SlotRules, SlotSearch
from app.domain.errors import QuoteInvalidError, QuoteStaleError
from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.placing import Conflict, Wanted, find_conflicts, is_free, without
from app.domain.policy.costs import Cost, Promised
from app.domain.policy.rules import Action, Credit
from app.domain.quotes import QuoteLine, ScopeQuote, quoted_costs
from app.domain.scope import Stays, why_it_stays
from app.domain.session import Carried, Format, Status
from app.domain.zones import to_seconds
from app.identity.tokens.quote import Quotes
from app.web.types import MAX_QUOTE_LENGTH
from tests.domain.builders import HOUR, NEW_YORK, at, hours

NOW = at("2026-11-30T15:00Z")
RHYTHM = at("2026-12-03T15:00Z")
ONE, TWO = UUID(int=1), UUID(int=2)
RULES = SlotRules(
    duration=HOUR, buffer_before=0, buffer_after=600, step=1800, minimum_notice=0, horizon_days=60
)
FREE = Cost(None, None)
FEE = Cost(Money(4500, "USD"), Credit.KEPT, Carried(Money(12000, "USD"), forfeits_credit=True))
PROMISED = Promised(FEE, FEE)
# By the target of a move: both kinds are covered, or one of them.
BY_TARGET = [PROMISED, Promised(FEE, FREE), Promised(None, FREE), Promised(FEE, None)]


@pytest.mark.parametrize(
    ("status", "moved", "keep", "include_moved", "why"),
    [
        pytest.param(Status.BOOKED, 0, (), False, None, id="on-the-rhythm"),
        pytest.param(Status.BOOKED, 1, (), False, Stays.MOVED, id="moved-alone"),
        pytest.param(Status.BOOKED, 1, (), True, None, id="moved-and-taken-along"),
        pytest.param(Status.BOOKED, 0, (ONE,), True, Stays.KEPT, id="kept"),
        pytest.param(Status.CANCELLED, 0, (ONE,), True, Stays.CANCELLED, id="cancelled"),
        pytest.param(Status.FULFILLED, 0, (), True, Stays.FINISHED, id="fulfilled"),
        pytest.param(Status.NOSHOW, 0, (), True, Stays.FINISHED, id="missed"),
        pytest.param(Status.BOOKED, -72, (), True, Stays.FINISHED, id="starts-now"),
    ],
)
def test_why_a_session_stays(
    status: Status, moved: int, keep: tuple[UUID, ...], *, include_moved: bool, why: Stays | None
) -> None:
    starts_at = RHYTHM + timedelta(hours=moved)
    found = why_it_stays(
        ONE, status, starts_at, RHYTHM, now=NOW, keep=keep, include_moved=include_moved
    )
    assert found is why


def calendar(*taken: BusySession) -> Calendar:
    blocked = [Interval(time.start, time.end) for time in taken]
    return Calendar(
        hours(NEW_YORK, "09:00-17:00"),
        sessions=list(taken),
        blocked=blocked,
    )


def busy(text: str) -> BusySession:
    start = to_seconds(at(text))
    return BusySession(start, start + HOUR, 0, 600)


def wanted(text: str) -> Wanted:
    start = to_seconds(at(text))
    present = CurrentMeeting(start, Format.VIDEO, None)
    search = SlotSearch(Format.VIDEO, [None], present, may_move=True, may_change_format=False)
    return Wanted(start, Format.VIDEO, None, RULES, search)


def test_dates_that_are_free_take_their_time_from_those_that_follow() -> None:
    """The third begins within the buffer after the first."""
    dates = [wanted("2026-12-03T15:00Z"), wanted("2026-12-04T15:00Z"), wanted("2026-12-03T16:00Z")]
    conflicts = find_conflicts(calendar(), dates, is_free, to_seconds(NOW))
    assert [conflict.index for conflict in conflicts] == [2]
    assert [slot.start for slot in conflicts[0].alternatives] == [
        to_seconds(at(text))
        for text in ("2026-12-03T16:30Z", "2026-12-03T17:00Z", "2026-12-03T17:30Z")
    ]


def test_a_date_without_any_free_time_near_it_has_no_alternatives() -> None:
    taken = busy("2027-06-03T15:00Z")
    conflicts = find_conflicts(
        calendar(taken), [wanted("2027-06-03T15:00Z")], is_free, to_seconds(NOW)
    )
    assert conflicts == [Conflict(0, [])]


def test_the_own_times_of_moving_sessions_are_free_but_nothing_else() -> None:
    own, other = busy("2026-12-03T15:00Z"), busy("2026-12-03T17:00Z")
    left = without(calendar(own, other), [own, busy("2026-12-09T15:00Z")])
    assert left.sessions == [other]
    assert left.blocked == [Interval(other.start, other.end)]
    assert is_free(left, wanted("2026-12-03T15:00Z"))
    assert not is_free(left, wanted("2026-12-03T17:00Z"))


def quote(lines: dict[UUID, int]) -> ScopeQuote:
    return ScopeQuote(
        ONE,
        ONE,
        Action.CANCEL,
        NOW,
        {id_: QuoteLine(version, PROMISED) for id_, version in lines.items()},
    )


def costs(
    given: ScopeQuote | None,
    versions: dict[UUID, int],
    *,
    keep: tuple[UUID, ...] = (),
    late: int = 0,
) -> object:
    return quoted_costs(
        given,
        practice_id=ONE,
        session_id=ONE,
        versions=versions,
        keep=keep,
        action=Action.CANCEL,
        now=NOW + timedelta(microseconds=late),
    )


def test_a_quote_promises_a_cost_for_each_session_until_it_expires() -> None:
    given = quote({ONE: 1, TWO: 3})
    assert costs(given, {ONE: 1, TWO: 3}) == {ONE: PROMISED, TWO: PROMISED}
    assert costs(given, {ONE: 1, TWO: 3}, late=1) is None
    assert costs(None, {ONE: 1}) is None


def test_a_quoted_session_that_is_kept_does_not_count() -> None:
    assert costs(quote({ONE: 1, TWO: 3}), {ONE: 1}, keep=(TWO,)) == {ONE: PROMISED}


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param({ONE: 1, TWO: 4}, id="another-version"),
        pytest.param({ONE: 1}, id="fewer-sessions"),
    ],
)
def test_a_quote_for_other_sessions_or_versions_is_stale(versions: dict[UUID, int]) -> None:
    with pytest.raises(QuoteStaleError):
        costs(quote({ONE: 1, TWO: 3}), versions)
    with pytest.raises(QuoteStaleError):
        costs(quote({ONE: 1}), {ONE: 1, TWO: 3})


def test_a_quote_of_another_practice_is_invalid() -> None:
    given = ScopeQuote(TWO, ONE, Action.CANCEL, NOW, {})
    with pytest.raises(QuoteInvalidError):
        costs(given, {ONE: 1})


def test_a_signed_quote_over_a_hundred_sessions_is_read_as_it_was() -> None:
    quotes = Quotes(["k" * 32], timedelta(minutes=10))
    lines = {uuid4(): QuoteLine(number, BY_TARGET[number % 4]) for number in range(100)}
    given = ScopeQuote(ONE, TWO, Action.RESCHEDULE, NOW, lines)
    token = quotes.sign_scope(given)
    assert len(token) <= MAX_QUOTE_LENGTH
    assert quotes.read_scope(token) == given
    with pytest.raises(QuoteInvalidError):
        quotes.read(token)
    with pytest.raises(QuoteInvalidError):
        quotes.read_scope(token[:-1] + ("A" if token[-1] != "A" else "B"))
