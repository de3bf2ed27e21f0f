"""Whether a client can say that they are coming."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.confirmation import why_not_confirm
from app.domain.policy.decide import RefusalCode
from app.domain.session import Status
from tests.domain.builders import session

START = session().starts_at
TICK = timedelta(microseconds=1)


def test_until_the_start_a_client_can_say_so() -> None:
    assert why_not_confirm(session(), START - TICK, is_absent=False) is None
    started = why_not_confirm(session(), START, is_absent=True)
    assert started is RefusalCode.SESSION_STARTED


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FULFILLED, Status.NOSHOW])
def test_a_session_that_has_ended_is_not_confirmed(status: Status) -> None:
    ended = replace(session(), status=status)
    refused = why_not_confirm(ended, START - TICK, is_absent=False)
    assert refused is RefusalCode.SESSION_NOT_BOOKED


def test_who_has_said_that_they_cannot_come_does_not_confirm() -> None:
    refused = why_not_confirm(session(), START - TICK, is_absent=True)
    assert refused is RefusalCode.ABSENCE_ANNOUNCED
