"""The practice's own list of reasons, in a policy version (product.md section 10, "Reasons")."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, get_args

# The codes of policies without a list of their own.
StandardReason = Literal["feeling-better", "unwell", "transport", "work", "family", "cost", "other"]
STANDARD_REASONS: tuple[str, ...] = get_args(StandardReason)
# The code that every list has.
OTHER = "other"
_ENGLISH = "en"


class ReasonEffect(StrEnum):
    """What a client's reason changes about the cost of their action.

    `none`: the action costs nothing. `ask`: it costs what it costs, and the practice is asked to
    waive the fee, in the words of the reason.
    """

    USUAL = "usual"
    NONE = "none"
    ASK = "ask"


class OwnReason(NamedTuple):
    """A reason of the practice's list.

    `labels` are its texts by language (BCP 47), in alphabetical order of the tags, because a stored
    document has no order. Empty: it is `other`, and has the text of the catalogue.
    """

    code: str
    labels: tuple[tuple[str, str], ...] = ()
    effect: ReasonEffect = ReasonEffect.USUAL


def with_other(listed: Iterable[OwnReason]) -> tuple[OwnReason, ...]:
    """Add `other` to a list that lacks it."""
    found = tuple(listed)
    return found if any(one.code == OTHER for one in found) else (*found, OwnReason(OTHER))


def codes_of(listed: Sequence[OwnReason] | None) -> tuple[str, ...]:
    """Give the codes that a client may choose. `listed` None: the practice has no own list."""
    return STANDARD_REASONS if listed is None else tuple(one.code for one in listed)


def find_reason(listed: Sequence[OwnReason] | None, code: str | None) -> OwnReason | None:
    """Find the practice's own reason with this code; None: it is not on the list."""
    return next((one for one in listed or () if one.code == code), None)


def effect_of(listed: Sequence[OwnReason] | None, code: str | None) -> ReasonEffect:
    """Give the effect of a code. Without a code, and for one that is not listed: the usual one."""
    found = find_reason(listed, code)
    return ReasonEffect.USUAL if found is None else found.effect


def label_in(own: OwnReason, languages: Iterable[str]) -> str | None:
    """Give the label for a reader of these languages (BCP 47), the best one first.

    Of each language the exact label, else one of the same primary language, whatever its region.
    Of none: the English one, else the first one. None: the reason has no labels.
    """
    exact = {tag.lower(): text for tag, text in own.labels}
    primary = {_primary(tag): text for tag, text in reversed(own.labels)}
    for language in (*languages, _ENGLISH):
        text = exact.get(language.lower()) or primary.get(_primary(language))
        if text is not None:
            return text
    return own.labels[0][1] if own.labels else None


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
