"""When a freed time counts as filled again (product.md section 10, "Refill")."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from app.domain.intervals import Interval
from app.domain.refill import FreedTime, Standing, find_cover

MINUTE = 60
DAY = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = Interval(0, 60 * MINUTE)
ANA, BEN, EVA = uuid4(), uuid4(), uuid4()


def freed(
    client: UUID = ANA, at: int = 10, *, percent: int = 80, seats: int | None = None
) -> FreedTime:
    return FreedTime(uuid4(), client, HOUR, DAY + timedelta(minutes=at), percent, seats)


def standing(first: int, last: int, client: UUID = BEN, since: int = 30) -> Standing:
    time = Interval(first * MINUTE, last * MINUTE)
    return Standing(uuid4(), client, time, DAY + timedelta(minutes=since))


@pytest.mark.parametrize(("minutes", "fills"), [(60, True), (48, True), (47, False), (0, False)])
def test_the_share_counts_and_exactly_at_it_is_enough(minutes: int, fills: bool) -> None:  # noqa: FBT001
    one = standing(0, minutes)
    assert find_cover(freed(), [], [one], ()) == ([one.session_id] if fills else [])


def test_several_sessions_cover_it_together_and_an_overlap_counts_once() -> None:
    one, two = standing(-30, 30), standing(30, 90)
    assert set(find_cover(freed(), [], [one, two], ())) == {one.session_id, two.session_id}
    assert find_cover(freed(), [], [standing(0, 30), standing(0, 30)], ()) == []


def test_no_more_sessions_are_used_than_it_needs() -> None:
    whole, part = standing(0, 60), standing(0, 20)
    assert find_cover(freed(), [], [part, whole], ()) == [whole.session_id]


def test_sessions_of_the_same_client_do_not_count() -> None:
    assert find_cover(freed(), [], [standing(0, 60, client=ANA)], ()) == []


def test_one_session_covers_one_cancellation_the_latest_first() -> None:
    one = standing(0, 60, client=EVA)
    early, late = freed(ANA, 10), freed(BEN, 20)
    assert find_cover(early, [late], [one], ()) == []
    assert find_cover(late, [early], [one], ()) == [one.session_id]
    assert find_cover(early, [], [one], {one.session_id}) == []


def test_a_later_cancellation_that_cannot_be_covered_takes_nothing() -> None:
    """Ben's own session covers Ana's time, and not Ben's."""
    one = standing(0, 60, client=BEN)
    early, late = freed(ANA, 10), freed(BEN, 20)
    assert find_cover(late, [early], [one], ()) == []
    assert find_cover(early, [late], [one], ()) == [one.session_id]


def test_a_seat_is_filled_only_if_the_group_is_full() -> None:
    there, new = standing(0, 60, since=0), standing(0, 60, client=EVA)
    assert find_cover(freed(seats=3), [], [there, new], ()) == []
    assert find_cover(freed(seats=2), [], [there, new], ()) == [new.session_id]
    assert find_cover(freed(seats=1), [], [there], ()) == []


def test_each_seat_needs_a_new_one_of_its_own() -> None:
    new = standing(0, 60, client=EVA)
    early, late = freed(ANA, 10, seats=1), freed(BEN, 20, seats=1)
    assert find_cover(early, [late], [new], ()) == []
    assert find_cover(late, [early], [new], ()) == [new.session_id]


def test_a_seat_whose_group_is_elsewhere_is_never_filled_again_and_needs_nobody() -> None:
    new = standing(0, 60, client=EVA)
    lost = freed(BEN, 20, seats=1)._replace(is_lost=True)
    assert find_cover(lost, [], [new], ()) == []
    assert find_cover(freed(ANA, 10, seats=1), [lost], [new], ()) == [new.session_id]


def test_a_seat_that_was_there_before_does_not_count() -> None:
    there = standing(0, 60, since=9)
    assert find_cover(freed(seats=1), [], [there], ()) == []
    new = standing(0, 60, since=10)
    assert find_cover(freed(seats=1), [], [new], ()) == [new.session_id]
