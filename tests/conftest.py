"""The plugin that loads all others. The conftest of a folder has only what that folder needs."""

pytest_plugins = ("tests.fixtures.run",)
