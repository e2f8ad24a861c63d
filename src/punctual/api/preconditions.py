"""Versions as entity tags: what is sent as ETag, and the check that If-Match asks for (RFC 9110)."""

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import Header

from punctual.domain.errors import StaleVersionError

IfMatch = Annotated[
    str | None,
    Header(description="The ETag of the version that the change was made for; any other version is left alone."),
]

_TAG = re.compile(r'\s*"(\d{1,18})"\s*')


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def expected_version(read: Callable[[], int], if_match: str | None) -> int | None:
    """Return the version that a change must find, or None where any will do; `read` gives the present one.

    Raises what `read` raises, and StaleVersionError when the present version is none that If-Match names.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (_TAG.fullmatch(tag) for tag in if_match.split(","))
    wanted = {int(tag.group(1)) for tag in tags if tag}  # a weak or foreign tag never matches
    present = read()
    if present not in wanted:
        raise _stale(present)
    return present


def _stale(present: int) -> StaleVersionError:
    return StaleVersionError(
        f"It has been changed since: it is at version {present} now. Nothing was changed.",
        fix="Read it again, and repeat the change on what it is now.",
    )
