import pytest

from tests.drills.traffic import Traffic

QUIET = [0.010] * 200


@pytest.mark.parametrize("busy", [[0.149] * 200, [0.010] * 197 + [0.4, 0.5, 9.0]])
def test_a_busy_machine_is_not_a_loss_of_pace(busy: list[float]) -> None:
    clients = Traffic(seconds={"quiet": QUIET, "mail down": busy})
    clients.keeps_its_pace()
    assert clients.worst == max(busy)


@pytest.mark.parametrize("busy", [[0.151] * 200, [0.010] * 197 + [0.5, 0.6, 9.0]])
def test_a_wait_for_another_client_is_a_loss_of_pace(busy: list[float]) -> None:
    clients = Traffic(seconds={"quiet": QUIET, "mail down": busy})
    with pytest.raises(AssertionError, match="quiet 10/10, mail down "):
        clients.keeps_its_pace()
