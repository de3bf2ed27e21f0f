"""Dependencies that authenticate whoever answers a waiver, and the signer of waivers' links."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from app.domain.errors import LinkInvalidError, UnauthorizedError
from app.fees.waiver_access import WaiverCaller, confirm_waiver_caller
from app.identity.tokens.waiver import WaiverTokens
from app.web.dependencies import Engine, Now, Origin, Write
from app.web.request_headers import bearer_token, idempotency_key


async def _waiver_tokens(request: Request) -> WaiverTokens:
    tokens: WaiverTokens = request.app.state.waiver_tokens
    return tokens


WaiverSigner = Annotated[WaiverTokens, Depends(_waiver_tokens)]


class _WaiverToken(HTTPBearer):
    """Dependency that reads the token of a waiver's link from a request."""

    def __init__(self) -> None:
        super().__init__(
            auto_error=False,
            scheme_name="WaiverToken",
            description="The token of the link in an email that asks a practitioner to waive a "
            "fee. It answers this one question and nothing else.",
        )

    async def __call__(  # type: ignore[override] # more than a token
        self, request: Request, waivers: WaiverSigner, origin: Origin
    ) -> WaiverCaller:
        token = bearer_token(request)
        try:
            return WaiverCaller(waivers.read(token), origin)
        except LinkInvalidError:
            raise UnauthorizedError from None


ByWaiverLink = Annotated[WaiverCaller, Depends(_WaiverToken())]


async def _waiver_writing(
    request: Request,
    caller: ByWaiverLink,
    engine: Engine,
    now: Now,
    key: Annotated[str | None, Depends(idempotency_key)],
) -> Write:
    return Write(
        request,
        engine,
        now,
        key,
        practice_id=caller.practice_id,
        scope=caller.scope,
        confirm=lambda db: confirm_waiver_caller(db, caller),
    )


WaiverWriting = Annotated[Write, Depends(_waiver_writing)]
