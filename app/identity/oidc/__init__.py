"""Clients use the access tokens of their practice's own sign-in (OpenID Connect)."""
