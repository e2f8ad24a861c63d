"""How a database carries out the statements of an action, by its own word."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event, text

from punctual.store.database import Database, Transaction


def plans(database: Database, action: Callable[[Transaction], object]) -> list[str]:
    """Do something in a transaction that is rolled back, and return the plan of each statement of it."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        heard.append((statement, parameters))

    found: list[str] = []
    with database.write() as tx:
        engine = tx.connection.engine
        event.listen(engine, "before_cursor_execute", hear)
        try:
            action(tx)
        finally:
            event.remove(engine, "before_cursor_execute", hear)
        word = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        for statement, parameters in heard:
            rows = tx.connection.exec_driver_sql(f"{word} {statement}", parameters).all()
            found.append("\n".join(" ".join(map(str, row)) for row in rows))
        tx.connection.execute(text("ROLLBACK"))
        tx.connection.execute(text("BEGIN"))
    return found
