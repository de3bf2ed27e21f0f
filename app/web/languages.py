"""Which language the reader of an answer wants (RFC 9110 section 12.5.4)."""

from functools import lru_cache

from babel import negotiate_locale
from starlette.responses import Response
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.texts.catalogue import ENGLISH, LANGUAGES, Texts


# Cached: few distinct headers are sent by many.
@lru_cache(maxsize=256)
def texts_for(accepted: str) -> Texts:
    """Choose the texts by a value of `Accept-Language`; English where it names none of ours.

    Weights decide first, then the order. A region does not matter: `fr-CA` is French.
    """
    weighted = parse_accept_header(accepted, LanguageAccept)
    wanted = [tag for tag, weight in weighted if weight > 0]
    found = negotiate_locale(wanted, list(LANGUAGES), sep="-")
    return ENGLISH if found is None else LANGUAGES[found.lower()]


def mark_language(answer: Response, language: str) -> None:
    """Say in the headers which language an answer is in, and that the reader chose it."""
    answer.headers["Content-Language"] = language
    answer.headers.add_vary_header("Accept-Language")
