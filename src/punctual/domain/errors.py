"""Every error a person can meet: a stable code, a sentence, and the fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input, named by its path (`trigger.timezone`, `args[0]`).

    Where a single place of a text is at fault, `position` is its zero-based offset in `text`, else None.
    """

    path: str
    code: str
    message: str
    fix: str = ""
    text: str = ""
    position: int | None = None


class PunctualError(Exception):
    """Base of all errors that Punctual raises on purpose; `code` never changes between releases."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, fix: str = "") -> None:
        """Keep the sentence for people and what they can do about it."""
        super().__init__(message)
        self.message = message
        self.fix = fix


class InvalidInputError(PunctualError):
    """The input has one or more faults; nothing was changed."""

    code = "invalid_input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep all faults, in the order they were found."""
        super().__init__(
            "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in faults),
            fix="Correct the fields named in `errors` and send the request again. Nothing was changed.",
        )
        self.faults = tuple(faults)


class FieldError(PunctualError, ValueError):
    """A value that cannot be used; `field` is the field of the document at fault, empty for the whole of it."""

    def __init__(self, message: str, *, fix: str = "", field: str = "") -> None:
        """Keep the field, beside the sentence and the fix."""
        super().__init__(message, fix=fix)
        self.field = field

    def fault_at(self, path: str) -> Fault:
        """Return this error as the fault of an input at the path."""
        return Fault(path, self.code, self.message, self.fix)


class TriggerError(FieldError):
    """A trigger that cannot be read or would never fire.

    `field` is the part of the trigger at fault (`expression`, `timezone`, `every`, `at`), empty for the whole text;
    `position` is the zero-based offset of the faulty characters in `text`, or None where no single place is at fault.
    """

    code = "invalid_trigger"

    def __init__(
        self, message: str, *, fix: str = "", field: str = "", text: str = "", position: int | None = None
    ) -> None:
        """Keep where the fault is, beside the sentence and the fix."""
        super().__init__(message, fix=fix, field=field)
        self.text = text
        self.position = position

    def fault_at(self, path: str) -> Fault:
        """Return this error as the fault of an input at the path, with the place in the text."""
        text = "" if self.position is None else self.text
        return Fault(path, self.code, self.message, self.fix, text, self.position)


class MessageOptionError(FieldError):
    """A message option that makes no sense beside another one."""

    code = "invalid_message_option"


class CalendarError(FieldError):
    """A calendar, or a rule of one, that cannot be read."""

    code = "invalid_calendar"


class NotFoundError(PunctualError):
    """There is no such thing, or no longer."""

    code = "not_found"


class ConflictError(PunctualError):
    """The request does not fit the present state (a taken name, a changed version, a schedule owned by code)."""

    code = "conflict"


class StaleVersionError(ConflictError):
    """Somebody else changed the thing since it was read."""

    code = "stale_version"


class UnauthenticatedError(PunctualError):
    """No credential, or one that is unknown or expired."""

    code = "unauthenticated"


class DatabaseUnavailableError(PunctualError):
    """The database does not answer, or (its subclasses) does not do what it should; the caller may try again.

    `sentence` and the fix are for anybody. The message adds the driver's own words, which may name hosts and users.
    """

    code = "database_unavailable"
    sentence: ClassVar[str] = "The database does not answer."
    remedy: ClassVar[str] = "Check that the database runs and can be reached."

    def __init__(self, cause: str = "") -> None:
        """Keep the driver's words, where there are any."""
        super().__init__(
            f"{self.sentence[:-1]}: {cause}" if cause else self.sentence,
            fix=f"{self.remedy} Punctual goes on by itself when that is mended.",
        )


class DatabaseSilentError(DatabaseUnavailableError):
    """The database says nothing at all: it is stopped, or the network to it is cut."""


class DatabaseReadOnlyError(DatabaseUnavailableError):
    """The database can be read and not written: a standby, a switch of its administrator, a read-only file."""

    code = "database_read_only"
    sentence = "The database takes no changes: it is read-only."
    remedy = (
        "PostgreSQL: name the primary server, and look at default_transaction_read_only. "
        "SQLite: let Punctual's user write the file, those with -wal and -shm beside it, and the folder."
    )


class DatabaseFullError(DatabaseUnavailableError):
    """The database has no room for what is to be written."""

    code = "database_full"
    sentence = "The database has no room left on its disk."
    remedy = "Make room on the disk of the database."


class DatabaseLockedError(DatabaseUnavailableError):
    """Somebody else held what is to be written for too long."""

    code = "database_locked"
    sentence = "Another program holds a lock in the database for too long."
    remedy = "Look for a long transaction, a backup or a stopped process that has the database open."


class DatabaseOverloadedError(DatabaseUnavailableError):
    """The database answers too slowly, or all connections to it are in use."""

    code = "database_overloaded"
    sentence = "The database has more to do than it can."
    remedy = "Look at the load of the database, at its slow statements and at its limit of connections."


class DatabaseDamagedError(DatabaseUnavailableError):
    """The database meets errors in its own files."""

    code = "database_damaged"
    sentence = "The database cannot read or write its own files."
    remedy = "Look at the disk and at the database's own log; restore a backup if the files are damaged."


class BrokerUnavailableError(PunctualError):
    """The broker does not take messages; the caller may try again."""

    code = "broker_unavailable"


class SetupError(PunctualError):
    """A process cannot start as it was asked to: a busy port, an unwritable folder, a missing app."""

    code = "setup"


class LockBusyError(PunctualError):
    """A lock, or the result of a call that runs elsewhere, could not be had in time; the caller may try again."""

    code = "lock_busy"


class ResultNotKeptError(PunctualError):
    """A function that may run once per key gave what cannot be kept; it has run."""

    code = "result_not_kept"


UNPLANNABLE = (PunctualError, ArithmeticError, LookupError, TypeError, ValueError)
"""What a stored schedule that is broken, or that another release wrote, raises when it is asked for fire times."""
