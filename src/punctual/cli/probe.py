"""A look at the user's Celery app from a process of its own: `python -m punctual.cli.probe NAME`.

`punctual up` asks it before it starts anything, so that the user's code never runs inside the supervisor. It answers
with one JSON document on standard output: `{"broker": bool}`, or `{"message": …, "fix": …}` when there is no such app.
What the user's code prints goes to standard error.
"""

import json
import os
import subprocess
import sys

from punctual.domain.errors import PunctualError, SetupError

_LONGEST_IMPORT = 60.0


def has_broker(name: str) -> bool:
    """Return whether the user's app names a broker; raises SetupError when there is no such app."""
    try:
        done = subprocess.run(  # noqa: S603 - our own module, run by our own interpreter
            [sys.executable, "-m", "punctual.cli.probe", name],
            stdout=subprocess.PIPE,
            timeout=_LONGEST_IMPORT,
            check=False,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        message = f"importing {name!r} takes longer than {_LONGEST_IMPORT:g} s"
        raise SetupError(message, fix="Keep slow work out of the module's top level.") from error
    except ValueError as error:
        message = f"the process that imports {name!r} ended with exit code {done.returncode}"
        raise SetupError(message, fix=f"See what happens: python -c 'import {name.partition(':')[0]}'") from error
    if "message" in answer:
        raise SetupError(answer["message"], fix=answer["fix"])
    return bool(answer["broker"])


def main() -> None:
    """Answer on what was standard output."""
    with os.fdopen(os.dup(1), "w") as answer:
        os.dup2(2, 1)
        json.dump(_look(sys.argv[1]), answer)


def _look(name: str) -> dict[str, object]:
    try:
        from punctual.celery.app import find_app  # noqa: PLC0415 - reads the settings, which may be wrong

        return {"broker": bool(find_app(name).conf.broker_url)}
    except PunctualError as error:
        return {"message": error.message, "fix": error.fix}


if __name__ == "__main__":
    main()
