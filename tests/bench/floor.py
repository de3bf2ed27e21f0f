"""The floor that the service is compared with: the same HTTP server and driver, nothing else.

For reads, FastAPI returns one indexed row through a raw asyncpg pool. For commands, a handler runs
the recorded statements of a command in one transaction of that pool.
"""

import os
import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from tests.bench.recording import Recording, Target

DATABASE = "FLOOR_DATABASE"
PORT = "FLOOR_PORT"
RECORDINGS = "FLOOR_RECORDINGS"
POOL = 10  # as many as the service has by default
WORKERS = 2

_ROW = """
SELECT id, status, version, starts_at, ends_at FROM sessions WHERE practice_id = $1 AND id = $2
"""


class Wanted(BaseModel):
    """The target of the recorded statements."""

    session_id: UUID
    client_id: UUID
    practitioner_id: UUID
    key: str
    base: datetime


def create_floor() -> FastAPI:
    """Create the bare application for a server process, from the environment."""
    app = FastAPI(lifespan=_lifespan)
    app.state.recordings = _recordings()

    @app.get("/practices/{practice_id}/sessions/{session_id}")
    async def read_row(practice_id: UUID, session_id: UUID, request: Request) -> dict[str, Any]:
        return dict(await request.app.state.pool.fetchrow(_ROW, practice_id, session_id))

    @app.post("/recordings/{name}")
    async def run_again(name: str, wanted: Wanted, request: Request) -> Response:
        recording: Recording = request.app.state.recordings[name]
        statements = recording.for_other(Target(**wanted.model_dump()))
        async with request.app.state.pool.acquire() as db, db.transaction():
            for statement in statements:
                if statement.many:
                    await db.executemany(statement.text, statement.parameters)
                else:
                    await db.fetch(statement.text, *statement.parameters)
        return Response(recording.body, media_type="application/json")

    return app


def _recordings() -> dict[str, Recording]:
    made: dict[str, Recording] = pickle.loads(Path(os.environ[RECORDINGS]).read_bytes())  # noqa: S301 - the benches' own
    return made


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        os.environ[DATABASE],
        min_size=POOL,
        max_size=POOL,
        # The same setting as in the service, so that statements are planned in the same way.
        server_settings={"plan_cache_mode": "force_generic_plan"},
    ) as app.state.pool:
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
        timeout_worker_healthcheck=60,
    )
