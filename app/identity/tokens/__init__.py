"""Signed tokens: access, link, sign-in and quote."""
