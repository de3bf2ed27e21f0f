"""The problem response of a command without a valid quote: what it costs now, with a new quote."""

from fastapi import FastAPI, Request
from fastapi.responses import Response

from app.sessions.client_api.decision_presenter import present_decision
from app.sessions.client_api.refused_problem import on_attempt_refused
from app.sessions.client_api.scope_presenter import present_scope
from app.sessions.commands.scope import ScopeAllowanceSpentError, ScopeQuoteRequiredError
from app.sessions.errors import AllowanceSpentError, AttemptRefusedError, QuoteRequiredError
from app.web.problems.handlers import problem
from app.web.request_headers import texts_of


def install_session_handlers(app: FastAPI) -> None:
    """Respond to `quote-required` and `quote-stale` with what to show to the client.

    That is the decision, or for several sessions the preview. A refusal of the policy is counted
    as well.
    """
    app.add_exception_handler(AttemptRefusedError, on_attempt_refused)
    app.add_exception_handler(QuoteRequiredError, _on_quote_required)
    app.add_exception_handler(ScopeQuoteRequiredError, _on_scope_quote_required)


async def _on_quote_required(request: Request, error: Exception) -> Response:
    assert isinstance(error, QuoteRequiredError)  # noqa: S101 - registered for it
    decision = present_decision(
        error.decision,
        error.record,
        error.record.client_zone,
        request.app.state.quotes,
        error.now,
        texts_of(request),
    )
    detail = _detail(request, error)
    return problem(request, error.code, detail=detail, decision=decision, preview=None)


async def _on_scope_quote_required(request: Request, error: Exception) -> Response:
    assert isinstance(error, ScopeQuoteRequiredError)  # noqa: S101 - registered for it
    preview, texts, quotes = error.preview, texts_of(request), request.app.state.quotes
    named = preview.sessions.named
    return problem(
        request,
        error.code,
        detail=_detail(request, error),
        decision=None,
        preview=present_scope(preview, named.client_zone, quotes, error.now, texts),
    )


def _detail(request: Request, error: Exception) -> str | None:
    """Give another detail than the catalogue's, where the session itself has not changed."""
    if isinstance(error, AllowanceSpentError | ScopeAllowanceSpentError):
        return texts_of(request)("quote.allowance-spent")
    return None
