"""What `punctual up` shows once it is ready: where it is, how to get in, and what to try next."""

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from punctual.cli.listening import reachable, web_address
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.readiness import Available, Example
from punctual.settings import Settings

_TOKEN_VARIABLE = "PUNCTUAL_BOOTSTRAP_TOKEN"  # noqa: S105 - a name


@dataclass(frozen=True)
class Token:
    """The administrator's token; `given` when it came from the settings, and is then never shown."""

    value: str
    given: bool


def banner(settings: Settings, token: Token, found: Available, *, app: str | None, output: Output) -> str:
    """Return the text; every command in it can be copied into another terminal as it is."""
    address = settings.public_url or web_address(settings.host, settings.port)
    state = f"is not ready yet: {found.missing}" if found.missing else "is ready"
    lines = [
        "",
        f"  Punctual {state}",
        "",
        f"  Address   {output.bold(address)}",
        f"  Sign in   {_sign_in(found, settings)}",
        f"  Token     {_token(token, settings)}",
        "",
        "  Three things to try in another terminal:",
        "",
        "  1. Make a schedule",
        *_indented(_curl(settings, token, found.example or Example("punctual.heartbeat", {}))),
        "",
        "  2. See what it did",
        *_indented([f"{_surroundings(settings)}{program()} runs list"]),
        "",
        *_python(app, settings),
        "",
        "  Ctrl-C stops everything. The data stays in " + str(settings.data_dir),
        "",
    ]
    return "\n".join(lines)


def program() -> str:
    """Return the command that runs this program from the shell the reader most likely has."""
    if shutil.which("punctual"):
        return "punctual"
    script = Path(sys.executable).parent / "punctual"
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m punctual.cli.main"
    return shlex.quote(min(str(script), os.path.relpath(script), key=len))


def _sign_in(found: Available, settings: Settings) -> str:
    if found.sign_in_url is None:
        return f"{_surroundings(settings)}{program()} sign-in"
    return f"{found.sign_in_url}   (works once)"


def _token(token: Token, settings: Settings) -> str:
    if token.given:
        return f"the token in {_TOKEN_VARIABLE}"
    return f"{token.value}   (kept in {settings.local_token_file})"


def _curl(settings: Settings, token: Token, example: Example) -> list[str]:
    bearer = f'"Authorization: Bearer ${_TOKEN_VARIABLE}"' if token.given else f"'Authorization: Bearer {token.value}'"
    call = {"task": example.task} | ({"kwargs": example.kwargs} if example.kwargs else {})
    document = json.dumps({"name": "first", **call, "trigger": "every 10s"}, ensure_ascii=False)
    return [
        f"curl -sS {web_address(settings.host, settings.port)}/api/v1/schedules \\",
        f"  -H {bearer} -H 'Content-Type: application/json' \\",
        f"  -d '{document}'",
    ]


def _python(app: str | None, settings: Settings) -> list[str]:
    title = "  3. Declare one in your app's code" if app else "  3. Schedule the tasks of your own Celery app"
    code = [
        "from punctual import Punctual, every",
        "punctual = Punctual(app)                # your Celery app",
        "@punctual.scheduled(every(10))          # above @app.task",
    ]
    start = [] if app else _indented(["", f"{program()} up -A proj.celery" + _data_option(settings)])
    return [title, *_indented(code), *start]


def _data_option(settings: Settings) -> str:
    return "" if _is_default(settings, "data_dir") else f" --data-dir {shlex.quote(str(settings.data_dir))}"


def _surroundings(settings: Settings) -> str:
    """Return the variables that the management commands need to find this server and its token."""
    given = {}
    host, port = reachable(settings.host), settings.port
    if (host, port) != ("127.0.0.1", 8710):
        given["PUNCTUAL_URL"] = web_address(host, port)
    if not _is_default(settings, "data_dir"):
        given["PUNCTUAL_DATA_DIR"] = str(settings.data_dir)
    return "".join(f"{name}={shlex.quote(value)} " for name, value in given.items())


def _is_default(settings: Settings, name: str) -> bool:
    return bool(getattr(settings, name) == Settings.model_fields[name].get_default(call_default_factory=True))


def _indented(lines: list[str]) -> list[str]:
    return [f"     {line}" if line else "" for line in lines]
