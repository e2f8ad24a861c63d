"""Pin anew what pyproject.toml asks for into requirements/, keeping present pins; arguments go to `uv pip compile`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PROJECT, _PINS = "pyproject.toml", "requirements/dev.txt"
_WANTED = {
    "dev": [_PROJECT, "--group", "build", "--group", "dev"],
    "runtime": [_PROJECT, "--group", "build", "-c", _PINS],
    "celery55": [_PROJECT, "--group", "build", "--group", "celery55"],
    "node": ["--group", "node"],
}


def main(arguments: list[str]) -> int:
    """Compile each file; the exit code is that of the first compilation that fails."""
    uv = shutil.which("uv") or str(ROOT / ".venv/bin/uv")
    environment = {k: v for k, v in os.environ.items() if not re.match(r"UV_(INDEX|EXTRA_INDEX|FIND_LINKS)", k)}
    command = [uv, "pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", "3.11"]
    command += ["--generate-hashes", "--custom-compile-command", "python3 dev.py lock", *arguments]
    for name, wanted in _WANTED.items():
        compiled = [*command, *wanted, "-o", f"requirements/{name}.txt"]
        code = subprocess.run(compiled, cwd=ROOT, env=environment, check=False).returncode
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
