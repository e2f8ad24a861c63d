"""The local administrator's token: a file that only its owner can read."""

import os
from pathlib import Path

from punctual.domain.errors import SetupError
from punctual.domain.identity import new_secret

_SHORTEST = 16


def local_token(file: Path) -> str:
    """Return the token in the file, which is made with a new one when it is missing or holds none.

    Raises SetupError when the file cannot be read or written.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+", encoding="utf-8") as stream:
            os.fchmod(descriptor, 0o600)
            token = stream.read().strip()
            if len(token) >= _SHORTEST:
                return token
            token = new_secret("pt")
            stream.seek(0)
            stream.truncate()
            stream.write(f"{token}\n")
            return token
    except (OSError, UnicodeDecodeError) as error:
        message = f"the token file {file} cannot be used: {error}"
        raise SetupError(message, fix="Remove it: `punctual up` makes a new one.") from error
