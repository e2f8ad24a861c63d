"""Settings come from the environment and a file, and a file that is meant but missing is not passed over."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from punctual.cli.configuration import process_settings
from punctual.domain.errors import SetupError
from punctual.domain.policies import KeepRuns
from punctual.settings import Settings


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


@pytest.mark.parametrize(
    ("written", "meant"),
    [("", timedelta(days=90)), ("1w", timedelta(days=7)), ("1d 12h", timedelta(hours=36)), ("None", None)],
)
def test_how_long_runs_are_kept_is_a_length_of_time_or_none(
    written: str, meant: timedelta | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCTUAL_KEEP_RUNS_FOR", written)
    monkeypatch.setenv("PUNCTUAL_KEEP_RUNS_PER_SCHEDULE", "1000")
    assert process_settings().keep_runs == KeepRuns(age=meant, per_schedule=1000)


@pytest.mark.parametrize(("name", "wrong"), [("FOR", "long"), ("FOR", "0s"), ("PER_SCHEDULE", "0")])
def test_what_is_to_be_kept_must_make_sense(name: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PUNCTUAL_KEEP_RUNS_{name}", wrong)
    with pytest.raises(SetupError, match=f"(?i)keep_runs_{name}"):
        process_settings()


def test_a_message_is_taken_for_lost_after_five_minutes_or_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert process_settings().resend_after == timedelta(minutes=5)
    monkeypatch.setenv("PUNCTUAL_RESEND_AFTER", "1m 30s")
    assert process_settings().resend_after == timedelta(seconds=90)
    monkeypatch.setenv("PUNCTUAL_RESEND_AFTER", "0s")
    with pytest.raises(SetupError, match=r"(?i)resend_after"):
        process_settings()


def test_a_settings_file_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_SETTINGS_FILE", str(tmp_path / "mispelt.toml"))
    with pytest.raises(SetupError, match="mispelt") as raised:
        process_settings()
    assert "PUNCTUAL_SETTINGS_FILE" in raised.value.fix


def test_sizes_are_written_as_people_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, size in (("64KB", 65_536), ("1.5 mb", 1_572_864), ("2000", 2_000)):
        monkeypatch.setenv("PUNCTUAL_RESULT_LIMIT", text)
        assert Settings().result_limit == size
    for text in ("much", "10B", "1GB"):
        monkeypatch.setenv("PUNCTUAL_RESULT_LIMIT", text)
        with pytest.raises(ValidationError):
            Settings()


def test_the_names_of_secrets_are_ours_ones_own_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().masking.is_secret("password")
    monkeypatch.setenv("PUNCTUAL_SECRET_PATTERN", "iban")
    assert Settings().masking.is_secret("customer_iban")
    assert not Settings().masking.is_secret("password")
    monkeypatch.setenv("PUNCTUAL_SECRET_PATTERN", "none")
    assert not Settings().masking.is_secret("password")
    monkeypatch.setenv("PUNCTUAL_SECRET_PATTERN", "(")
    with pytest.raises(ValidationError, match="no regular expression"):
        Settings()
