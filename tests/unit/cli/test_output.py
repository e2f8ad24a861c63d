"""What the commands print: safe on a terminal, whole in a pipe, told in the local zone."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from punctual.cli.output import (
    Column,
    compact,
    local,
    marked,
    pretty,
    print_facts,
    print_json,
    print_names,
    print_table,
    printable,
    relative,
    table,
    took,
    when,
)

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
CLEAR_SCREEN = "\x1b[2J"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (0.4, "now"),
        (-0.9, "now"),
        (4.9, "in 4s"),
        (-59, "59s ago"),
        (60, "in 1m"),
        (-150, "2m ago"),
        (3600, "in 1h"),
        (-47 * 3600, "47h ago"),
        (48 * 3600, "in 2d"),
        (-400 * 86400, "400d ago"),
    ],
)
def test_a_time_is_told_from_now_in_its_largest_unit(seconds: float, words: str) -> None:
    assert relative(NOW + timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.314, "0.31s"), (12, "12.0s"), (125.9, "2m 5s"), (3 * 3600 + 62, "3h 1m")]
)
def test_a_duration_is_told_as_exactly_as_it_matters(seconds: float, words: str) -> None:
    assert took(NOW.isoformat(), (NOW + timedelta(seconds=seconds)).isoformat()) == words


def test_what_has_not_ended_took_nothing_yet() -> None:
    assert took(NOW.isoformat(), None) == ""
    assert took(None, None) == ""


def test_an_instant_is_told_in_the_local_zone_and_from_now(local_zone: Callable[[str], None]) -> None:
    local_zone("Europe/Berlin")
    assert local(NOW) == "2026-07-01 14:00:00 CEST"
    assert when("2026-12-01T12:00:00Z", NOW) == "2026-12-01 13:00:00 CET (in 153d)"
    assert when(None, NOW) is None


@pytest.mark.parametrize("text", ["plain", "größe 漢字", "two\nlines\tand a tab", "non\xa0breaking"])
def test_ordinary_text_is_printed_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (CLEAR_SCREEN, "\\x1b[2J"),
        ("a\rb", "a\\rb"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egpj", "\\u202egpj"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_nothing_from_the_server_can_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("note", CLEAR_SCREEN)])
    print_names([CLEAR_SCREEN])
    print_table([Column("NAME")], [[CLEAR_SCREEN]])
    print_json({"note": CLEAR_SCREEN + "\x9b"})
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x9b" not in printed


@pytest.mark.parametrize("written", [pretty, compact])
def test_json_is_the_whole_document_and_reads_back_the_same(written: Callable[[Any], str]) -> None:
    document = {"name": "größe", "odd": "\x1b\x7f\x9b\xad\u202e\u2028\ud800\U000e0001", "n": [1, 2.5, None, True]}
    assert json.loads(written(document)) == document
    assert "größe" in written(document)
    assert printable(written(document)) == written(document)


def test_markup_in_a_name_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Column("NAME")], [["[red]a[/red] :smile:"]])
    assert "[red]a[/red] :smile:" in capsys.readouterr().out


def test_a_table_in_a_pipe_is_never_cut_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Column("NAME"), Column("STATE", wide=True)], [["n" * 300, "active"]])
    printed = capsys.readouterr().out
    assert "n" * 300 in printed
    assert "active" in printed
    assert "\x1b" not in printed


def rendered(width: int) -> str:
    columns = [Column("NAME", wrap=True), Column("STATE"), Column("TASK", wide=True)]
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(table(columns, [["backup", "active", "app.backup"]], width=width))
    return capture.get()


def test_a_narrow_terminal_leaves_out_the_less_important_columns() -> None:
    assert "app.backup" in rendered(120)
    assert "app.backup" not in rendered(60)
    assert "backup" in rendered(60)


def test_facts_that_are_not_known_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("name", "backup"), ("error", None), ("description", ""), ("result", "{\n  1\n}")])
    assert capsys.readouterr().out.splitlines() == ["name    backup", "result  {", "          1", "        }"]


@pytest.mark.parametrize(
    ("text", "position", "lines"),
    [
        ("0 25 * * *", 2, ["  0 25 * * *", "    ^"]),
        ("0 2 * *", 7, ["  0 2 * *", "         ^"]),
        ("a\x1bb", 1, []),
    ],
)
def test_a_place_in_a_text_is_marked_below_it(text: str, position: int, lines: list[str]) -> None:
    assert marked(text, position) == lines


def test_of_a_long_text_only_the_part_around_the_place_is_shown() -> None:
    shown, mark = marked("a" * 300 + "X" + "b" * 300, 300)
    assert shown[mark.index("^")] == "X"
    assert shown.startswith("  ...a")
    assert shown.endswith("b...")
    assert len(shown) < 100
