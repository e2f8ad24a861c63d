"""`punctual tasks`: what the workers can do, and how to schedule it."""

import json
import shlex
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from punctual.cli.client import Connection
from punctual.cli.tasks import app
from punctual.testing import ManualClock

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
TASK: dict[str, Any] = {
    "name": "app.backup",
    "description": "Copy a folder away.\n\nKeeps the newest copies.\n",
    "queues": ["celery", "slow"],
    "live": True,
    "seen_at": "2026-07-01T11:59:00Z",
    "gone_since": None,
    "signature": {
        "type": "object",
        "properties": {
            "keep": {"type": "integer", "default": 7, "description": "How many copies stay."},
            "source": {"type": "string", "format": "path"},
            "target": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "mode": {"enum": ["full", "delta"]},
            "tags": {"type": "array", "items": {"type": "string"}, "default": []},
            "limits": {"$ref": "#/$defs/Limits"},
            "rate": {"type": ["number", "null"]},
            "rest": {},
        },
        "required": ["source", "target", "mode"],
        "additionalProperties": False,
        "x-positional": ["source", "target", "keep"],
        "x-positional-only": ["source"],
    },
}


def said(document: Any, *arguments: str) -> str:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    result = CliRunner().invoke(app, arguments, obj=Connection(transport=transport, clock=ManualClock(NOW)))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_tells_which_tasks_are_served() -> None:
    gone = TASK | {"name": "app.old", "live": False, "gone_since": "2026-06-28T12:00:00Z"}
    lines = said({"items": [TASK, gone], "next_cursor": None}, "list").splitlines()
    assert lines[0].split() == ["TASK", "SERVED", "QUEUES", "DESCRIPTION"]
    assert lines[1].split() == ["app.backup", "now", "celery,", "slow", "Copy", "a", "folder", "away."]
    assert lines[2].split()[:5] == ["app.old", "gone", "3d", "ago", "celery,"]
    assert "by no worker since 2026-06-28 12:00:00" in said(gone, "show", "app.old")


def test_programs_get_names_or_the_documents() -> None:
    page = {"items": [TASK], "next_cursor": None}
    assert said(page, "list", "-o", "name") == "app.backup\n"
    assert json.loads(said(page, "list", "-o", "json")) == page
    assert json.loads(said(TASK, "show", "app.backup", "-o", "json")) == TASK


def test_without_tasks_it_says_where_they_come_from() -> None:
    assert "plug-in" in said({"items": [], "next_cursor": None}, "list")


def test_show_tells_the_docstring_and_each_parameter_in_its_order() -> None:
    shown = said(TASK, "show", "app.backup")
    assert "Copy a folder away." in shown
    assert "Keeps the newest copies." in shown
    table = shown[shown.index("PARAMETER") : shown.index("To schedule")].strip().splitlines()
    assert [line.split() for line in table] == [
        ["PARAMETER", "TYPE", "DEFAULT", "DESCRIPTION"],
        ["source", "string", "(path)", "required"],
        ["target", "string", "|", "null", "required"],
        ["keep", "integer", "7", "How", "many", "copies", "stay."],
        ["mode", '"full"', "|", '"delta"', "required"],
        ["tags", "array", "of", "string", "[]"],
        ["limits", "Limits"],
        ["rate", "number", "|", "null"],
        ["rest", "any"],
    ]


def test_show_gives_a_command_line_with_every_required_argument() -> None:
    line = said(TASK, "show", "app.backup").splitlines()[-1]
    assert shlex.split(line) == [
        *("punctual", "schedules", "create", "NAME", "--task", "app.backup", "--trigger", "every 10m"),
        *("--arg", "SOURCE", "--kwarg", "target=TARGET", "--kwarg", "mode=full"),
    ]


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (None, "Its parameters are not known"),
        ({"properties": {}, "additionalProperties": False}, "It takes no arguments."),
        ({"properties": {}, "additionalProperties": True}, "It takes further arguments"),
        ({"properties": {}, "additionalProperties": False, "x-var-positional": True}, "It takes further arguments"),
    ],
)
def test_show_says_what_is_not_in_the_table(signature: object, words: str) -> None:
    assert words in said(TASK | {"signature": signature}, "show", "app.backup")


@pytest.mark.parametrize("command", ["list", "show"])
def test_the_help_of_every_command_shows_an_example(command: str) -> None:
    assert f"punctual tasks {command}" in said(None, command, "--help")
