"""Presents the practice's own sign-in to staff."""

from dataclasses import asdict

from app.identity.oidc.records import Provider
from app.identity.oidc.schemas import SignInProviderView


def present_provider(provider: Provider) -> SignInProviderView:
    """Present the practice's own sign-in."""
    return SignInProviderView(**asdict(provider))
