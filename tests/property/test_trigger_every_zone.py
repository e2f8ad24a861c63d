"""Every time zone of the database, where its clocks change between 1970 and 2037, against a scan of every instant."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from property.oracles.clocks import HOUR, LONGEST_SHIFT, MINUTE, SECOND, ZONES, Change, changes_of
from property.oracles.cron import ANY_SECOND, ON_THE_MINUTE, YEARS, Rule, check, listed, numbers, rules
from punctual.domain.triggers import Once

NOWHERE = datetime.min.replace(tzinfo=UTC)
KNOBS = [("shift", "first"), ("skip", "second"), ("shift", "both")]


for_each_zone = pytest.mark.parametrize("timezone", ZONES)


def seeded(timezone: str, examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The same random examples in each run, and others for each zone."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        chosen = settings(max_examples=examples, deadline=None, database=None)(test)
        return seed(zlib.crc32(timezone.encode()))(chosen)

    return decorated


PICKS = st.none() | st.lists(st.integers(0, 23), min_size=1, max_size=3)
"""Places in the list of the hours at which a zone's clocks change; None keeps the hours of the rule."""
MINUTE_RULES = rules(ON_THE_MINUTE, numbers(0, 23))
SECOND_RULES = rules(ANY_SECOND, numbers(0, 23), YEARS)


def near(changes: tuple[Change, ...], rule: Rule, picks: list[int] | None) -> Rule:
    """The rule at hours of the day at which these changes are, or beside them."""
    edges = [wall for change in changes for wall in (change.wall_from, change.wall_to)]
    hours = sorted({(wall + beside).hour for wall in edges for beside in (-HOUR, 0 * HOUR, HOUR)})
    return rule if picks is None else replace(rule, hour=listed([hours[pick % len(hours)] for pick in picks]))


@for_each_zone
def test_cron_around_every_kind_of_change_of_a_zone(timezone: str) -> None:
    changes = changes_of(timezone)
    windows = [change.whole(30 * MINUTE) for change in changes]

    @seeded(timezone, 2)
    @given(rule=MINUTE_RULES, picks=PICKS)
    def holds(rule: Rule, picks: list[int] | None) -> None:
        for window in windows:
            check(near(changes, rule, picks), timezone, [window], MINUTE)

    holds()


@for_each_zone
def test_cron_with_seconds_and_years_around_a_change_of_a_zone(timezone: str) -> None:
    changes = changes_of(timezone)

    @seeded(timezone, 2)
    @given(rule=SECOND_RULES, picks=PICKS, change=st.integers(0, 23).map(lambda number: changes[number % len(changes)]))
    def holds(rule: Rule, picks: list[int] | None, change: Change) -> None:
        check(near((change,), rule, picks), timezone, change.edges(90 * SECOND), SECOND)

    holds()


@settings(max_examples=80, deadline=None)
@given(rule=MINUTE_RULES, picks=PICKS, timezone=st.sampled_from(ZONES), number=st.integers(0, 23))
def test_cron_around_any_change_of_any_zone_with_other_examples_in_each_run(
    rule: Rule, picks: list[int] | None, timezone: str, number: int
) -> None:
    changes = changes_of(timezone)
    change = changes[number % len(changes)]
    check(near((change,), rule, picks), timezone, [change.whole(HOUR)], MINUTE)


@for_each_zone
def test_once_at_the_wall_times_of_every_kind_of_change_of_a_zone(timezone: str) -> None:
    for change in changes_of(timezone):
        quarter = max(change.size / 4 // MINUTE * MINUTE, MINUTE)
        walls = [change.wall_from + number * quarter for number in range(-1, 6)] + [change.wall_to - MINUTE]
        passes: dict[datetime, list[datetime]] = {}
        for instant, wall in change.whole(HOUR + quarter):
            passes.setdefault(wall, []).append(instant)
        for wall, (on_gap, on_fold) in product(walls, KNOBS):
            instants = passes.get(wall, [])
            wanted = {"first": instants[:1], "second": instants[-1:], "both": instants}[on_fold]
            if not instants and on_gap == "shift" and change.size <= LONGEST_SHIFT:
                wanted = [change.instant]
            assert fire_times_of(wall, timezone, on_gap, on_fold) == wanted, (wall, on_gap, on_fold)


def fire_times_of(wall: datetime, timezone: str, on_gap: str, on_fold: str) -> list[datetime]:
    """All fire times of a `once`, forwards and backwards alike; none where it is refused."""
    fields: dict[str, Any] = {"at": wall, "timezone": timezone, "on_gap": on_gap, "on_fold": on_fold}
    try:
        trigger = Once(**fields)
    except ValueError:
        return []
    found, following = [], trigger.next_after(NOWHERE)
    while following is not None:
        found.append(following)
        following = trigger.next_after(following)
    preceding = trigger.previous_before(datetime.max.replace(tzinfo=UTC))
    for expected in reversed(found):
        assert preceding == expected
        preceding = trigger.previous_before(expected)
    assert preceding is None
    assert trigger.count_between(found[0], found[-1], 9) == (len(found), True)
    return found
