"""Present the links of a session to staff."""

from datetime import UTC, datetime, timedelta

from app.configuration.settings import Settings
from app.identity.tokens.link import link_url
from app.links.commands import SignedLink
from app.links.schemas import IssuedLinkView, RevokedLinksView


def present_link(signed: SignedLink, settings: Settings) -> IssuedLinkView:
    """Present a link with its expiry (UTC)."""
    ends = signed.session_ends_at + timedelta(days=settings.link_days)
    return IssuedLinkView(
        url=link_url(settings.portal_url, signed.token),
        token=signed.token,
        good_until=ends.astimezone(UTC),
    )


def present_revocation(instant: datetime) -> RevokedLinksView:
    """Present the instant (UTC) of the revocation."""
    return RevokedLinksView(revoked_at=instant.astimezone(UTC))
