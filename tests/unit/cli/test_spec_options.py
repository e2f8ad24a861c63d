"""The options that write a spec."""

from collections.abc import Callable
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from punctual.cli.spec_options import CatchUpWord, OnLostWord, OverlapWord, SpecOptions, complete, takes_spec_options
from punctual.domain.policies import CatchUpPolicy, OnLost, Overlap


def test_only_given_options_are_in_the_document() -> None:
    assert SpecOptions().document() == {}
    options = SpecOptions(
        task="app.t", trigger="every 2s", arg=["1", "x"], kwarg=["k=v"], description="", jitter="5m", catchup="none"
    )
    assert options.document() == {
        "task": "app.t",
        "trigger": "every 2s",
        "args": [1, "x"],
        "kwargs": {"k": "v"},
        "description": "",
        "jitter": "5m",
        "catchup": {"policy": "none"},
    }


def test_an_empty_text_takes_a_field_back_to_its_default() -> None:
    options = SpecOptions(queue="", start_at="", end_at="", max_runs=0, blackout=[""], allowed=[""])
    assert options.document() == {
        "queue": None,
        "start_at": None,
        "end_at": None,
        "max_runs": None,
        "calendars": {"blackout": [], "allowed": []},
    }


def test_message_options_are_given_and_taken_back() -> None:
    given = SpecOptions(
        exchange="reports",
        routing_key="a",
        priority="0",
        header=["tenant=7", "x=y"],
        soft_time_limit="50s",
        time_limit="1m",
    )
    assert given.document() == {
        "exchange": "reports",
        "routing_key": "a",
        "priority": 0,
        "headers": {"tenant": 7, "x": "y"},
        "soft_time_limit": "50s",
        "time_limit": "1m",
    }
    back = SpecOptions(exchange="", routing_key="", priority="", soft_time_limit="", time_limit="")
    assert back.document() == dict.fromkeys(("exchange", "routing_key", "priority", "soft_time_limit", "time_limit"))


def test_policies_are_given_part_by_part() -> None:
    options = SpecOptions(
        catchup_grace="5m",
        catchup_limit=7,
        overlap="buffer_one",
        concurrency_key="db",
        concurrency_limit=3,
        retry_attempts=4,
        retry_delay="10s",
        retry_backoff=1.5,
        retry_max_delay="1m",
        timeout="1h",
        expires="30m",
        pause_after_failures=5,
        on_lost="rerun",
    )
    assert options.document() == {
        "catchup": {"grace": "5m", "limit": 7},
        "overlap": "buffer_one",
        "concurrency": {"key": "db", "limit": 3},
        "retry": {"attempts": 4, "delay": "10s", "backoff": 1.5, "max_delay": "1m"},
        "timeout": "1h",
        "expires": "30m",
        "pause_after_failures": 5,
        "on_lost": "rerun",
    }


def test_policies_are_taken_back_by_an_empty_text_or_zero() -> None:
    options = SpecOptions(
        catchup_grace="",
        catchup_window="",
        catchup_limit=0,
        concurrency_key="",
        concurrency_limit=3,
        retry_delay="",
        retry_max_delay="",
        timeout="",
        expires="",
        pause_after_failures=0,
    )
    assert options.document() == {
        "catchup": {"grace": None, "window": None, "limit": None},
        "concurrency": None,
        "retry": {"delay": None, "max_delay": None},
        "timeout": None,
        "expires": None,
        "pause_after_failures": None,
    }


def test_the_words_of_the_options_are_those_of_the_policies() -> None:
    assert get_args(OverlapWord) == tuple(Overlap)
    assert get_args(OnLostWord) == tuple(OnLost)
    assert get_args(CatchUpWord) == tuple(CatchUpPolicy)


def test_bounds_without_an_offset_are_local_time(local_zone: Callable[[str], None]) -> None:
    local_zone("America/New_York")
    options = SpecOptions(start_at="2026-07-01T09:00", end_at="2026-12-01T00:00Z", max_runs=3)
    assert options.document() == {"start_at": "2026-07-01T13:00:00Z", "end_at": "2026-12-01T00:00:00Z", "max_runs": 3}


def test_a_bound_that_is_no_instant_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="no instant"):
        SpecOptions(start_at="soon").document()


def test_calendars_are_named_by_use() -> None:
    options = SpecOptions(blackout=["holidays", "freeze"], when_closed="next_open")
    assert options.document() == {"calendars": {"blackout": ["holidays", "freeze"], "when_closed": "next_open"}}


def test_a_trigger_may_be_an_object() -> None:
    document = SpecOptions(trigger='{"kind": "interval", "every": 2}').document()
    assert document == {"trigger": {"kind": "interval", "every": 2}}
    with pytest.raises(typer.BadParameter, match="--trigger is not JSON"):
        SpecOptions(trigger="{kind: interval}").document()


def test_a_command_takes_each_option_once_and_finds_them_in_one_place() -> None:
    app = typer.Typer()

    @app.command()
    @takes_spec_options
    def write(name: str, *, options: SpecOptions, loud: bool = False) -> None:
        """Write."""
        typer.echo(f"{name} {options.document()} {loud}")

    said = CliRunner().invoke(app, ["n", "--arg", "1", "--arg", "b", "--when-closed", "skip", "--loud"])
    assert said.output == "n {'args': [1, 'b'], 'calendars': {'when_closed': 'skip'}} True\n"
    assert "--max-runs" in CliRunner().invoke(app, ["--help"]).output


def test_labels_are_set_and_taken_away_one_by_one_or_all_at_once() -> None:
    options = SpecOptions(service="payments", label=["team=x=y", "tier=", "old-"])
    assert options.document() == {"service": "payments", "labels": {"team": "x=y", "tier": "", "old": None}}
    assert SpecOptions(service="", label=[""]).document() == {"service": None, "labels": None}
    assert complete(options.over({"labels": {"old": "1", "kept": "2"}}))["labels"] == {
        "kept": "2",
        "team": "x=y",
        "tier": "",
    }
    with pytest.raises(typer.BadParameter, match="KEY=VALUE"):
        SpecOptions(label=["team"]).document()
