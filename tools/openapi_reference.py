"""Write docs/reference/openapi.json from the API itself; `--check` only tells whether it is current."""

import json
import sys
from pathlib import Path

from punctual.api.app import describe_api

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "openapi.json"


def document() -> str:
    """Return the document as it should be."""
    return json.dumps(describe_api(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        current = DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == document()
        sys.exit(0 if current else f"{DOCUMENT} is stale: run python3 dev.py docs")
    DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
    DOCUMENT.write_text(document(), encoding="utf-8")
