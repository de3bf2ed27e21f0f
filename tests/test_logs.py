"""The log of a server, in a separate process: pytest changes the logging of its own process."""

import json
import subprocess
import sys
from typing import Any

import pytest

LOGGING = """
import logging, structlog
from app.observability.logs import configure_logs
from app.configuration.settings import Settings
configure_logs(Settings(_env_file=None))
structlog.get_logger().info('tried', route='/v1/me')
logging.getLogger('somebodys.package').warning('worn out')
logging.getLogger('uvicorn.access').warning('GET /?cursor=secret')
def fail():
    raise ConnectionError('ana@client.example')
try:
    fail()
except ConnectionError:
    logging.getLogger('somebodys.package').exception('it has failed')
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """Run Python code with a server's logging and return the lines that it writes."""
    command = [sys.executable, "-c", LOGGING]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_log_line_is_json_with_time_and_level(lines: list[dict[str, Any]]) -> None:
    line = lines[0]
    assert (line["event"], line["route"], line["level"]) == ("tried", "/v1/me", "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_format(lines: list[dict[str, Any]]) -> None:
    line = lines[1]
    assert (line["event"], line["level"]) == ("worn out", "warning")


def test_an_exception_that_a_library_logs_is_named_with_its_frames(
    lines: list[dict[str, Any]],
) -> None:
    """Its text may contain personal data."""
    line = lines[2]
    assert (line["event"], line["error"]) == ("it has failed", "ConnectionError")
    assert [frame.partition(" ")[0] for frame in line["way"]] == ["<module>", "fail"]
    assert "exc_info" not in line
    assert "ana@client.example" not in str(line)


def test_the_servers_own_access_log_is_silent(lines: list[dict[str, Any]]) -> None:
    assert len(lines) == 3, "the statement of the access log writes no line"
