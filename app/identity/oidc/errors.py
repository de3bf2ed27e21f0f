"""Why a token of a practice's own sign-in is refused."""

from app.domain.errors import UnauthorizedError


class RefusedTokenError(UnauthorizedError):
    """The token is refused. `reason` is for the operator's log: callers get the same 401 always."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
