"""The plugins that all tests use. The conftest of a folder has only what that folder needs."""

pytest_plugins = (
    "tests.fixtures.run",
    "tests.fixtures.database",
    "tests.fixtures.practice",
    "tests.fixtures.receivers",
    "tests.fixtures.command_line",
)
