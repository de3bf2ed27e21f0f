"""Reads the sources of a parsed statement and the equalities that must hold in it."""

from collections.abc import Iterator

from sqlglot import exp

_MUST_HOLD = {"", "INNER", "CROSS"}  # joins whose ON has the effect of a WHERE
# The first side is bound if the second side is.
Equality = tuple[exp.Expr, exp.Expr]


def bare(value: exp.Expr) -> exp.Expr:
    """Remove casts and parentheses."""
    while isinstance(value, exp.Cast | exp.Paren):
        value = value.this
    return value


def sources(query: exp.Expr) -> Iterator[exp.Expr]:
    """Yield what a query reads from or writes to, in order. Joins in parentheses are left out."""
    if isinstance(query, exp.Update | exp.Delete):
        yield query.this
    yield from query.args.get("using") or ()
    if (from_ := query.args.get("from_")) is not None:
        yield from_.this
    for join in query.args.get("joins") or ():
        yield join.this


def equalities(query: exp.Expr) -> Iterator[Equality]:
    """Yield the equalities that hold for each row, as pairs: the bound side, then what binds it."""
    if (where := query.args.get("where")) is not None:
        yield from _parts(where.this)
    for join in query.args.get("joins") or ():
        both_ways = _parts(join.args.get("on"))
        if join.side == "" and join.kind in _MUST_HOLD:
            yield from both_ways
        elif join.side == "LEFT":
            # A row of the left side is returned even if ON does not hold, so ON binds only the
            # joined table.
            for one, other in both_ways:
                column = bare(one)
                if isinstance(column, exp.Column) and column.table == join.this.alias_or_name:
                    yield one, other


def _parts(condition: exp.Expr | None) -> Iterator[Equality]:
    """Yield the equalities of a condition that must all hold, each in both directions."""
    condition = None if condition is None else condition.unnest()
    if isinstance(condition, exp.And):
        yield from _parts(condition.left)
        yield from _parts(condition.right)
    elif isinstance(condition, exp.EQ):
        yield condition.left, condition.right
        yield condition.right, condition.left


def queries_in(part: exp.Expr) -> Iterator[exp.Query]:
    """Yield the queries directly inside a part of a statement, without those of its WITH."""
    for child in part.iter_expressions():
        if isinstance(child, exp.Query):
            yield child
        elif not isinstance(child, exp.With):
            yield from queries_in(child)
