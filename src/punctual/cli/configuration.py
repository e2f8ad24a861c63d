"""The settings of a process command: its options over the environment over the settings file."""

from typing import TYPE_CHECKING

from punctual.domain.errors import SetupError

if TYPE_CHECKING:
    from punctual.settings import Settings


def process_settings(**options: object) -> "Settings":
    """Read the settings; an option of None leaves the setting to the environment.

    Raises SetupError that names each variable at fault, in one line.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - slow to import, and not needed for help

    from punctual.settings import Settings  # noqa: PLC0415 - same

    given = {name: value for name, value in options.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type] # pydantic checks them
    except ValidationError as error:
        faults = [f"PUNCTUAL_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()]
        message = f"bad settings: {'; '.join(faults)}"
        raise SetupError(message, fix="Correct them in the environment or the settings file.") from error
    except (OSError, ValueError) as error:  # the settings file
        message = f"the settings file cannot be read: {error}"
        raise SetupError(message, fix="Correct the file that PUNCTUAL_SETTINGS_FILE names.") from error
