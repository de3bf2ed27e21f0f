"""What the drills stand on, and the table that they end with."""

from collections.abc import Callable

import pytest

from tests.drills.report import PROPERTY, Row, table

# So that a comparison says there too what differs.
pytest.register_assert_rewrite("tests.drills.story_checks", "tests.drills.story_end")


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Take the drill's row of the table. It is told before it is judged."""

    def take(row: Row) -> None:
        record_property(PROPERTY, row.as_property())

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the drills that were run."""
    rows = [
        value
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == PROPERTY and report.when == "call"
    ]
    if rows:
        terminalreporter.section("drills")
        for line in table(rows):
            terminalreporter.write_line(line)
