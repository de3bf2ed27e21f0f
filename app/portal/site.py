"""Serves the portal at `/portal/`: the page, its few files, and the sources that they are made of.

The page uses only the public API of its own origin. The Content-Security-Policy forbids everything
else: other hosts, inline scripts and styles, framing, and submitting forms.
"""

from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.portal.bundle import Asset, Bundle, make_bundle
from app.web.languages import language_headers, texts_for

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
}
# Revalidated at each use, so that after an upgrade no old script calls the new API.
_REVALIDATED = {"Cache-Control": "no-cache"}
# The name of a file carries the hash of its content.
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@lru_cache(maxsize=1)
def bundle() -> Bundle:
    """Join the sources, once in a process."""
    return make_bundle(FILES)


class PortalFiles(StaticFiles):
    """The page, its files, and the sources as they are written."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer one request."""
        made, request = bundle(), Request(scope)
        if path in {"", ".", "index.html"}:
            return _page(made, request)
        if path in made.files:
            return _asset(made.files[path], request, _FOR_EVER)
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS | _REVALIDATED)
        return response


def _page(made: Bundle, request: Request) -> Response:
    """Answer with the page in the first language that the browser asks for and the page has."""
    language = texts_for(request.headers.get("accept-language", "")).language
    headers = _REVALIDATED | language_headers(language)
    return _asset(made.pages[language], request, headers)


def _asset(asset: Asset, request: Request, headers: dict[str, str]) -> Response:
    is_packed = "gzip" in request.headers.get("accept-encoding", "")
    etag = f'"{asset.digest}{"-gzip" if is_packed else ""}"'
    vary = ", ".join(filter(None, [headers.get("Vary"), "Accept-Encoding"]))
    sent = HEADERS | headers | {"ETag": etag, "Vary": vary}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=sent)
    if is_packed:
        sent["Content-Encoding"] = "gzip"
    content = asset.packed if is_packed else asset.content
    return Response(content, media_type=asset.media_type, headers=sent)


def add_portal(app: FastAPI) -> None:
    """Serve the portal from this application."""
    bundle()  # now, not while the first person waits

    @app.get("/portal", include_in_schema=False)
    async def show_portal() -> RedirectResponse:
        # Relative, so that it works behind any proxy. Browsers keep the fragment with the token.
        return RedirectResponse("portal/")

    app.mount("/portal", PortalFiles(directory=FILES), name="portal")
