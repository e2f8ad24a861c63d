"""Write docs/reference/metrics.md from the metrics themselves."""

from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import Metric

from punctual.ops.metrics import Facts, families

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "metrics.md"

_INTRODUCTION = """\
# Metrics

What `GET /metrics` of the server tells. [How to collect it](../how-to/metrics.md).

This page is generated: `python3 dev.py docs` writes it.

| Metric | Type | Labels | Meaning |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as it should be."""
    nothing = Facts(now=datetime(2026, 1, 1, tzinfo=UTC))
    return _INTRODUCTION + "".join(
        f"| `{family.name}{'_total' if family.type == 'counter' else ''}` | {family.type} "
        f"| {', '.join(_labels(family))} | {family.documentation} |\n"
        for family in families(nothing)
    )


def _labels(family: Metric) -> tuple[str, ...]:
    labels: tuple[str, ...] = family._labelnames  # type: ignore[attr-defined] # noqa: SLF001 - nothing public has them
    return labels


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
