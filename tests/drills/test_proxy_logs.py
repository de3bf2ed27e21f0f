"""What nginx logs, as docs/how-to/nginx.md configures it: no secret and no name."""

from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.drills.proxy import NGINX, proxy, redirecting_port
from tests.ports import free_port

CANARY = "Qzcanaryqz"
PATHS = (
    f"/feeds/{CANARY}.ics",
    f"/v1/practice/clients?name={CANARY}",
    f"/v1/sessions?cursor={CANARY}",
)

pytestmark = [
    pytest.mark.drill,
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package)"),
]


def _logs_in(folder: Path) -> str:
    return "".join(file.read_text() for file in folder.glob("*.log"))


async def test_neither_feeds_nor_queries_are_logged_while_the_service_is_down(
    tmp_path: Path,
) -> None:
    async with proxy(free_port(), tmp_path) as port, AsyncClient() as client:
        for path in PATHS:
            answer = await client.get(f"http://127.0.0.1:{port}{path}")
            assert answer.status_code == 502
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
    logged = _logs_in(tmp_path)
    assert '"GET /v1/practice/clients" 502' in logged
    assert CANARY not in logged


async def test_port_80_leads_to_https_and_logs_nothing(tmp_path: Path) -> None:
    async with proxy(free_port(), tmp_path), AsyncClient() as client:
        for path in PATHS:
            answer = await client.get(f"http://127.0.0.1:{redirecting_port(tmp_path)}{path}")
            assert answer.status_code == 308
            assert answer.headers["location"] == f"https://reslot.example{path}"
    logged = _logs_in(tmp_path)
    assert CANARY not in logged
