"""`python -m tests.bench.peers`: only the lines of `make bench` that compare with a peer."""

import tempfile
from pathlib import Path

import uvloop

from app.database.embedded import SERVICE, EmbeddedServer, embedded_server
from tests.bench.peers.beside import beside_peer
from tests.bench.stage import SMALL, make_database
from tests.bench.subjects import KEY
from tests.drills.service import Service

DATABASE = "bench_small"


async def show(server: EmbeddedServer, folder: Path) -> None:
    """Set everything up, measure, and print each result at once."""
    await make_database(server, DATABASE, SMALL)
    service = Service({"DATABASE_URL": server.url(SERVICE, DATABASE), "SECRET_KEYS": KEY}, folder)
    try:
        await service.start()
        async for line in beside_peer(server, DATABASE, service, folder):
            print(line, flush=True)  # noqa: T201 - that is what it is for
    finally:
        await service.stop()


def main() -> None:
    """Start a database server and run the measurements on it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with embedded_server(folder / "postgres") as server:
            uvloop.run(show(server, folder))


if __name__ == "__main__":
    main()
