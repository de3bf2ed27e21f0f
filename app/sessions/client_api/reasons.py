"""Which reasons of changes a caller may see, and whose change it was."""

from enum import Enum

from app.audit.write import BY_CLIENT
from app.domain.session import ChangedBy
from app.identity.api_keys.keys import Scope
from app.identity.tokens.access import Caller
from app.web.views import (
    ReasonView,
)


class ReasonVisibility(Enum):
    """Which reasons a viewer sees (product.md section 10, "Reasons").

    An API key with `read` sees neither codes nor notes; one with `write` sees both. The holder of a
    link sees codes. A signed-in client sees codes and the client's own notes.
    """

    HIDDEN = "hidden"
    CODES = "codes"
    OWN_NOTES = "own_notes"
    ALL_NOTES = "all_notes"

    def visible_part(self, actor: str, code: str | None, note: str | None) -> ReasonView:
        """Give the parts of a reason by `actor` that the viewer sees."""
        shows_note = self is ReasonVisibility.ALL_NOTES or (
            self is ReasonVisibility.OWN_NOTES and side_of(actor) == "client"
        )
        return ReasonView(
            code=None if self is ReasonVisibility.HIDDEN else code,
            note=note if shows_note else None,
        )


def reasons_for_staff(scope: Scope) -> ReasonVisibility:
    """Give the reasons that an API key with this scope sees."""
    return ReasonVisibility.ALL_NOTES if scope.sees_reasons else ReasonVisibility.HIDDEN


def side_of(actor: str) -> ChangedBy:
    """Tell which side acted. A signed-in client and the holder of a link are both the client."""
    return "client" if actor in BY_CLIENT else "practice"


def reasons_for(caller: Caller) -> ReasonVisibility:
    """Give the reasons that a caller sees: with a link no notes, signed in the client's own."""
    return ReasonVisibility.CODES if caller.is_link else ReasonVisibility.OWN_NOTES
