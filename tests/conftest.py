"""The plugins that all tests use. A folder's own conftest has only what that folder needs."""

pytest_plugins = (
    "tests.fixtures.run",
    "tests.fixtures.database",
    "tests.fixtures.practice",
    "tests.fixtures.receivers",
    "tests.fixtures.command_line",
)
