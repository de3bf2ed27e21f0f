"""nginx in front of the service, with the configuration of docs/how-to/nginx.md."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.ports import free_port

# Debian's package installs it in a folder that is only in root's PATH.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "nginx.md"
START_SECONDS = 10
POLL_SECONDS = 0.05

_MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{ours}
}}
"""


def documented_configuration(service_port: int, port: int, folder: Path) -> str:
    """Read the page's configuration.

    Only the ports and the folder of the logs differ, and there is no TLS on loopback.
    """
    given: str
    (given,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for pattern, instead in (
        (r"server 127\.0\.0\.1:8000;", f"server 127.0.0.1:{service_port};"),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"access_log /var/log/nginx/", f"access_log {folder}/"),
        (r"error_log /var/log/nginx/", f"error_log {folder}/"),
        (r"ssl_certificate .*;", ""),
        (r"ssl_certificate_key .*;", ""),
    ):
        given, count = re.subn(pattern, instead, given)
        assert count == 1, pattern
    return given


@asynccontextmanager
async def proxy(service_port: int, folder: Path) -> AsyncIterator[int]:
    """Run nginx in front of the service, and give its port."""
    assert NGINX is not None
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(
        _MAIN.format(folder=folder, ours=documented_configuration(service_port, port, folder))
    )
    log = str(folder / "nginx.log")
    process = await asyncio.create_subprocess_exec(NGINX, "-c", str(file), "-e", log)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await _answers(port):
                assert process.returncode is None, (folder / "nginx.log").read_text()
                await asyncio.sleep(POLL_SECONDS)
        yield port
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def redirecting_port(folder: Path) -> int:
    """Give the port that stands for port 80 in the proxy that runs in a folder."""
    first, _ = re.findall(r"listen 127\.0\.0\.1:(\d+);", (folder / "nginx.conf").read_text())
    return int(first)


async def _answers(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await writer.wait_closed()
        return True
    return False
