"""Check what no linter checks: files stay short, and no committed file names a package registry."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 450
# Escaped so that this file does not contain what it looks for.
_REGISTRY = re.compile(
    r"registry\.npmjs\.org|registry\.yarnpkg\.com|pypi\.org/simple|files\.pythonhosted\.org"
    r"|--(?:extra-)?index-url[ =]|--find-links[ =]"
    r"|https?://[^ \"]*/simple(?:[/\"]|$)|^registry *= *\"|\"resolved\": *\"https?:"
)
_MADE_BY_TOOLS = {"node_modules", "dist", "build", "__pycache__"}


def committed_files(root: Path = ROOT) -> list[Path]:
    """Return the files that are, or would be, committed; where git does not answer, those of the source folders."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        output = subprocess.run(listing, cwd=root, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return [path for path in root.rglob("*") if path.is_file() and not _is_made_by_tools(path.relative_to(root))]
    return [root / name for name in output.decode().split("\0") if name and (root / name).is_file()]


def _is_made_by_tools(path: Path) -> bool:
    return any(part in _MADE_BY_TOOLS or (part[0] == "." and part not in {".ci", ".github"}) for part in path.parts)


def too_long(files: list[Path]) -> list[str]:
    """Return a line for each source file longer than a reader can hold; generated types (`.d.ts`) are exempt."""
    sources = [path for path in files if path.suffix in {".py", ".ts", ".tsx"} and not path.name.endswith(".d.ts")]
    counts = [(path, path.read_bytes().count(b"\n")) for path in sources]
    return [f"{path}: {count} lines, at most {LONGEST_FILE}" for path, count in counts if count > LONGEST_FILE]


def registry_addresses(files: list[Path]) -> list[str]:
    """Return a line for each address of a package registry: it would bind everybody to one machine's mirror."""
    found = []
    for path in files:
        text = path.read_bytes().decode(errors="replace")
        is_lock = path.name == "package-lock.json" or path.parent.name == "requirements"
        for number, line in enumerate(text.splitlines(), start=1):
            if _REGISTRY.search(line) or (is_lock and ('"resolved"' in line or "file:" in line)):
                found.append(f"{path}:{number}: {line.strip()[:100]}")
    return found


if __name__ == "__main__":
    everything = committed_files()
    problems = too_long(everything) + registry_addresses(everything)
    sys.exit("\n".join(problems) or 0)
