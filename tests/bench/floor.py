"""The floor that reads are measured against: one indexed row through FastAPI and a raw pool."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, Request

DATABASE = "FLOOR_DATABASE"
PORT = "FLOOR_PORT"
POOL = 10  # as many as the service has by default
WORKERS = 2

_ROW = """
SELECT id, status, version, starts_at, ends_at FROM sessions WHERE practice_id = $1 AND id = $2
"""


def create_floor() -> FastAPI:
    """Put the bare application together, for a server process, from the environment."""
    app = FastAPI(lifespan=_lifespan)

    @app.get("/practices/{practice_id}/sessions/{session_id}")
    async def read_row(practice_id: UUID, session_id: UUID, request: Request) -> dict[str, Any]:
        return dict(await request.app.state.pool.fetchrow(_ROW, practice_id, session_id))

    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    url = os.environ[DATABASE]
    async with asyncpg.create_pool(url, min_size=POOL, max_size=POOL) as app.state.pool:
        yield


if __name__ == "__main__":
    uvicorn.run(
        "tests.bench.floor:create_floor",
        factory=True,
        host="127.0.0.1",
        port=int(os.environ[PORT]),
        workers=WORKERS,
        log_config=None,
        access_log=False,
        server_header=False,
    )
