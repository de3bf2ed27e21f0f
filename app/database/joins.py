"""Conditions that keep each table of a statement to one practice."""

from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, ColumnExpressionArgument, Uuid, and_, bindparam

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
