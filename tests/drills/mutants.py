"""Wrong spellings of a token, as many as wanted: always the same ones for the same token."""

import base64
import string
from collections.abc import Callable, Iterator
from random import Random
from urllib.parse import quote

ALPHABET = string.ascii_letters + string.digits + "-_"
# What base64 writes otherwise, what looks alike, what ends texts, what is no text at all.
STRANGE = "+/=.~ \t\r\n\0\x7f\x85\xa0\xad\xe9\u0130\u0661\u200b\u202e\ufeff\uff11\U0001f511"
LONGEST = 5000


def mutants(token: str, other: str, count: int) -> Iterator[tuple[str, str]]:
    """Give `count` different texts that are not `token`, each with the name of what was done to it.

    `other` is another good token of the same kind; no mutant is that one either.
    """
    made = {token, other}
    chance = Random(token)  # noqa: S311 - the same each time, which is the point
    kinds = list(_KINDS.items())
    while len(made) < count + 2:
        name, mutate = kinds[len(made) % len(kinds)]
        mutant = mutate(chance, token, other)
        # What has few mutants gives its turn to what has more.
        name, mutant = (
            (name, mutant) if mutant not in made else ("several", _several(chance, token))
        )
        if mutant not in made:
            made.add(mutant)
            yield name, mutant


def _at(chance: Random, token: str) -> int:
    return chance.randrange(len(token))


def _replaced(chance: Random, token: str, _: str) -> str:
    place = _at(chance, token)
    return token[:place] + chance.choice(ALPHABET) + token[place + 1 :]


def _strange(chance: Random, token: str, _: str) -> str:
    place = _at(chance, token)
    return token[:place] + chance.choice(STRANGE) + token[place + chance.randrange(2) :]


def _truncated(chance: Random, token: str, _: str) -> str:
    first, last = sorted((_at(chance, token), _at(chance, token)))
    return chance.choice((token[:last], token[first:], token[:first] + token[last:]))


def _extended(chance: Random, token: str, other: str) -> str:
    more = chance.choice((chance.choice(ALPHABET + STRANGE), token[: _at(chance, token)], other))
    return chance.choice((token + more, more + token))


def _padded(chance: Random, token: str, _: str) -> str:
    place = chance.choice((len(token), token.find(".") if "." in token else token.rfind("_")))
    return token[:place] + chance.choice("=A~ ") * chance.randint(1, 30) + token[place:]


def _moved(chance: Random, token: str, _: str) -> str:
    one, two = sorted((_at(chance, token), _at(chance, token)))
    return token[:one] + token[two:] + token[one:two]


def _other_case(chance: Random, token: str, _: str) -> str:
    one, two = sorted((_at(chance, token), _at(chance, token)))
    return token[:one] + token[one:two].swapcase() + token[two:]


def _halves(chance: Random, token: str, other: str) -> str:
    """Put together parts of two good tokens; most of all a payload and another's signature."""
    mark = "." if "." in token else "_"
    here, there = token.rfind(mark), other.rfind(mark)
    if chance.randrange(4):
        here = there = _at(chance, token)
    return chance.choice((token[:here] + other[there:], other[:there] + token[here:]))


def _alphabet(chance: Random, token: str, _: str) -> str:
    raw = token.encode()
    spelt = chance.choice(
        (
            token.translate(str.maketrans("-_", "+/")),
            base64.b64encode(raw).decode(),
            base64.urlsafe_b64encode(raw).decode().rstrip("="),
            base64.b32encode(raw).decode(),
            raw.hex(),
            quote(token, safe="").replace(".", "%2E"),
            token[::-1],
            "".join(chr(ord(char) + 0xFEE0) for char in token),
        )
    )
    return spelt[: len(spelt) - chance.randrange(8)]


def _long(chance: Random, token: str, _: str) -> str:
    filler = chance.choice(ALPHABET) * chance.randint(len(token), LONGEST)
    return chance.choice((token + filler, filler + token, filler))


def _several(chance: Random, token: str) -> str:
    """Replace between two and ten characters."""
    letters = list(token)
    for _ in range(chance.randint(2, 10)):
        letters[_at(chance, token)] = chance.choice(ALPHABET)
    return "".join(letters)


_KINDS: dict[str, Callable[[Random, str, str], str]] = {
    "replaced": _replaced,
    "strange": _strange,
    "truncated": _truncated,
    "extended": _extended,
    "padded": _padded,
    "moved": _moved,
    "other case": _other_case,
    "halves": _halves,
    "alphabet": _alphabet,
    "long": _long,
}
