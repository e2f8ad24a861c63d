"""The page of commands says what the commands say."""

import commands_reference as commands
from punctual.cli.main import app


def test_the_page_of_commands_is_current() -> None:
    current = commands.PAGE.read_text(encoding="utf-8") == commands.page()
    assert current, "run: python tools/commands_reference.py"


def test_every_command_has_an_example_on_the_page() -> None:
    assert app.registered_commands
    sections = commands.page().split("\n## ")[1:]
    leaves = [section for block in sections for section in block.split("\n### ") if "[OPTIONS]" in section]
    assert len(leaves) > len(app.registered_commands)
    assert [leaf.splitlines()[0] for leaf in leaves if "```console\n" not in leaf] == []
