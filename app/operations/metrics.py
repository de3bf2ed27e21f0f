"""`/metrics` for Prometheus."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client.exposition import choose_encoder

from app.domain.errors import NotFoundError, UnauthorizedError
from app.observability.metrics.counts import registry_to_scrape
from app.observability.metrics.queries import read_outbox
from app.web.app_settings import AppSettings
from app.web.dependencies import Now, ReadEngine

router = APIRouter(include_in_schema=False)


async def _operator(
    settings: AppSettings,
    credentials: Annotated[
        HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
    ],
) -> None:
    """Check METRICS_TOKEN: 404 if it is not set, 401 if the request has another token."""
    if settings.metrics_token is None:
        raise NotFoundError
    given = "" if credentials is None else credentials.credentials
    wanted = settings.metrics_token.get_secret_value()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise UnauthorizedError


@router.get("/metrics", dependencies=[Depends(_operator)])
async def get_metrics(
    engine: ReadEngine, now: Now, accept: Annotated[str, Header()] = ""
) -> Response:
    """Return all metrics, in the format that `Accept` asks for."""
    registry = registry_to_scrape()
    registry.register(await read_outbox(engine, now))
    encode, content_type = choose_encoder(accept)
    return Response(
        encode(registry), headers={"Cache-Control": "no-store"}, media_type=content_type
    )
