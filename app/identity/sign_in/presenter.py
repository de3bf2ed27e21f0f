"""Presents a sign-in as an access token and a refresh token."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.identity.presenter import present_client, present_practice
from app.identity.sign_in.commands import SignedIn
from app.identity.sign_in.schemas import Tokens
from app.identity.tokens.access import AccessTokens
from app.identity.tokens.sign_in import SignInTokens


def present_tokens(
    signed_in: SignedIn,
    access: AccessTokens,
    refresh: SignInTokens,
    lifetime: timedelta,
    now: datetime,
) -> Tokens:
    """Sign the tokens. The access token lasts `lifetime`, or until the sign-in ends if sooner."""
    until = min(now + lifetime, signed_in.expires_at)
    zone = ZoneInfo(signed_in.record.time_zone)
    return Tokens(
        access_token=access.sign(signed_in.caller, until),
        token_type="Bearer",  # noqa: S106 - the name of a scheme
        expires_in=int((until - now).total_seconds()),
        refresh_token=refresh.sign_refresh(signed_in.refresh_token),
        refresh_expires_at=signed_in.expires_at.astimezone(zone),
        client=present_client(signed_in.record),
        practice=present_practice(signed_in.record.practice),
    )
