"""How the command line, a file and an editor become documents."""

import io
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from punctual.cli.arguments import (
    edited,
    merge_patch,
    parse_pairs,
    parse_value,
    read_document,
    spec_of,
    spec_patch,
)
from punctual.domain.errors import SetupError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ('"5"', "5"),
        ('["a", {"b": 1}]', ["a", {"b": 1}]),
        ("five", "five"),
        ("007", "007"),
        ("/srv/data", "/srv/data"),
        ("", ""),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("1e999", "1e999"),
        ("{not json", "{not json"),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_a_value_is_json_where_it_reads_as_json_and_else_text(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def test_only_the_first_equals_sign_parts_key_and_value() -> None:
    assert parse_pairs(["query=a=b", "keep=7", "empty="]) == {"query": "a=b", "keep": 7, "empty": ""}


@pytest.mark.parametrize("pair", ["keep", "=7", ""])
def test_a_pair_without_key_or_value_is_refused_with_an_example(pair: str) -> None:
    with pytest.raises(typer.BadParameter, match="--kwarg keep=7"):
        parse_pairs([pair])


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(typer.BadParameter, match="twice"):
        parse_pairs(["keep=7", "keep=8"])


def test_a_document_is_read_from_a_file_or_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"name": "größe"}', encoding="utf-8")
    assert read_document(str(file)) == {"name": "größe"}
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"name": "b"}'))
    assert read_document("-") == {"name": "b"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [('{"a": 1,\n "b" 2}', "line 2, column 6"), ("[1]", "one JSON object"), ('{"a": NaN}', "NaN"), ("", "line 1")],
)
def test_a_document_that_cannot_be_read_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(typer.BadParameter, match=complaint):
        read_document(str(file))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"none\.json cannot be read"):
        read_document(str(tmp_path / "none.json"))


def test_what_only_answers_have_is_no_part_of_the_spec() -> None:
    answer = {"id": "1", "version": 3, "status": {}, "created_at": "", "declared_by": None, "name": "a", "args": [1]}
    assert spec_of(answer) == {"name": "a", "args": [1]}


def apply(document: Any, patch: Any) -> Any:
    """Apply a merge patch as RFC 7396, section 2, defines it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 2, "b": [1]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": "text"}),
        ({"a": [1, {"b": 1}]}, {"a": [1, {"b": 2}]}),
        ({"a": 1}, {}),
    ],
)
def test_a_merge_patch_makes_the_one_document_of_the_other(before: object, after: object) -> None:
    assert apply(before, merge_patch(before, after)) == after


def test_what_did_not_change_is_not_sent() -> None:
    assert merge_patch({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}}) == {}


def test_a_changed_trigger_is_sent_as_a_whole() -> None:
    before = {"trigger": {"kind": "cron", "expression": "0 2 * * *", "timezone": "UTC"}, "task": "t"}
    after = {"trigger": {"kind": "interval", "every": 2}, "task": "t"}
    assert spec_patch(before, after) == {"trigger": {"kind": "interval", "every": 2}}


def test_a_keyword_argument_cannot_become_null_unnoticed() -> None:
    before = {"kwargs": {"a": 1, "b": {"c": 1, "d": None}}}
    with pytest.raises(typer.BadParameter, match=r"kwargs\.a cannot be changed to null"):
        spec_patch(before, {"kwargs": {"a": None, "b": {"c": 1, "d": None}}})
    with pytest.raises(typer.BadParameter, match=r"kwargs\.b\.c cannot"):
        spec_patch(before, {"kwargs": {"a": 1, "b": {"c": None, "d": None}}})
    assert spec_patch(before, {"kwargs": {"b": {"c": 2, "d": None}}}) == {"kwargs": {"a": None, "b": {"c": 2}}}


def editor(folder: Path, body: str) -> str:
    script = folder / "editor"
    script.write_text(f"#!{sys.executable}\nimport pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n{body}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


@pytest.fixture
def drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "drafts"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.delenv("VISUAL", raising=False)
    return folder


def test_the_editor_gets_the_document_and_gives_what_was_saved(
    tmp_path: Path, drafts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "file.write_text(file.read_text().replace('every 2s', 'every 5s'))"))
    with edited({"trigger": "every 2s"}) as document:
        assert document == {"trigger": "every 5s"}
    assert list(drafts.iterdir()) == []


def test_text_that_is_no_json_is_kept_and_its_place_told(
    tmp_path: Path, drafts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, "file.write_text('{my work')"))
    with pytest.raises(typer.BadParameter, match="What you saved is not JSON"), edited({}):
        pass
    (draft,) = drafts.iterdir()
    assert draft.read_text(encoding="utf-8") == "{my work"
    assert str(draft) in capsys.readouterr().err


def test_text_that_the_server_refuses_is_kept(tmp_path: Path, drafts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, ""))
    refusal = SetupError("refused")
    with pytest.raises(SetupError), edited({"a": 1}):
        raise refusal
    assert len(list(drafts.iterdir())) == 1


@pytest.mark.parametrize(("command", "complaint"), [("no-such-editor", "cannot be started"), ("false", "status 1")])
def test_an_editor_that_fails_leaves_nothing_behind(
    drafts: Path, monkeypatch: pytest.MonkeyPatch, command: str, complaint: str
) -> None:
    monkeypatch.setenv("EDITOR", command)
    with pytest.raises(SetupError, match=complaint), edited({}):
        pass
    assert list(drafts.iterdir()) == []


@pytest.mark.usefixtures("drafts")
def test_without_a_terminal_and_an_editor_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(SetupError, match="nothing to change"), edited({}):
        pass
