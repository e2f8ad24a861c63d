"""Watching the server until a schedule would fire and a worker would run it."""

import http.client
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from punctual.domain.clock import monotonic

_POLL_SECONDS = 0.2
_LATE_POLL_SECONDS = 2.0
_FIRST_WORD_AFTER = 3.0
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Waiting:
    """What is not there yet, in words; said when it changes."""

    text: str


@dataclass(frozen=True)
class Available:
    """The server answers, and everything is ready unless `missing` says what is not.

    `sign_in_url` and `example` are None where the server did not tell.
    """

    missing: str | None
    sign_in_url: str | None
    example: "Example | None"


@dataclass(frozen=True)
class Example:
    """A task call to try out, of a task that a worker serves."""

    task: str
    kwargs: dict[str, str]


class Readiness:
    """Polls the server in a thread of its own and tells `post` what it finds: Waiting, then Available.

    After `patience` seconds it tells that the server is Available though something is missing, and once more when all
    is ready.
    """

    def __init__(
        self, host: str, port: int, token: str, *, post: Callable[[object], None], patience: float = 60
    ) -> None:
        """Prepare; `start` starts it."""
        self._address = (host, port)
        self._token = token
        self._post = post
        self._patience = patience
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readiness", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()

    def _watch(self) -> None:
        began = monotonic()
        said = ""
        overdue = False
        while not self._stopping.wait(_LATE_POLL_SECONDS if overdue else _POLL_SECONDS):
            missing = self._missing()
            if missing is None:
                self._post(self._available(None))
                return
            waited = monotonic() - began
            if waited > _FIRST_WORD_AFTER and missing != said:
                said = missing
                self._post(Waiting(missing))
            if waited > self._patience and not overdue:
                overdue = True
                self._post(self._available(missing))

    def _missing(self) -> str | None:
        """Return what is not ready, in words; None when all is."""
        status, document = self._ask("GET", "/api/v1/health/ready")
        if status == http.client.OK:
            return None
        checks = document.get("checks", [])
        missing = [f"{check['name']} ({_first_sentence(check['message'])})" for check in checks if not check["ok"]]
        return ", ".join(missing) or "the server"

    def _available(self, missing: str | None) -> Available:
        _, link = self._ask("POST", "/api/v1/sign-in-links")
        _, tasks = self._ask("GET", "/api/v1/tasks?limit=200")
        return Available(missing, sign_in_url=link.get("url"), example=_example(tasks.get("items", [])))

    def _ask(self, method: str, path: str) -> tuple[int, dict[str, Any]]:
        """Return status and document of an answer; (0, {}) when there is none."""
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, path, headers={"Authorization": f"Bearer {self._token}", "Content-Length": "0"})
            answer = connection.getresponse()
            document = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
        finally:
            connection.close()
        return answer.status, document if isinstance(document, dict) else {}


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _example(tasks: list[dict[str, Any]]) -> Example | None:
    """Return a call of the built-in heartbeat, else of the task with the fewest arguments that must be given."""
    calls = [Example(task["name"], dict.fromkeys(_required(task), "…")) for task in tasks]
    calls.sort(key=lambda call: (call.task != "punctual.heartbeat", len(call.kwargs), call.task))
    return calls[0] if calls else None


def _required(task: dict[str, Any]) -> list[str]:
    return list((task.get("signature") or {}).get("required") or [])
