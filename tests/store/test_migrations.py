"""The schema in the database is the schema in the code."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from punctual.domain.errors import SetupError
from punctual.store.database import Database
from punctual.store.migrate import downgrade, upgrade
from punctual.store.process_tables import nodes


def test_migrations_give_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.read() as tx:
        differences = compare_metadata(MigrationContext.configure(tx.connection), nodes.metadata)
    assert differences == []


def test_the_schema_can_be_taken_back_and_brought_again(database: Database) -> None:
    downgrade(database, "base")
    with database.read() as tx:
        assert inspect(tx.connection).get_table_names() == ["alembic_version"]
    upgrade(database)
    upgrade(database)


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    errors: list[Exception] = []

    def start(database: Database) -> None:
        try:
            upgrade(database)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert errors == []


def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    with database.write() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="does not fit"):
        upgrade(database)


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "sqlite://", "sqlite:////nowhere/at/all.db"])
def test_a_database_we_cannot_use_is_refused_with_a_fix(url: str) -> None:
    with pytest.raises(SetupError) as raised:
        Database(url)
    assert "PUNCTUAL_DATABASE_URL" in raised.value.fix


def test_the_password_of_the_database_is_in_no_error(tmp_path: Path) -> None:
    del tmp_path
    database = Database("postgresql://someone:hunter2@127.0.0.1:1/nothing")
    with pytest.raises(Exception, match="does not answer") as raised, database.read():
        pass
    database.close()
    assert "hunter2" not in str(raised.value)
