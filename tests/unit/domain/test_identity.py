"""Ids are the same everywhere, secrets are not."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

from punctual.domain.identity import new_secret, run_id, secret_hash
from punctual.domain.run import Cause

SCHEDULE = UUID("11111111-1111-4111-8111-111111111111")
INSTANT = datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1)))


def test_a_run_has_the_same_id_in_every_process_and_release() -> None:
    assert run_id(SCHEDULE, INSTANT, Cause.SCHEDULE) == UUID("bdcfa449-3c4b-551e-a474-b8e9cf25fe1a")


def test_the_zone_an_instant_is_written_in_does_not_matter() -> None:
    utc = INSTANT.astimezone(timezone(timedelta(hours=-5)))
    assert run_id(SCHEDULE, INSTANT, Cause.SCHEDULE) == run_id(SCHEDULE, utc, Cause.SCHEDULE)


def test_schedule_fire_time_and_cause_each_make_another_run() -> None:
    ids = {
        run_id(SCHEDULE, INSTANT, Cause.SCHEDULE),
        run_id(SCHEDULE, INSTANT, Cause.MANUAL),
        run_id(SCHEDULE, INSTANT + timedelta(microseconds=1), Cause.SCHEDULE),
        run_id(UUID(int=1), INSTANT, Cause.SCHEDULE),
    }
    assert len(ids) == 4


def test_secrets_differ_and_their_hash_does_not_contain_them() -> None:
    one, other = new_secret("pt"), new_secret("pt")
    assert one != other
    assert one.startswith("pt_")
    assert one.removeprefix("pt_") not in secret_hash(one)
    assert secret_hash(one) == secret_hash(one) != secret_hash(other)
