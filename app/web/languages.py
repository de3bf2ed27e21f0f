"""Language negotiation by `Accept-Language` (RFC 9110 section 12.5.4)."""

from functools import lru_cache

from babel import negotiate_locale
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from app.texts.catalogue import ENGLISH, LANGUAGES, Texts

# More than anybody reads. A header may name thousands.
_MOST_WANTED = 20


# Cached: many readers send few distinct headers.
@lru_cache(maxsize=256)
def texts_for(accepted: str) -> Texts:
    """Choose the texts for a value of `Accept-Language`; English if no language matches.

    The highest weight wins; on equal weights, the first. Regions are ignored: `fr-CA` is French.
    What the reader prefers is kept, for texts in other languages than the catalogue's.
    """
    weighted = parse_accept_header(accepted, LanguageAccept)
    wanted = [tag for tag, weight in weighted if weight > 0]
    found = negotiate_locale(wanted, list(LANGUAGES), sep="-")
    texts = ENGLISH if found is None else LANGUAGES[found.lower()]
    return Texts(texts.language, wanted[:_MOST_WANTED]) if wanted else texts


def language_headers(language: str) -> dict[str, str]:
    """Return the headers of an answer in `language`: `Content-Language` and `Vary`."""
    return {"Content-Language": language, "Vary": "Accept-Language"}
