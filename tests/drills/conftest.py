"""What the drills stand on, and the table that they end with."""

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
    """A drill counts all that is in its database."""
    return "database"


@pytest.fixture
def cluster_folder() -> Iterator[Path]:
    """A folder that PostgreSQL can enter, which is another user where the tests run as root."""
    # Not in pytest's own folder, which another run that starts meanwhile closes to other users.
    with TemporaryDirectory(prefix="reslot-drill-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.fixture
async def cluster(cluster_folder: Path) -> AsyncIterator[Cluster]:
    """Start a PostgreSQL of the drill's own."""
    made = await Cluster.create(cluster_folder / "primary")
    yield made
    await made.remove()


@pytest.fixture(scope="module")
def target(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Serve a practice that has one of everything, for all operations in turn."""
    with served_target(server, tmp_path_factory.mktemp("target")) as found:
        yield found


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
