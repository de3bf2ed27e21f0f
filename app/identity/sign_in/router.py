"""`/v1/auth`: sign-in, refresh and sign-out of clients."""

from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter, Depends, Request, Response
from limits import RateLimitItem

from app.database.transactions import transact
from app.identity.client_dependencies import AccessSigner, ClientCaller, SignInSigner
from app.identity.sign_in.commands import (
    or_unauthorized,
    refresh,
    sign_in,
    sign_out,
    sign_out_everywhere,
)
from app.identity.sign_in.presenter import present_tokens
from app.identity.sign_in.rate_limits import ASKING, EXCHANGING, SourceLimits
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.identity.sign_in.schemas import (
    ExchangeRequest,
    RefreshRequest,
    SignInLinkAnswer,
    SignInLinkRequest,
    Tokens,
)
from app.web.app_settings import AppSettings
from app.web.dependencies import Engine, Now, Origin, ReaderTexts
from app.web.problems.catalogue import responses
from app.web.responses import json_answer, no_content

_BODY_PROBLEMS = (
    "validation-failed",
    "payload-too-large",
    "unsupported-media-type",
    "service-unavailable",
)

router = APIRouter(prefix="/v1/auth", tags=["Sign-in"])


async def _take(item: RateLimitItem, request: Request, origin: Origin) -> None:
    limits: SourceLimits = request.app.state.source_limits
    await limits.take(item, origin)


async def _asking(request: Request, origin: Origin) -> None:
    await _take(ASKING, request, origin)


async def _exchanging(request: Request, origin: Origin) -> None:
    await _take(EXCHANGING, request, origin)


@router.post(
    "/sign-in-links",
    summary="Request a sign-in link by email",
    status_code=HTTPStatus.ACCEPTED,
    response_model=SignInLinkAnswer,
    responses=responses("rate-limited", *_BODY_PROBLEMS),
    dependencies=[Depends(_asking)],
)
async def request_sign_in_link(
    body: SignInLinkRequest, now: Now, settings: AppSettings, engine: Engine, texts: ReaderTexts
) -> Response:
    """Email a sign-in link to this address, if a client has the address.

    The answer and the work done are the same for a known and an unknown address. The link arrives
    within seconds and works once, within ten minutes; its token follows `#sign-in=`. If several
    clients or practices have the address, one mail contains a link for each. After 5 requests for
    one address in 15 minutes the answer stays the same and no mail is sent. After 20 requests from
    one network address in 5 minutes the answer is `rate-limited`.
    """
    address_hash = hash_address(settings.keys, body.email)
    await transact(
        engine,
        lambda db: ask_for_link(db, address=body.email, address_hash=address_hash, now=now),
    )
    answer = SignInLinkAnswer(message=texts("sign-in.asked"))
    return json_answer(answer, status=HTTPStatus.ACCEPTED, texts=texts)


@router.post(
    "/tokens",
    summary="Sign in with an emailed link",
    response_model=Tokens,
    responses=responses("link-invalid", "link-expired", "rate-limited", *_BODY_PROBLEMS),
    dependencies=[Depends(_exchanging)],
)
async def create_tokens(
    body: ExchangeRequest,
    now: Now,
    settings: AppSettings,
    engine: Engine,
    access: AccessSigner,
    tokens: SignInSigner,
) -> Response:
    """Exchange the token of a sign-in link, once, for an access token and a refresh token.

    Mail scanners open links and run scripts: call this when a person presses a button, not when
    the page loads. A token that is wrong, used, or revoked by a sign-out everywhere gets
    `link-invalid`; an expired one gets `link-expired`. If the answer is lost, request a new link.
    After 60 exchanges and refreshes from one network address in 5 minutes the answer is
    `rate-limited`.
    """
    link = tokens.read_link(body.token)
    signed_in = await transact(
        engine, lambda db: sign_in(db, link, lifetime=settings.sign_in_lifetime, now=now)
    )
    lifetime = timedelta(minutes=settings.access_token_minutes)
    return json_answer(present_tokens(signed_in, access, tokens, lifetime, now))


@router.post(
    "/refresh",
    summary="Stay signed in",
    response_model=Tokens,
    responses=responses("unauthorized", "rate-limited", *_BODY_PROBLEMS),
    dependencies=[Depends(_exchanging)],
)
async def refresh_tokens(
    body: RefreshRequest,
    now: Now,
    settings: AppSettings,
    engine: Engine,
    access: AccessSigner,
    tokens: SignInSigner,
) -> Response:
    """Exchange the latest refresh token for a new access token and a new refresh token.

    Store the new refresh token and delete the old one. The old one is accepted for 30 more
    seconds, in case the answer was lost, and gets the same new refresh token. After that, using an
    old token ends the sign-in, because the token may be stolen. The client has to sign in by email
    again at `refresh_expires_at`, which a refresh does not extend, and after an `unauthorized`
    answer from this operation.
    """
    token = tokens.read_refresh(body.refresh_token)
    signed_in = or_unauthorized(await transact(engine, lambda db: refresh(db, token, now=now)))
    lifetime = timedelta(minutes=settings.access_token_minutes)
    return json_answer(present_tokens(signed_in, access, tokens, lifetime, now))


@router.post(
    "/sign-out",
    summary="Sign out on this device",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=responses(*_BODY_PROBLEMS),
)
async def sign_out_here(
    body: RefreshRequest, now: Now, engine: Engine, tokens: SignInSigner
) -> Response:
    """End the sign-in of this refresh token. An older refresh token of the sign-in works too.

    Delete the access token too: it is accepted until it expires. An unknown refresh token gets the
    same answer, because there is nothing to end.
    """
    token = tokens.read_refresh(body.refresh_token)
    await transact(engine, lambda db: sign_out(db, token, now=now))
    return no_content()


@router.post(
    "/sign-out-everywhere",
    summary="Sign out everywhere",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def sign_out_all(caller: ClientCaller, now: Now, engine: Engine) -> Response:
    """Revoke all access tokens, refresh tokens and sign-in links of the client at once.

    The links in emails about the client's sessions stay valid until staff revoke them.
    """
    await transact(engine, lambda db: sign_out_everywhere(db, caller, now=now))
    return no_content()
