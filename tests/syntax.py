"""The parts of a parsed statement that say what it reads, and which of it has to be equal."""

from collections.abc import Iterator

from sqlglot import exp

_MUST_HOLD = {"", "INNER", "CROSS"}  # kinds of joins whose ON is as good as a WHERE
# What is bound where the other side is.
Equality = tuple[exp.Expr, exp.Expr]


def bare(value: exp.Expr) -> exp.Expr:
    """Take off casts and parentheses."""
    while isinstance(value, exp.Cast | exp.Paren):
        value = value.this
    return value


def sources(query: exp.Expr) -> Iterator[exp.Expr]:
    """Give what a query reads from or writes to, in order. Joins in parentheses are not read."""
    if isinstance(query, exp.Update | exp.Delete):
        yield query.this
    yield from query.args.get("using") or ()
    if (from_ := query.args.get("from_")) is not None:
        yield from_.this
    for join in query.args.get("joins") or ():
        yield join.this


def equalities(query: exp.Expr) -> Iterator[Equality]:
    """Give the equalities that hold for each row, as what is bound by what."""
    if (where := query.args.get("where")) is not None:
        yield from _parts(where.this)
    for join in query.args.get("joins") or ():
        both_ways = _parts(join.args.get("on"))
        if join.side == "" and join.kind in _MUST_HOLD:
            yield from both_ways
        elif join.side == "LEFT":
            # Rows of the left side come whether ON holds or not: it binds what is joined, no more.
            for one, other in both_ways:
                column = bare(one)
                if isinstance(column, exp.Column) and column.table == join.this.alias_or_name:
                    yield one, other


def _parts(condition: exp.Expr | None) -> Iterator[Equality]:
    """Give the equalities among the parts of a condition that all have to hold, both ways."""
    condition = None if condition is None else condition.unnest()
    if isinstance(condition, exp.And):
        yield from _parts(condition.left)
        yield from _parts(condition.right)
    elif isinstance(condition, exp.EQ):
        yield condition.left, condition.right
        yield condition.right, condition.left


def queries_in(part: exp.Expr) -> Iterator[exp.Query]:
    """Give the queries right inside of a part of a statement, but for those of its WITH."""
    for child in part.iter_expressions():
        if isinstance(child, exp.Query):
            yield child
        elif not isinstance(child, exp.With):
            yield from queries_in(child)
