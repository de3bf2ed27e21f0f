"""Conditions that keep each table of a statement to one practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, ColumnExpressionArgument, Uuid, and_, bindparam

from app.tables.practices import Client
from app.tables.sessions import Session

# The practice of a statement that is compiled once.
PRACTICE = bindparam("practice_id", type_=Uuid)


def of_practice(
    practice_id: UUID | BindParameter[UUID],
    table: Any,  # noqa: ANN401 - a table or an alias of one
    *conditions: ColumnExpressionArgument[bool],
) -> ColumnElement[bool]:
    """Join or read rows of a table that are the practice's and meet the conditions.

    Each table is compared with the parameter itself, not with `practice_id` of another table: so
    every table of a statement can be found by its shard, inside of subqueries too.
    """
    return and_(table.practice_id == practice_id, *conditions)


def of_session(table: Any, session: Any) -> ColumnElement[bool]:  # noqa: ANN401 - tables
    """Join what belongs to a session."""
    return of_practice(PRACTICE, table, table.session_id == session.id)


def referred(table: Any, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - table and column
    """Join what a session names in one of its columns."""
    return of_practice(PRACTICE, table, table.id == column)


ABOUT_CLIENT = of_practice(PRACTICE, Client, Client.id == bindparam("client_id"))


# The session that is asked for, if it is the client's own.
OWN_SESSION = of_practice(
    PRACTICE, Session, Session.client_id == Client.id, Session.id == bindparam("session_id")
)
