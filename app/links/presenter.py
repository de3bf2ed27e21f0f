"""Shows the links of a session to staff."""

from datetime import UTC, datetime, timedelta

from app.configuration.settings import Settings
from app.identity.tokens.link import link_url
from app.links.commands import SignedLink
from app.links.schemas import IssuedLinkView, RevokedLinksView


def present_link(signed: SignedLink, settings: Settings) -> IssuedLinkView:
    """Show a link, and when it ends."""
    ends = signed.session_ends_at + timedelta(days=settings.link_days)
    return IssuedLinkView(
        url=link_url(settings.portal_url, signed.token),
        token=signed.token,
        good_until=ends.astimezone(UTC),
    )


def present_revocation(instant: datetime) -> RevokedLinksView:
    """Show from when on the links are dead."""
    return RevokedLinksView(revoked_at=instant.astimezone(UTC))
