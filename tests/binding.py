"""Reads one SQL statement and checks that every tenant table in it is bound to one practice.

A tenant table has a column `practice_id`. It is bound if that column equals a parameter, or equals
another bound column. Only equalities that must hold for each row count: those of WHERE, of ON, and
of the enclosing queries. A construct that this module does not understand counts as not bound.
"""

import re
from dataclasses import dataclass, field
from functools import cache

import sqlglot
from sqlglot import exp

from app.tables.all import metadata
from tests.syntax import Equality, bare, equalities, queries_in, sources

TENANT = "practice_id"
TABLES = frozenset(name for name, table in metadata.tables.items() if TENANT in table.c)
# Tables that a cluster does not distribute: ours, and those of the job library.
LOCAL = (frozenset(metadata.tables) - TABLES) | {
    "pgqueuer",
    "pgqueuer_log",
    "pgqueuer_schedules",
    "pgqueuer_statistics",
}
_READ = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}
# These statements touch no row. In any other kind of statement, each table counts as not bound.
_OF_NO_ROW = {"CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one statement.

    `reads` are its tenant tables; `unbound` are those for which it names no practice. `indirect`
    are those that are not compared with a parameter themselves: they are bound through another
    table, or unbound. `parameters` are the numbers of the parameters that hold the practice's id:
    their values must be equal. `locks` tells whether it locks rows that it reads, `nests` whether
    an INSERT has a query among its VALUES, `mixes` whether it joins a tenant table with another.
    """

    unbound: frozenset[str]
    indirect: frozenset[str]
    reads: frozenset[str]
    parameters: tuple[int, ...]
    locks: bool = False
    nests: bool = False
    mixes: bool = False


@cache
def read_statement(sql: str) -> Verdict:
    """Judge a statement by its text."""
    reading = _Reading()
    verb = (sql.split(None, 1) or [""])[0].upper()
    if verb in _READ:
        for part in sqlglot.parse(sql, dialect="postgres"):
            if part is not None:
                reading.statement(part)
                reading.locks |= part.find(exp.Lock) is not None
    elif verb not in _OF_NO_ROW:
        reading.names(set(re.findall(r"\w+", sql)))
    return Verdict(
        frozenset(reading.unbound),
        frozenset(reading.indirect),
        frozenset(reading.reads),
        tuple(sorted(reading.parameters)),
        reading.locks,
        reading.nests,
        reading.mixes,
    )


# The columns of a query's result, each with whether it is bound; and the queries of a WITH by name.
Columns = list[tuple[str, bool]]
Known = dict[str, Columns]


@dataclass
class _Scope:
    """The sources of one query by their aliases, and which of their columns are bound so far.

    `named` are the columns that are compared with a parameter directly.
    """

    aliases: set[str]
    outer: "_Scope | None"
    bound: set[tuple[str, str]] = field(default_factory=set)
    named: set[tuple[str, str]] = field(default_factory=set)

    def own(self, column: exp.Expr) -> tuple[str, str] | None:
        """Return alias and name of a column of this query; None for anything else."""
        if not isinstance(column, exp.Column):
            return None
        alias = column.table or (next(iter(self.aliases)) if len(self.aliases) == 1 else "")
        return (alias, column.name) if alias in self.aliases else None

    def is_bound(self, value: exp.Expr) -> bool:
        """Tell whether a value is a parameter, or a column that equals one."""
        value = bare(value)
        if isinstance(value, exp.Parameter):
            return True
        own = self.own(value)
        if own is not None:
            return own in self.bound
        return self.outer is not None and self.outer.is_bound(value)

    def bind(self, edges: list[Equality]) -> None:
        """Follow the equalities from bound to unbound columns until no column is added."""
        for one, other in edges:
            own = self.own(bare(one))
            if own is not None and isinstance(bare(other), exp.Parameter):
                self.named.add(own)
        added = True
        while added:
            added = False
            for one, other in edges:
                own = self.own(bare(one))
                if own is not None and own not in self.bound and self.is_bound(other):
                    self.bound.add(own)
                    added = True


class _Reading:
    """Walks a statement and the queries in it."""

    def __init__(self) -> None:
        self.unbound: set[str] = set()
        self.indirect: set[str] = set()
        self.reads: set[str] = set()
        self.parameters: set[int] = set()
        self.locks = False
        self.nests = False
        self.mixes = False
        self._seen: set[int] = set()

    def statement(self, statement: exp.Expr) -> None:
        """Walk a statement. A table that the walk did not reach counts as not bound."""
        if isinstance(statement, exp.Insert):
            self._insert(statement)
        elif isinstance(statement, exp.Query | exp.Update | exp.Delete):
            self._query(statement, None, {})
        named = {
            table.name
            for table in statement.find_all(exp.Table)
            if id(table) not in self._seen and not isinstance(table.parent, exp.Lock)
        }
        self.names(named)

    def names(self, words: set[str]) -> None:
        """Record all tenant tables among these names as not bound."""
        self.reads |= words & TABLES
        self.unbound |= words & TABLES
        self.indirect |= words & TABLES

    def _insert(self, statement: exp.Insert) -> None:
        into = statement.this
        table = into.this if isinstance(into, exp.Schema) else into
        self._seen.add(id(table))
        if table.name in TABLES:
            self.reads.add(table.name)
            if TENANT not in {column.name for column in into.expressions}:
                self.unbound.add(table.name)
                self.indirect.add(table.name)
        known = self._with(statement, None, {})
        values = statement.expression
        self.nests |= isinstance(values, exp.Values) and values.find(exp.Query) is not None
        for inner in queries_in(statement):
            self._query(inner, None, known)

    def _with(self, query: exp.Expr, outer: _Scope | None, known: Known) -> Known:
        """Walk the queries of a WITH and return the columns of each."""
        known = dict(known)
        with_ = query.args.get("with_")
        for part in with_.expressions if with_ is not None else ():
            if isinstance(part.this, exp.Insert):
                self._insert(part.this)
                known[part.alias] = []
            else:
                known[part.alias] = self._query(part.this, outer, known)
        return known

    def _query(self, query: exp.Expr, outer: _Scope | None, known: Known) -> Columns:
        """Walk a query and return its columns, each with whether it is bound."""
        known = self._with(query, outer, known)
        if isinstance(query, exp.Subquery):
            return self._query(query.this, outer, known)
        if isinstance(query, exp.SetOperation):
            left = self._query(query.left, outer, known)
            right = self._query(query.right, outer, known)
            return [
                (name, is_bound and also)
                for (name, is_bound), (_, also) in zip(left, right, strict=False)
            ]
        return self._one(query, outer, known)

    def _one(self, query: exp.Expr, outer: _Scope | None, known: Known) -> Columns:
        found = list(sources(query))
        scope = _Scope({source.alias_or_name for source in found}, outer)
        edges = list(equalities(query))
        scope.bind(edges)
        walked = set()
        for source in found:
            inner = source.this if isinstance(source, exp.Lateral) else source
            walked.add(id(inner))
            given = self._given(source, inner, scope, known)
            scope.bound |= {(source.alias_or_name, name) for name, is_bound in given if is_bound}
            scope.bind(edges)
        for source in found:
            self._judge(source, scope, known)
        joined = {source.name for source in found if isinstance(source, exp.Table)} - known.keys()
        self.mixes |= bool(joined & TABLES and joined & LOCAL)
        self._note_parameters(edges)
        for inner in queries_in(query):
            if id(inner) not in walked:
                self._query(inner, scope, known)
        columns = query.expressions if isinstance(query, exp.Select) else []
        return [(column.alias_or_name, scope.is_bound(column.unalias())) for column in columns]

    def _given(self, source: exp.Expr, inner: exp.Expr, scope: _Scope, known: Known) -> Columns:
        """Return the columns of a source; none if the source is not a query."""
        if isinstance(source, exp.Table):
            return known.get(source.name, [])
        if not isinstance(inner, exp.Query):
            return []
        return self._query(inner, scope if inner is not source else scope.outer, known)

    def _judge(self, source: exp.Expr, scope: _Scope, known: Known) -> None:
        self._seen.add(id(source))
        if isinstance(source, exp.Table) and source.name in TABLES - known.keys():
            self.reads.add(source.name)
            tenant = (source.alias_or_name, TENANT)
            if tenant not in scope.bound:
                self.unbound.add(source.name)
            if tenant not in scope.named:
                self.indirect.add(source.name)

    def _note_parameters(self, edges: list[Equality]) -> None:
        for one, other in edges:
            column, value = bare(one), bare(other)
            is_tenant = isinstance(column, exp.Column) and column.name == TENANT
            if is_tenant and isinstance(value, exp.Parameter):
                self.parameters.add(int(value.name))
