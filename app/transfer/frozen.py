"""The frozen deadlines of an imported session (product.md section 10, "Working-day deadlines")."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from app.domain.errors import InvalidInputError
from app.domain.policy.working_days import FrozenDeadline
from app.policies.stored import parse_frozen
from app.transfer.schemas import FrozenLine


def frozen_of_line(
    line: Sequence[FrozenLine] | None, calculated: Sequence[FrozenDeadline], starts_at: datetime
) -> Sequence[FrozenDeadline]:
    """Give the frozen deadlines of a session: those of its line, or without them those of now.

    Raises:
        InvalidInputError: the line does not name each deadline of the policy once, or an instant is
            after the start.
    """
    if line is None:
        return calculated
    given = parse_frozen([one.model_dump(mode="json") for one in line])
    if Counter(one.deadline for one in given) != Counter(one.deadline for one in calculated):
        raise InvalidInputError("/frozen_deadlines", "field.frozen-deadlines")
    for number, one in enumerate(given):
        if one.instant > starts_at:
            pointer = f"/frozen_deadlines/{number}/instant"
            raise InvalidInputError(pointer, "field.until-after-start")
    return given
