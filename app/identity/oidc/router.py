"""`/v1/practice/sign-in`: clients use the access tokens of the practice's own sign-in."""

from fastapi import APIRouter, Response

from app.domain.errors import NotFoundError
from app.identity.oidc.commands import check_issuer, remove_provider, set_provider
from app.identity.oidc.presenter import present_provider
from app.identity.oidc.queries import read_provider
from app.identity.oidc.schemas import SignInProviderBody, SignInProviderView
from app.identity.staff_dependencies import AdminWriting, StaffAdmin, StaffReader
from app.web.app_settings import AppSettings
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import answered, done, json_answer

router = APIRouter(prefix="/v1/practice/sign-in", tags=["Practice: access"])


@router.get(
    "",
    summary="Show the practice's own sign-in",
    response_model=SignInProviderView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_own_sign_in(staff: StaffReader, db: Reading) -> Response:
    """Show the practice's own sign-in. A 404: it has none, and clients sign in by emailed links."""
    found = await read_provider(db, staff.practice_id)
    if found is None:
        raise NotFoundError
    return json_answer(present_provider(found))


@router.put(
    "",
    summary="Set the practice's own sign-in",
    response_model=SignInProviderView,
    responses=responses(*WRITING_BY_STAFF, "issuer-taken"),
)
async def replace_own_sign_in(
    body: SignInProviderBody,
    staff: StaffAdmin,
    write: AdminWriting,
    settings: AppSettings,
    now: Now,
) -> Response:
    """Accept the access tokens of an OpenID Connect issuer in all calls of clients.

    Clients send them in place of Reslot's own tokens, as `Authorization: Bearer …`. A token needs a
    signature with RS256, ES256 or EdDSA, `iss` and `aud` as set here, `exp` and `iat`, and the
    claim that names the client. It is accepted until `exp`, and for 24 hours after `iat` at most;
    clocks may differ by 60 seconds. Every failure is the same 401.

    The issuer's keys are read when the first token arrives, over https from public addresses. They
    are kept for an hour; while the issuer cannot be reached, for 24 hours. An issuer and audience
    that another practice uses are `issuer-taken`: the operator can release them.
    """
    check_issuer(body.issuer, insecure=settings.sign_in_insecure_issuers)
    return await write(
        lambda db: set_provider(db, staff, body.provider(), now),
        lambda provider: answered(present_provider(provider)),
    )


@router.delete(
    "",
    summary="Remove the practice's own sign-in",
    status_code=204,
    responses=responses(*WRITING_BY_STAFF),
)
async def delete_own_sign_in(staff: StaffAdmin, write: AdminWriting, now: Now) -> Response:
    """Accept no more tokens of the issuer. Clients sign in by emailed links again."""
    return await write(
        lambda db: remove_provider(db, staff.practice_id, staff.actor, now),
        done,
    )
