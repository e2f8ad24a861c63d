"""The settings: one frozen object, built at the entry of a process and passed down."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from punctual.domain.masking import Masking
from punctual.domain.policies import KeepRuns
from punctual.domain.sizes import read_size
from punctual.domain.triggers.duration import read_length

RESULT_LIMIT = 64 * 1024
_NONE = "none"


def _read_size(value: object) -> object:
    return read_size(value) if isinstance(value, str) else value


def _read_length(value: object) -> object:
    return read_length(value.strip()) if isinstance(value, str) else value


class Settings(BaseSettings):
    """What a process is told from outside: environment variables `PUNCTUAL_*`, else the settings file.

    The file is TOML with the same names in lower case, without the prefix; `PUNCTUAL_SETTINGS_FILE` names it.
    """

    model_config = SettingsConfigDict(env_prefix="PUNCTUAL_", env_ignore_empty=True, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("punctual"),
        description="Folder of the embedded database and broker, and of the local administrator's token.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="`postgresql://user:password@host/name` or `sqlite:////path`; default: SQLite in the data folder.",
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="Celery broker: `redis://…`, `amqp://…`; `punctual up` without one starts an embedded Valkey.",
    )
    host: str = Field(default="127.0.0.1", description="Address that the API and the web UI listen on.")
    port: int = Field(default=8710, ge=0, le=65535, description="Port that the API and the web UI listen on.")
    public_url: str | None = Field(
        default=None, description="Address people reach the server at, when it is behind a proxy."
    )
    url: str = Field(default="http://127.0.0.1:8710", description="Server that the management commands talk to.")
    token: SecretStr | None = Field(default=None, description="Bearer token that the management commands use.")
    bootstrap_token: SecretStr | None = Field(
        default=None, description="Bearer token of the first administrator, for automation; at least 16 characters."
    )
    log_level: str = Field(default="INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.")
    keep_runs_for: Annotated[timedelta, BeforeValidator(_read_length), Field(ge=timedelta(seconds=1))] | None = Field(
        default=timedelta(days=90),
        description="How long the schedulers keep runs that have ended: `90d`, `12h`; `none` for ever.",
    )
    keep_runs_per_schedule: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="How many records of each schedule the schedulers keep at most, the newest ones."
    )
    resend_after: Annotated[timedelta, BeforeValidator(_read_length), Field(ge=timedelta(seconds=1))] = Field(
        default=timedelta(minutes=5),
        description="How long after a message was sent, and no worker started its run, it is taken for lost and sent "
        "again: `5m`, `30s`; each time after twice as long. Only where workers have the plug-in.",
    )
    lock_lease: Annotated[timedelta, BeforeValidator(_read_length), Field(ge=timedelta(seconds=1))] = Field(
        default=timedelta(seconds=30),
        description="How long the lock of a worker that died is held before others may take it: `30s`, `2m`. Workers "
        "that live renew theirs three times as often.",
    )
    record: Literal["scheduled", "all"] = Field(
        default="scheduled",
        description="Which tasks workers with the plug-in record: those that Punctual sent, or `all` that they run.",
    )
    metrics_public: bool = Field(
        default=False, description="Let anybody read `/metrics` of the server; without it, a bearer token is asked for."
    )
    metrics_schedules: int = Field(
        default=1000,
        ge=0,
        description="How many schedules `/metrics` tells of one by one at most, those whose runs ended last.",
    )
    result_limit: Annotated[int, BeforeValidator(_read_size), Field(ge=1024, le=16 * 1024**2)] = Field(
        default=RESULT_LIMIT,
        description="The biggest result of a run, as JSON, that workers keep whole: `64KB`, `1MB`; of a bigger one the "
        "first part.",
    )
    secret_pattern: str | None = Field(
        default=None,
        description="Regular expression for the names of secrets, in place of "
        "[the built-in one](../how-to/secrets.md); `none`: no name is that of a secret.",
    )
    http_allow_private: bool = Field(
        default=False, description="Let `punctual.http_request` reach loopback, private and link-local addresses."
    )

    @field_validator("keep_runs_for", mode="before")
    @classmethod
    def _for_ever(cls, value: object) -> object:
        return None if isinstance(value, str) and value.strip().lower() == _NONE else value

    @field_validator("secret_pattern")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            msg = f"is no regular expression: {error}"
            raise ValueError(msg) from error
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            msg = "must be DEBUG, INFO, WARNING or ERROR"
            raise ValueError(msg)
        return level

    @field_validator("bootstrap_token")
    @classmethod
    def _strong_enough(cls, value: SecretStr | None) -> SecretStr | None:
        shortest = 16
        if value is not None and len(value.get_secret_value()) < shortest:
            msg = f"must have at least {shortest} characters; make one with: openssl rand -hex 32"
            raise ValueError(msg)
        return value

    @property
    def keep_runs(self) -> KeepRuns:
        """What the ledger keeps."""
        return KeepRuns(age=self.keep_runs_for, per_schedule=self.keep_runs_per_schedule)

    @property
    def masking(self) -> Masking:
        """What is masked in all that people read."""
        if self.secret_pattern is None:
            return Masking()
        return Masking(None if self.secret_pattern.lower() == _NONE else self.secret_pattern)

    @property
    def effective_database_url(self) -> str:
        """The database to use: the one that was set, or SQLite in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'punctual.db'}"

    @property
    def local_token_file(self) -> Path:
        """Where `punctual up` keeps the local administrator's token, readable by its owner only."""
        return self.data_dir / "admin.token"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file; OSError for a file that is not there."""
        del dotenv_settings, file_secret_settings
        path = os.environ.get("PUNCTUAL_SETTINGS_FILE")
        if path and not Path(path).is_file():
            message = f"there is no file {path}"
            raise FileNotFoundError(message)
        file = [TomlConfigSettingsSource(settings_cls, toml_file=path)] if path else []
        return (init_settings, env_settings, *file)
