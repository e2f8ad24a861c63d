"""Policies in words, as people read them beside a schedule."""

from typing import Any

import pytest

from punctual.domain.explain.policy_words import policy_words
from punctual.domain.policies import Overlap
from punctual.domain.schedule import ScheduleSpec


def words(**fields: Any) -> dict[str, str]:
    return dict(policy_words(ScheduleSpec.model_validate({"name": "n", "task": "t", "trigger": "@daily"} | fields)))


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("overlap", "skip", "while a run has not ended, further ones are skipped"),
        ("overlap", "buffer_all", "one run at a time; the others wait for their turn"),
        ("concurrency", {"key": "db"}, "at most 1 at once with key 'db'"),
        ("retry", {"attempts": 2}, "up to 2 attempts, 10s after the last one failed"),
        ("retry", {"attempts": 9, "backoff": 1}, "up to 9 attempts, 10s after the last one failed"),
        ("retry", {"attempts": 4}, "up to 4 attempts, with pauses of 10s, 20s and 40s"),
        (
            "retry",
            {"attempts": 9, "max_delay": "5m"},
            "up to 9 attempts, with pauses that grow from 10s to 5m",
        ),
        ("timeout", "90m", "an attempt is terminated after 1h30m"),
        ("expires", 600, "a run that has not started 10m after its due time expires"),
        ("pause_after_failures", 1, "paused after 1 failed run in a row"),
        ("pause_after_failures", 5, "paused after 5 failed runs in a row"),
        ("on_lost", "rerun", "a run whose worker died is attempted again"),
        (
            "priority",
            0,
            "sent with priority 0; RabbitMQ lets higher ones go first, Redis lower ones",
        ),
        ("routing_key", "reports.a", "sent with routing key 'reports.a'"),
        ("headers", {"tenant": 1, "a": 2}, "sent with 2 headers of its own: a and tenant"),
        (
            "soft_time_limit",
            "90s",
            "after 90s Celery raises SoftTimeLimitExceeded in it, unless its worker has a pool of threads or solo",
        ),
        ("time_limit", "2m", "after 2m Celery kills its process, unless its worker has a pool of threads or solo"),
    ],
)
def test_a_policy_is_told_by_its_field(field: str, value: object, sentence: str) -> None:
    assert words(**{field: value}) == {field: sentence}


def test_an_exchange_is_told_with_its_routing_key() -> None:
    assert words(exchange="reports", routing_key="a") == {
        "exchange": "sent to the exchange 'reports' with routing key 'a'"
    }


def test_defaults_say_nothing() -> None:
    assert words() == {}
    assert words(retry={"attempts": 1, "delay": 60}) == {}


def test_every_kind_of_overlap_has_words_of_its_own() -> None:
    told = [words(overlap=overlap).get("overlap") for overlap in Overlap]
    assert len(set(told)) == len(Overlap)
