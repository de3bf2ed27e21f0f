"""Conditions that restrict each table of a statement to one practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, ColumnExpressionArgument, Uuid, and_, bindparam

# The practice, as a parameter of statements that are compiled once.
PRACTICE = bindparam("practice_id", type_=Uuid)
# No row has this id. It stands for none where a statement compares with a parameter: Citus has no
# plan for an outer join with NULL.
NO_ID = UUID(int=0)


def of_practice(
    practice_id: UUID | BindParameter[UUID],
    table: Any,  # noqa: ANN401 - a table or an alias of one
    *conditions: ColumnExpressionArgument[bool],
) -> ColumnElement[bool]:
    """Make a condition: rows of the practice that match all conditions.

    Each table is compared with the parameter, not with `practice_id` of another table, so that a
    sharded database finds the shard of each table, also in subqueries.
    """
    return and_(table.practice_id == practice_id, *conditions)


def of_session(table: Any, session: Any) -> ColumnElement[bool]:  # noqa: ANN401 - tables
    """Make the condition for rows that belong to a session."""
    return of_practice(PRACTICE, table, table.session_id == session.id)


def referred(
    table: Any,  # noqa: ANN401 - a table or an alias of one
    column: Any,  # noqa: ANN401 - a column
) -> ColumnElement[bool]:
    """Make the condition for the row that a column references by id."""
    return of_practice(PRACTICE, table, table.id == column)
