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


def stable_number(text: str) -> int:
    """Return a number of 64 bits that looks random and is the same for the same text in every process and release."""
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8], "big")


def new_secret(prefix: str) -> str:
    """Return a secret of 256 random bits, safe in a URL, whose prefix tells what it is for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def secret_hash(secret: str) -> str:
    """Return what is stored instead of a secret of `new_secret`'s strength: its SHA-256, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
