"""Write docs/reference/commands.md from the commands themselves; `--check` only tells whether it is current."""

import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import Any

import typer

from punctual.cli.main import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"

_INTRODUCTION = """\
# Commands

What `punctual --help` and the help of each command say, on one page. See [the command line](../how-to/command-line.md)
for how to work with it.

This page is generated: `tools/commands_reference.py` writes it.
"""

_VALUES = {"<str>": "TEXT", "<path>": "PATH", "<int range>": "NUMBER", "<float range>": "NUMBER"}

Command = Any  # Typer's commands have no public type


def page() -> str:
    """Return the page as it should be."""
    return "\n".join([_INTRODUCTION, *_sections("punctual", typer.main.get_command(app), level=2)])


def _sections(name: str, command: Command, *, level: int) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if name != "punctual":
        yield f"{'#' * level} `{name}`\n"
    if not children:
        yield f"```\n{' '.join([name, *_usage(command)])}\n```\n"
    yield from _prose(command.help or "")
    context = typer.Context(command)
    yield from _table("Argument", [parameter for parameter in command.params if _is_argument(parameter)], context)
    yield from _table("Option", [parameter for parameter in command.params if not _is_argument(parameter)], context)
    for child_name, child in children.items():
        yield from _sections(f"{name} {child_name}", child, level=level + (name != "punctual"))


def _prose(text: str) -> Iterator[str]:
    """Give the paragraphs of a help text; lines that are examples become blocks of code."""
    for paragraph in cleandoc(text).split("\n\n"):
        lines = paragraph.splitlines()
        words = [line for line in lines if not _is_example(line)]
        examples = [line for line in lines if _is_example(line)]
        if words:
            yield _escaped("\n".join(words)) + "\n"
        if examples:
            yield "```console\n" + cleandoc("\n" + "\n".join(examples)) + "\n```\n"


def _is_example(line: str) -> bool:
    return line.startswith(("    ", "punctual "))


def _usage(command: Command) -> Iterator[str]:
    for parameter in command.params:
        if _is_argument(parameter):
            word = parameter.metavar or str(parameter.name).upper()
            yield word if parameter.required else f"[{word}]"
    if any(not _is_argument(parameter) for parameter in command.params):
        yield "[OPTIONS]"


def _is_argument(parameter: Command) -> bool:
    return bool(parameter.param_type_name == "argument")


def _table(title: str, parameters: list[Command], context: typer.Context) -> Iterator[str]:
    shown = [parameter for parameter in parameters if not getattr(parameter, "hidden", False)]
    if not shown:
        return
    rows = [f"| {title} | Meaning |", "|---|---|"]
    rows += [f"| {_names(parameter, context)} | {_meaning(parameter)} |" for parameter in shown]
    yield "\n".join(rows) + "\n"


def _names(parameter: Command, context: typer.Context) -> str:
    if _is_argument(parameter):
        return f"`{parameter.metavar or str(parameter.name).upper()}`"
    names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return names
    value = parameter.metavar or parameter.display_type(context)
    return f"{names} `{_VALUES.get(value, value)}`".replace("|", "\\|")


def _meaning(parameter: Command) -> str:
    meaning = _escaped(" ".join((parameter.help or "").split())).replace("|", "\\|")
    default = parameter.default
    if parameter.show_default and default not in {None, False} and not callable(default):
        meaning += f" Default: `{default}`."
    return meaning


def _escaped(text: str) -> str:
    """Return text of a help in which no asterisk starts emphasis."""
    return text.replace("*", "\\*")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.exists() and PAGE.read_text() == page() else f"{PAGE} is stale: run {__file__}")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
