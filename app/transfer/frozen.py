"""The frozen deadlines of an imported session (product.md section 10, "Working-day deadlines")."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.domain.errors import InvalidInputError
from app.domain.policy.working_days import FrozenDeadline
from app.policies.stored import frozen_document
from app.transfer.schemas import FrozenLine


def frozen_columns(
    given: Sequence[FrozenLine] | None, calculated: Sequence[FrozenDeadline], starts_at: datetime
) -> list[dict[str, Any]] | None:
    """Give the document to store: the instants of the line, or without them those of now.

    Raises:
        InvalidInputError: the line does not name each deadline of the policy once, or an instant is
            after the start.
    """
    documents = frozen_document(calculated)
    if given is None:
        return documents
    due = [(one["working_days"], one["at"]) for one in documents or ()]
    if sorted((one.working_days, one.at) for one in given) != sorted(due):
        raise InvalidInputError("/frozen_deadlines", "field.frozen-deadlines")
    for number, one in enumerate(given):
        if one.instant > starts_at:
            pointer = f"/frozen_deadlines/{number}/instant"
            raise InvalidInputError(pointer, "field.until-after-start")
    return [
        {"working_days": one.working_days, "at": one.at, "instant": one.instant.isoformat()}
        for one in given
    ] or None
