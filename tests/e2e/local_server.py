"""A real `punctual up`, in a folder and on a port of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from servers.processes import ServerProcess, free_port

READY_WITHIN = 90.0


@dataclass(frozen=True)
class LocalServer:
    """A running server, and what a test asks of it beside the browser."""

    url: str
    token: str
    database_url: str

    def sign_in_link(self) -> str:
        """Return a new link, as `punctual sign-in` prints it."""
        link: str = self._ask("POST", "/sign-in-links")["url"]
        return link

    def schedule_names(self) -> list[str]:
        """Return the names of the stored schedules."""
        return [schedule["name"] for schedule in self._ask("GET", "/schedules")["items"]]

    def schedule(self, name: str) -> dict[str, Any]:
        """Return a stored schedule."""
        return self._ask("GET", f"/schedules/{name}")

    def calendar_names(self) -> list[str]:
        """Return the names of the stored calendars."""
        return [calendar["name"] for calendar in self._ask("GET", "/calendars")["items"]]

    def run_of_nobody(self, **fields: Any) -> UUID:
        """Make a schedule of a task that no worker serves, run it now, and return the run: the test is its worker."""
        document = {"task": "nobody.serves_it", "queue": "nobody-listens", "trigger": "@yearly", **fields}
        schedule = self._ask("POST", "/schedules?allow_unknown_task=true", document)
        return UUID(self._ask("POST", f"/schedules/{schedule['id']}/run-now")["id"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=headers, json=body)
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document


@contextmanager
def running(folder: Path) -> Iterator[LocalServer]:
    """Run `punctual up` until all of it is ready, and stop it at the end."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).parent / "punctual"
    process = ServerProcess(
        [program, "up", "--data-dir", folder, "--port", str(port), "--concurrency", "1"],
        log=folder / "up.log",
        environment={name: text for name, text in os.environ.items() if not name.startswith(("PUNCTUAL_", "CELERY_"))},
    )
    try:
        process.wait_until(lambda: _is_ready(url), within=READY_WITHIN)
        token = (folder / "admin.token").read_text().strip()
        yield LocalServer(url, token, f"sqlite:///{folder / 'punctual.db'}")
    finally:
        process.stop()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/health/ready").is_success
    except httpx.TransportError:
        return False
