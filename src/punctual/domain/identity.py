"""The only maker of ids, tokens, hashes of them, and numbers that look random."""

import hashlib
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID, uuid4, uuid5

if TYPE_CHECKING:
    from punctual.domain.run import Cause

_RUNS = UUID("6f1d3a52-0f0c-5b0e-9a55-3d3f1c6e7b10")
_ADHOC_RUNS = UUID("0b4f2c1e-6f57-5c7a-8f0d-52b1c3d9a7e4")
_ADHOC_TASKS = UUID("b3a7de90-41c6-5e0b-9d38-7c25f1e64a02")


def new_id() -> UUID:
    """Return a fresh random id (RFC 9562, version 4)."""
    return uuid4()


@lru_cache(maxsize=8192)  # asked for once when a batch is recorded, and again when its messages are made
def run_id(schedule_id: UUID, fire_time: datetime, cause: "Cause") -> UUID:
    """Return the one id of the run for this schedule, fire time and cause; it is also the Celery task id.

    The same arguments give the same id in every process and release (RFC 9562, version 5).
    """
    instant = fire_time.astimezone(UTC).isoformat(timespec="microseconds")
    return uuid5(_RUNS, f"{schedule_id}/{instant}/{cause.value}")


def adhoc_run_id(task_id: str) -> UUID:
    """Return the id of the run of a task that Punctual did not send: the task's own where that is a UUID."""
    try:
        return UUID(task_id)
    except ValueError:
        return uuid5(_ADHOC_RUNS, task_id)


def adhoc_schedule_id(task: str) -> UUID:
    """Return the id of what stands for a schedule of the runs of a task that Punctual did not send."""
    return uuid5(_ADHOC_TASKS, task)


def stable_number(text: str) -> int:
    """Return a number of 64 bits that looks random and is the same for the same text in every process and release."""
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big")


def new_secret(prefix: str) -> str:
    """Return a secret of 256 random bits, safe in a URL, whose prefix tells what it is for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """Return what is stored instead of a secret of `new_secret`'s strength: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
