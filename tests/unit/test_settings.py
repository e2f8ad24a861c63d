"""Settings come from the environment and a file, and a file that is meant but missing is not passed over."""

from pathlib import Path

import pytest

from punctual.cli.configuration import process_settings
from punctual.domain.errors import SetupError


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "punctual.toml"
    file.write_text('port = 8123\nlog_level = "debug"\n')
    monkeypatch.setenv("PUNCTUAL_SETTINGS_FILE", str(file))
    monkeypatch.setenv("PUNCTUAL_PORT", "8124")
    settings = process_settings()
    assert (settings.port, settings.log_level) == (8124, "DEBUG")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_TOKEN", "")
    assert process_settings().token is None


def test_a_settings_file_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_SETTINGS_FILE", str(tmp_path / "mispelt.toml"))
    with pytest.raises(SetupError, match="mispelt") as raised:
        process_settings()
    assert "PUNCTUAL_SETTINGS_FILE" in raised.value.fix
