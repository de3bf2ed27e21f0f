"""Serves the files of `static/` at `/portal/`, with a strict Content-Security-Policy.

The page uses only the public API of its own origin. The policy forbids everything else: other
hosts, inline scripts and styles, framing, and submitting forms.
"""

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FILES = Path(__file__).parent / "static"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Revalidated at each use, so that after an upgrade no old script calls the new API.
    "Cache-Control": "no-cache",
}


class PortalFiles(StaticFiles):
    """Static files with the portal's headers; Starlette adds `ETag` and answers 304."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one request."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def add_portal(app: FastAPI) -> None:
    """Serve the portal from this application."""

    @app.get("/portal", include_in_schema=False)
    async def show_portal() -> RedirectResponse:
        # Relative, so that it works behind any proxy. Browsers keep the fragment with the token.
        return RedirectResponse("portal/")

    app.mount("/portal", PortalFiles(directory=FILES, html=True), name="portal")
