"""Opening a database as a process does that comes first."""

from punctual.domain.errors import SetupError
from punctual.settings import Settings
from punctual.store.database import Database


def open_database(settings: Settings, url: str | None = None) -> Database:
    """Open the database of the settings, or of a URL, with its schema brought up to date.

    Makes the data folder where SQLite needs it. Raises SetupError and DatabaseUnavailableError.
    """
    from punctual.store.migrate import upgrade  # noqa: PLC0415 - slow to import

    if url is None and settings.database_url is None:
        try:
            settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            message = f"cannot make the data folder {settings.data_dir}: {error.strerror}"
            fix = "Set PUNCTUAL_DATA_DIR to a folder that you may write to, or PUNCTUAL_DATABASE_URL."
            raise SetupError(message, fix=fix) from error
    database = Database(url or settings.effective_database_url)
    try:
        upgrade(database)
    except BaseException:
        database.close()
        raise
    return database
