"""The text of a reason, for its reader."""

from app.domain.policy.reasons import OwnReason, label_in
from app.texts.catalogue import Texts


def label_of(reason: OwnReason, texts: Texts) -> str:
    """Give the practice's label in the reader's language; without one, the catalogue's text."""
    label = label_in(reason, texts.wanted)
    return texts(f"reason.{reason.code}") if label is None else label
