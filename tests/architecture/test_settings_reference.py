"""Every setting is documented, by the words in the code."""

import settings_reference
from punctual.settings import Settings


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_page_of_settings_is_current() -> None:
    assert settings_reference.PAGE.read_text(encoding="utf-8") == settings_reference.page(), "run: python3 dev.py docs"
