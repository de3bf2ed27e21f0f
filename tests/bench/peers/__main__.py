"""`python -m tests.bench.peers`: only the lines of `make bench` that compare with a peer."""

from collections.abc import AsyncIterator
from pathlib import Path

from app.database.embedded import EmbeddedServer
from tests.bench.peers.beside import beside_peer
from tests.bench.stage import print_all, small_stage
from tests.bench.verdict import Verdict


async def _show(server: EmbeddedServer, folder: Path) -> AsyncIterator[Verdict | str]:
    async with small_stage(server, folder) as staged:
        async for line in beside_peer(staged):
            yield line


if __name__ == "__main__":
    print_all(_show)
