"""`GET /problems/{code}` explains a code to a person."""

import html
import re

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.domain.errors import NotFoundError
from app.web.languages import language_headers
from app.web.problems.catalogue import CATALOGUE
from app.web.request_headers import texts_of

# The page loads nothing and has one inline style.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("/{code}")
async def explain_problem(code: str, request: Request) -> HTMLResponse:
    """Explain a problem code to a person, in their language."""
    kind = CATALOGUE.get(code)
    if kind is None:
        raise NotFoundError
    texts = texts_of(request)
    title, detail, explanation = kind.wording(texts)
    page = (
        f"<!doctype html><html lang={texts.language}><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{html.escape(title)}</title>"
        "<body style='font:1.1rem/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem'>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(detail)}</p>"
        f"<p><code>{html.escape(code)}</code>, HTTP {kind.status.value}</p>"
        f"<p>{_with_code(explanation)}</p></body></html>"
    )
    headers = {"Content-Security-Policy": _POLICY, **language_headers(texts.language)}
    return HTMLResponse(page, headers=headers)


def _with_code(text: str) -> str:
    """Convert the catalogue's Markdown to HTML. It has no markup other than backticks."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text))
