"""`/healthz` and `/readyz`: for the machines that watch the service."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.database.migrations import wrong_schema
from app.domain.errors import UnavailableError
from app.web.dependencies import ReadEngine
from app.web.problems.catalogue import responses
from app.web.responses import json_answer

router = APIRouter(tags=["Operations"])


class Health(BaseModel):
    """All is well."""

    status: str = Field(examples=["ok"], description="Always `ok`: else there is no such answer.")


@router.get(
    "/healthz",
    summary="Tell whether the process runs",
    response_model=Health,
    responses=responses(),
)
async def get_health() -> Response:
    """Answer without looking at anything: a process that does not should be started anew."""
    return json_answer(Health(status="ok"))


@router.get(
    "/readyz",
    summary="Tell whether requests can be served",
    response_model=Health,
    responses=responses("service-unavailable"),
)
async def get_readiness(engine: ReadEngine) -> Response:
    """Make sure that the database can be reached and has the schema of this version."""
    wrong = await wrong_schema(engine)
    if wrong is not None:
        raise UnavailableError(wrong)
    return json_answer(Health(status="ok"))
