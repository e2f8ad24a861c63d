"""The ways in that `punctual up` shows, and how a process reads its options."""

import io
import socket
from pathlib import Path

import pytest

from punctual.cli.configuration import process_settings
from punctual.cli.listening import bind, free_port, web_address
from punctual.cli.supervise.banner import Token, banner
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.readiness import Available, Example
from punctual.domain.errors import SetupError
from punctual.settings import Settings


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PUNCTUAL_{name.upper()}", raising=False)


def shown(settings: Settings, token: Token, found: Available, app: str | None = None) -> str:
    return banner(settings, token, found, app=app, output=Output(io.StringIO()))


READY = Available(None, "http://127.0.0.1:8710/sign-in#code=abc", Example("punctual.heartbeat", {}))
TOKEN = Token("pt_secret", given=False)


def test_with_the_defaults_the_commands_are_short(tmp_path: Path) -> None:
    text = shown(Settings(), TOKEN, READY)
    assert "http://127.0.0.1:8710/sign-in#code=abc" in text
    assert "'Authorization: Bearer pt_secret'" in text
    assert "PUNCTUAL_URL" not in text
    assert str(tmp_path) not in text


def test_what_differs_from_the_defaults_is_in_the_commands(tmp_path: Path) -> None:
    text = shown(Settings(port=9000, data_dir=tmp_path / "a b"), TOKEN, READY)
    assert f"PUNCTUAL_URL=http://127.0.0.1:9000 PUNCTUAL_DATA_DIR='{tmp_path}/a b' " in text


def test_a_given_token_is_not_shown_anywhere() -> None:
    text = shown(Settings(), Token("pt_secret", given=True), READY)
    assert "pt_secret" not in text
    assert '"Authorization: Bearer $PUNCTUAL_BOOTSTRAP_TOKEN"' in text


def test_the_example_is_a_task_that_the_worker_serves() -> None:
    text = shown(Settings(), TOKEN, Available(None, None, Example("proj.note", {"file": "…"})), app="proj")
    assert '{"name": "first", "task": "proj.note", "kwargs": {"file": "…"}, "trigger": "every 10s"}' in text


def test_what_is_missing_is_said() -> None:
    assert "is not ready yet: worker (none is alive)" in shown(
        Settings(), TOKEN, Available("worker (none is alive)", None, None)
    )


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("name", "http://name:80")],  # noqa: S104 - typed by people
)
def test_the_address_is_one_that_a_browser_on_this_machine_can_open(host: str, address: str) -> None:
    assert web_address(host, 80) == address


def test_port_0_becomes_a_free_port() -> None:
    port = free_port("127.0.0.1", 0)
    assert free_port("127.0.0.1", port) == port


def test_a_port_in_use_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SetupError, match=f"port {taken.getsockname()[1]} on 127.0.0.1 is in use"):
            bind("127.0.0.1", taken.getsockname()[1])


def test_a_host_that_is_not_of_this_machine_is_refused() -> None:
    with pytest.raises(SetupError, match=r"192\.0\.2\.1"):
        bind("192.0.2.1", 0)


def test_an_option_wins_over_the_environment_and_none_leaves_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_PORT", "1234")
    assert process_settings(port=None).port == 1234
    assert process_settings(port=99).port == 99


def test_a_bad_setting_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_PORT", "many")
    with pytest.raises(SetupError, match="PUNCTUAL_PORT: "):
        process_settings()


def test_a_settings_file_that_is_no_toml_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("port = = 1")
    monkeypatch.setenv("PUNCTUAL_SETTINGS_FILE", str(tmp_path / "settings.toml"))
    with pytest.raises(SetupError, match="settings file"):
        process_settings()
