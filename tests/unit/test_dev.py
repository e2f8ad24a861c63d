"""dev.py decides rightly what has to be done, and says what is missing."""

import ast
from pathlib import Path

import pytest

import dev


@pytest.mark.parametrize("version", [(3, 6, 9), (3, 10, 14)])
def test_an_old_python_is_told_in_one_line_what_to_install(version: tuple[int, ...]) -> None:
    problem = dev.python_problem(version)
    assert problem is not None
    assert "\n" not in problem
    assert "install python3.11" in problem
    assert f"Python {version[0]}.{version[1]}:" in problem


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 1), (4, 0, 0)])
def test_a_new_enough_python_is_taken(version: tuple[int, ...]) -> None:
    assert dev.python_problem(version) is None


def test_an_old_python_can_read_the_file_far_enough_to_say_so() -> None:
    ast.parse(Path(dev.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("version", "engines", "usable"),
    [
        ("v22.12.0", ">=22.12", True),
        ("v24.1.0", ">=22.12", True),
        ("v22.11.0", ">=22.12", False),
        ("v20.20.2", ">=22.12", False),
        ("v20.20.2", ">=20", True),
        ("v18.19.0", ">=20", False),
        ("", ">=20", False),
        ("v22.12.0", "", False),
    ],
)
def test_a_node_is_used_when_it_is_what_the_ui_asks_for(version: str, engines: str, *, usable: bool) -> None:
    assert dev.node_is_usable(version, engines) is usable


def test_a_completed_part_is_not_done_again(tmp_path: Path) -> None:
    dev.Stamp(tmp_path / "stamp").done("runtime", "a")
    assert dev.Stamp(tmp_path / "stamp").has("runtime", "a")


def test_a_part_is_done_again_when_its_input_changed(tmp_path: Path) -> None:
    dev.Stamp(tmp_path / "stamp").done("runtime", "a")
    assert not dev.Stamp(tmp_path / "stamp").has("runtime", "b")


def test_an_interrupted_part_counts_as_broken(tmp_path: Path) -> None:
    stamp = dev.Stamp(tmp_path / "stamp")
    stamp.done("runtime", "a")
    stamp.begin("runtime")
    again = dev.Stamp(tmp_path / "stamp")
    assert again.interrupted()
    assert not again.has("runtime", "a")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"'])
def test_a_damaged_stamp_says_that_nothing_is_complete(tmp_path: Path, content: str) -> None:
    (tmp_path / "stamp").write_text(content)
    stamp = dev.Stamp(tmp_path / "stamp")
    assert not stamp.has("runtime", "a")
    assert not stamp.interrupted()


def test_the_digest_follows_names_and_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("text")
    two.write_text("text")
    first = dev.digest([one, two])
    assert dev.digest([two, one]) == first
    assert dev.digest([one]) != first
    two.write_text("other")
    assert dev.digest([one, two]) != first


def test_a_failing_step_shows_all_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(dev.StepError, match="the step"):
        dev.step("the step", "sh", "-c", "echo the output; echo the reason >&2; exit 3")
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert "the output\nthe reason" in shown


def test_a_step_that_goes_well_shows_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    dev.step("the step", "sh", "-c", "echo the output")
    shown = capsys.readouterr().out
    assert shown.startswith("ok ")
    assert shown.count("\n") == 1


def test_a_program_that_is_missing_is_a_failed_step(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(dev.StepError):
        dev.step("the step", "/nowhere/program")
    assert "/nowhere/program" in capsys.readouterr().out


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in dev.COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["lint", "surplus"]])
def test_a_wrong_command_line_changes_nothing_and_shows_the_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    assert "Usage:" in capsys.readouterr().out
