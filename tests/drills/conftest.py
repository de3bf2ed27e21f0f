"""Fixtures of the drills, and the table of their results."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.database.embedded import EmbeddedServer
from tests.drills.cluster import Cluster
from tests.drills.report import PROPERTY, Row, table
from tests.drills.target import Target, served_target


@pytest.fixture
def isolation() -> str:
    """A drill counts all rows of its database."""
    return "database"


@pytest.fixture
def cluster_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can enter; as root, PostgreSQL runs as another user."""
    # Not in pytest's folder: a concurrent run would remove other users' access to it.
    with TemporaryDirectory(prefix="reslot-drill-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
async def cluster(cluster_folder: Path) -> AsyncIterator[Cluster]:
    """Start the drill's own PostgreSQL."""
    made = await Cluster.create(cluster_folder / "primary")
    yield made
    await made.remove()


@pytest.fixture(scope="module")
def target(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Serve a practice with one record of each kind, for all operations in turn."""
    with served_target(server, tmp_path_factory.mktemp("target")) as found:
        yield found


# So failed assertions in that module show the difference too.
pytest.register_assert_rewrite(
    "tests.drills.story_checks", "tests.drills.story_end", "tests.drills.waiting_checks"
)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[Row], None]:
    """Add the drill's row to the table, before its assertions run."""

    def take(row: Row) -> None:
        record_property(PROPERTY, row.as_property())

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of the drills that ran."""
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
