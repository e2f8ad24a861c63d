"""The page of metrics says what the server tells."""

import metrics_reference


def test_the_page_of_metrics_is_current() -> None:
    assert metrics_reference.PAGE.read_text(encoding="utf-8") == metrics_reference.page(), "run: python3 dev.py docs"
