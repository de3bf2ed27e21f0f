"""What reaches the log of a server, in a process of its own: pytest has its hands in ours."""

import json
import subprocess
import sys
from typing import Any

PREPARE = """
import logging, structlog
from app.observability.logs import configure_logs
from app.configuration.settings import Settings
configure_logs(Settings(_env_file=None))
"""


def logged(statement: str) -> list[dict[str, Any]]:
    """Run a statement as a server would, and give the lines that it logs."""
    command = [sys.executable, "-c", PREPARE + statement]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_log_line_is_json_with_time_and_level() -> None:
    (line,) = logged("structlog.get_logger().info('tried', route='/v1/me')")
    assert (line["event"], line["route"], line["level"]) == ("tried", "/v1/me", "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_log_in_the_same_format() -> None:
    (line,) = logged("logging.getLogger('somebodys.package').warning('worn out')")
    assert (line["event"], line["level"]) == ("worn out", "warning")


def test_the_servers_own_access_log_is_silent() -> None:
    assert not logged("logging.getLogger('uvicorn.access').warning('GET /?cursor=secret')")
