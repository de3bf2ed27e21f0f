"""`/healthz` and `/readyz`: liveness and readiness probes."""

import asyncio

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.database.bounds import PROBE_TIMEOUT_SECONDS
from app.database.migrations import schema_problem
from app.domain.errors import UnavailableError
from app.web.dependencies import ReadEngine
from app.web.problems.catalogue import responses
from app.web.responses import json_answer

router = APIRouter(tags=["Operations"])


class Health(BaseModel):
    """The result of a probe that succeeded."""

    status: str = Field(examples=["ok"], description="Always `ok`: a failure has another answer.")


@router.get(
    "/healthz",
    summary="Liveness probe",
    response_model=Health,
    responses=responses(),
)
async def get_health() -> Response:
    """Answer without any check. Restart a process that does not answer."""
    return json_answer(Health(status="ok"))


@router.get(
    "/readyz",
    summary="Readiness probe",
    response_model=Health,
    responses=responses("service-unavailable"),
)
async def get_readiness(engine: ReadEngine) -> Response:
    """Check that the database answers within 3 seconds and has the schema of this version."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_SECONDS):
            wrong = await schema_problem(engine)
    except TimeoutError:
        wrong = f"The database did not answer within {PROBE_TIMEOUT_SECONDS} seconds."
    if wrong is not None:
        raise UnavailableError(wrong)
    return json_answer(Health(status="ok"))
