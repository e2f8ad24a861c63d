"""Write docs/reference/settings.md from the settings themselves."""

from datetime import timedelta
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from punctual.domain.triggers.duration import write_duration
from punctual.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"

_INTRODUCTION = """\
# Settings

Every process of Punctual reads its settings from environment variables `PUNCTUAL_*`. A variable that is not set is
looked up in the TOML file that `PUNCTUAL_SETTINGS_FILE` names, under the same name in lower case and without the
prefix (`PUNCTUAL_DATABASE_URL` is `database_url`). A name in the file that Punctual does not know is refused.

This page is generated: `python3 dev.py docs` writes it.

| Variable | Default | Meaning |
|---|---|---|
"""


def page() -> str:
    """Return the page as it should be."""
    rows = [
        f"| `{Settings.model_config['env_prefix']}{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _INTRODUCTION + "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "depends on the platform"
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "none"
    if isinstance(field.default, timedelta):
        return f"`{write_duration(field.default)}`"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
