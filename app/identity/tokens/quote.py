"""Signed quotes (docs/decisions/0004-quotes.md).

The rule that decides whether a quote applies is in app/domain/quotes.py.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from app.domain.errors import QuoteInvalidError
from app.domain.money import Money
from app.domain.policy.costs import Cost, Promised
from app.domain.policy.rules import Action, Credit
from app.domain.quotes import Quote, QuoteLine, ScopeQuote
from app.domain.session import Carried
from app.web.signing import BadTokenError, TokenSigner
from app.web.types import MAX_QUOTE_LENGTH

# So many values at most stand for costs that depend on a move's target.
_BY_TARGET = 2


class Quotes:
    """Signs and reads quotes: a client never pays more than the quote that they were shown."""

    def __init__(self, keys: Sequence[str], lifetime: timedelta) -> None:
        self._signer = TokenSigner(keys, "quote")
        self._scope_signer = TokenSigner(keys, "scope-quote", max_length=MAX_QUOTE_LENGTH)
        self._lifetime = lifetime

    def expiry(self, now: datetime, held_until: datetime | None = None) -> datetime:
        """Give the instant at which a quote that is given now expires, in whole seconds.

        It is not before `held_until`, the end of the session's last hold.
        """
        expires_at = (now + self._lifetime).replace(microsecond=0)
        return expires_at if held_until is None else max(expires_at, held_until)

    def given_at(self, quote: Quote | ScopeQuote, now: datetime) -> datetime:
        """Give the instant at which a quote was given, to a second.

        For a quote that a hold has kept alive, it may be some minutes late, but never after `now`.
        """
        return min(quote.expires_at - self._lifetime, now)

    def sign(self, quote: Quote) -> str:
        """Sign the token that the client sends back. Its expiry is cut to whole seconds."""
        return self._signer.sign(
            [
                quote.practice_id.hex,
                quote.session_id.hex,
                quote.version,
                quote.action,
                int(quote.expires_at.timestamp()),
                *_written_costs(quote.promised),
            ]
        )

    def read(self, token: str) -> Quote:
        """Read the quote that a client sent back.

        Raises:
            QuoteInvalidError: the token is malformed, not signed by us, or of an older format.
        """
        try:
            practice_id, session_id, version, action, expires, *costs = self._signer.read(token)
            promised = _costs(costs)
        except (BadTokenError, ValueError):  # ValueError: an older release signed fewer values
            raise QuoteInvalidError from None
        return Quote(
            practice_id=UUID(practice_id),
            session_id=UUID(session_id),
            version=version,
            action=Action(action),
            expires_at=datetime.fromtimestamp(expires, UTC),
            promised=promised,
        )

    def sign_scope(self, quote: ScopeQuote) -> str:
        """Sign the token of a quote over several sessions."""
        return self._scope_signer.sign(
            [
                quote.practice_id.hex,
                quote.session_id.hex,
                quote.action,
                int(quote.expires_at.timestamp()),
                [
                    [session_id.hex, line.version, *_written_costs(line.promised)]
                    for session_id, line in quote.lines.items()
                ],
            ]
        )

    def read_scope(self, token: str) -> ScopeQuote:
        """Read a quote over several sessions that a client sent back.

        Raises:
            QuoteInvalidError: the token is malformed, or not signed by us as such a quote.
        """
        try:
            practice_id, session_id, action, expires, lines = self._scope_signer.read(token)
        except BadTokenError:
            raise QuoteInvalidError from None
        return ScopeQuote(
            practice_id=UUID(practice_id),
            session_id=UUID(session_id),
            action=Action(action),
            expires_at=datetime.fromtimestamp(expires, UTC),
            lines={UUID(id_): QuoteLine(version, _costs(costs)) for id_, version, *costs in lines},
        )


def _written_costs(promised: Promised) -> list[Any]:
    """Write the costs as three values; as one list of two, if they depend on a move's target.

    One value more says that one of the client's allowance is used.
    """
    other, free, uses_allowance = promised
    more = [True] if uses_allowance else []
    if other == free and other is not None:
        return _written_cost(other) + more
    return [[None if cost is None else _written_cost(cost) for cost in (other, free)], *more]


def _costs(written: Sequence[Any]) -> Promised:
    """Read what `_written_costs` wrote.

    Raises:
        ValueError: it has another number of values.
    """
    if len(written) <= _BY_TARGET:
        (other, free), *more = written
        return Promised(
            None if other is None else _cost(*other),
            None if free is None else _cost(*free),
            bool(more),
        )
    fee, credit, carries, *more = written
    return Promised(*(_cost(fee, credit, carries),) * 2, bool(more))


def _written_cost(cost: Cost) -> list[Any]:
    carries = cost.carries
    return [
        _written(cost.fee),
        cost.credit,
        None if carries is None else [_written(carries.fee), carries.forfeits_credit],
    ]


def _cost(
    fee: tuple[int, str] | None,
    credit: str | None,
    carries: tuple[tuple[int, str] | None, bool] | None,
) -> Cost:
    return Cost(
        fee=_money(fee),
        credit=None if credit is None else Credit(credit),
        carries=None if carries is None else Carried(_money(carries[0]), carries[1]),
    )


def _written(money: Money | None) -> list[int | str] | None:
    return None if money is None else [money.amount_minor, money.currency]


def _money(written: tuple[int, str] | None) -> Money | None:
    return None if written is None else Money(*written)
