"""Count what the policy refuses to clients, after the response was sent."""

import structlog
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.background import BackgroundTask

from app.database.transactions import transact
from app.sessions.commands.refused_repository import RefusedAttempt, count_attempt
from app.sessions.errors import AttemptRefusedError
from app.web.problems.handlers import on_domain_error

log = structlog.get_logger()


async def on_attempt_refused(request: Request, error: Exception) -> Response:
    """Respond to a refused attempt as to any refusal, and count it."""
    assert isinstance(error, AttemptRefusedError)  # noqa: S101 - registered for it
    record, refusal = error.record, error.decision.refusal
    assert refusal is not None  # noqa: S101 - it is refused
    attempt = RefusedAttempt(
        record.practice_id,
        error.now.astimezone(record.practitioner_zone).date(),
        error.decision.action,
        refusal.code,
        record.practitioner_id,
        record.service_id,
    )
    answer = await on_domain_error(request, error)
    # The command's transaction is rolled back, and the client does not wait for this one.
    answer.background = BackgroundTask(_count, request.app.state.engine, attempt)
    return answer


async def _count(engine: AsyncEngine, attempt: RefusedAttempt) -> None:
    try:
        await transact(engine, lambda db: count_attempt(db, attempt))
    except Exception as error:  # noqa: BLE001 - a count that is lost harms nobody
        log.warning("refusal_not_counted", error=type(error).__name__)
