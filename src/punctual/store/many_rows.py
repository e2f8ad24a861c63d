"""Many rows in one statement of PostgreSQL: a column comes as an array, or once where it is the same in all rows."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    Row,
    Table,
    Update,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.dml import ReturningUpdate

Rows = Sequence[Mapping[str, Any]]
"""Rows of equal columns, at least one."""

Condition = Callable[[Mapping[str, ColumnElement[Any]]], ColumnElement[bool]]
"""What must hold for a row that is to be changed, given what stands for each of its new values; a known function."""

Names = tuple[str, ...]
"""Columns."""

_KNOWN_STATEMENTS = 64


def insert_once(connection: Connection, table: Table, rows: Rows) -> int:
    """Insert rows but for those whose key is there already; return how many were inserted."""
    arrays = _differing(rows)
    return connection.execute(_insert(table, tuple(rows[0]), arrays), _parameters(rows, arrays)).rowcount


def update_by_id(connection: Connection, table: Table, rows: Rows, condition: Condition | None = None) -> int:
    """Change the rows of the table that have the ids of these rows to their other columns; return how many."""
    arrays = _differing(rows)
    return connection.execute(_update(table, tuple(rows[0]), arrays, condition), _parameters(rows, arrays)).rowcount


def update_by_id_and_tell(
    connection: Connection, table: Table, rows: Rows, condition: Condition, columns: Names
) -> Sequence[Row[Any]]:
    """Change rows as `update_by_id` does, and return these columns of those that were changed."""
    arrays = _differing(rows)
    statement = _telling_update(table, tuple(rows[0]), arrays, condition, columns)
    return connection.execute(statement, _parameters(rows, arrays)).all()


def add_up(connection: Connection, table: Table, rows: Rows, *, key: Names, replaced: Names) -> None:
    """Insert rows in their order; where the key is there already, replace named columns and add to all others."""
    names = tuple(rows[0])
    connection.execute(_adding(table, names, key, replaced), _parameters(rows, frozenset(names)))


def added(
    table: Table, excluded: ReadOnlyColumnCollection[str, Any], names: Names, *, key: Names, replaced: Names
) -> dict[str, ColumnElement[Any]]:
    """Return what columns become where the key is there already."""
    sums = {name: table.c[name] + excluded[name] for name in names if name not in {*key, *replaced}}
    return sums | {name: excluded[name] for name in replaced}


def _differing(rows: Rows) -> frozenset[str]:
    first = rows[0]
    return frozenset(name for name, value in first.items() if any(row[name] != value for row in rows))


def _parameters(rows: Rows, arrays: frozenset[str]) -> dict[str, Any]:
    return {f"new_{name}": [row[name] for row in rows] if name in arrays else value for name, value in rows[0].items()}


@lru_cache(_KNOWN_STATEMENTS)
def _insert(table: Table, names: tuple[str, ...], arrays: frozenset[str]) -> Executable:
    values = _values(table, names, arrays)
    statement = postgresql.insert(table).from_select(names, select(*values.values())).on_conflict_do_nothing()
    return statement.execution_options(preserve_rowcount=True)


@lru_cache(_KNOWN_STATEMENTS)
def _update(table: Table, names: tuple[str, ...], arrays: frozenset[str], condition: Condition | None) -> Update:
    values = _values(table, names, arrays)
    statement = update(table).where(table.c.id == values.pop("id")).values(values)
    return statement if condition is None else statement.where(condition(values))


@lru_cache(_KNOWN_STATEMENTS)
def _telling_update(
    table: Table, names: tuple[str, ...], arrays: frozenset[str], condition: Condition, columns: Names
) -> ReturningUpdate[Any]:
    return _update(table, names, arrays, condition).returning(*(table.c[name] for name in columns))


@lru_cache(_KNOWN_STATEMENTS)
def _adding(table: Table, names: Names, key: Names, replaced: Names) -> Executable:
    values = _values(table, names, frozenset(names))
    statement = postgresql.insert(table).from_select(names, select(*values.values()))
    return statement.on_conflict_do_update(
        index_elements=key, set_=added(table, statement.excluded, names, key=key, replaced=replaced)
    )


def _values(table: Table, names: tuple[str, ...], arrays: frozenset[str]) -> dict[str, ColumnElement[Any]]:
    """Return what stands for each column in a statement: a column of the arrays side by side, or a parameter."""
    made = _unnested(table, sorted(arrays)) if arrays else table
    return {
        name: made.c[name] if name in arrays else bindparam(f"new_{name}", type_=table.c[name].type) for name in names
    }


def _unnested(table: Table, names: Sequence[str]) -> FromClause:
    parameters = [bindparam(f"new_{name}", type_=postgresql.ARRAY(table.c[name].type, dimensions=1)) for name in names]
    columns = [column(name, table.c[name].type) for name in names]
    return func.unnest(*parameters).table_valued(*columns, name="made").render_derived()
