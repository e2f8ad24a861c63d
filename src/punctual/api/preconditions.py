"""Versions of schedules as entity tags: what is sent as ETag, and the check that If-Match asks for (RFC 9110)."""

import re
from typing import Annotated

from fastapi import Header

from punctual.control.schedules import Schedules
from punctual.domain.errors import StaleVersionError
from punctual.domain.schedule import Schedule

IfMatch = Annotated[
    str | None,
    Header(description="The ETag of the version that the change was made for; any other version is left alone."),
]

_TAG = re.compile(r'\s*"(\d{1,18})"\s*')


def etag(schedule: Schedule) -> str:
    """Return the entity tag of a schedule's version."""
    return f'"{schedule.version}"'


def expected_version(schedules: Schedules, ref: str, if_match: str | None) -> int | None:
    """Return the version that a change must find, or None where any will do.

    Raises NotFoundError, or StaleVersionError when the schedule is not at a version that If-Match names.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (_TAG.fullmatch(tag) for tag in if_match.split(","))
    wanted = {int(tag.group(1)) for tag in tags if tag}  # a weak or foreign tag never matches
    present = schedules.get(ref).version
    if present not in wanted:
        raise _stale(present)
    return present


def _stale(present: int) -> StaleVersionError:
    return StaleVersionError(
        f"The schedule has been changed since: it is at version {present} now. Nothing was changed.",
        fix="Read it again, and repeat the change on what it is now.",
    )
