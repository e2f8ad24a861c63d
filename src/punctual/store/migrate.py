"""Bringing the schema of a database to what this code expects."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from punctual.domain.errors import SetupError
from punctual.store.database import Database, Transaction


def upgrade(database: Database) -> None:
    """Bring the schema to the newest version; several processes may call this at once.

    Raises SetupError when the database was made by a newer Punctual, and DatabaseUnavailableError.
    """
    with database.write() as tx:
        tx.dialect.serialise_migrations(tx.connection)
        try:
            command.upgrade(_config(tx), "head")
        except CommandError as error:
            message = f"The database does not fit this version of Punctual: {error}"
            fix = "Run the version of Punctual that last wrote this database, or a newer one."
            raise SetupError(message, fix=fix) from error


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to an earlier revision (`base`: to nothing)."""
    with database.write() as tx:
        tx.dialect.serialise_migrations(tx.connection)
        command.downgrade(_config(tx), revision)


def head() -> str:
    """Return the newest revision that this code knows."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    return revision or "base"


_SCRIPTS = Path(__file__).parent / "migrations"


def _config(tx: Transaction) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = tx.connection
    return config
