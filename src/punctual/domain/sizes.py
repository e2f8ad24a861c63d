"""Sizes of data as people write them."""

import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib)?", re.IGNORECASE)
_FACTORS = {"b": 1, "kb": 1024, "kib": 1024, "mb": 1024**2, "mib": 1024**2}


def read_size(text: str) -> int:
    """Return how many bytes `64KB`, `1.5 MB` or `65536` are, with 1,024 bytes to the KB; raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        msg = "must be a number of bytes, such as 65536, 64KB or 1MB"
        raise ValueError(msg)
    return int(float(found[1]) * _FACTORS[(found[2] or "b").lower()])


def write_size(size: int) -> str:
    """Return a number of bytes for people: `512 B`, `3.2 MB`."""
    for unit, factor in (("MB", 1024**2), ("KB", 1024)):
        if size >= factor:
            amount = f"{size / factor:,.1f}"
            return f"{amount.removesuffix('.0')} {unit}"
    return f"{size} B"
