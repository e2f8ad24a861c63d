"""The layers hold, and the checker would notice if they did not."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LintImports = Callable[[], tuple[int, str]]


@pytest.fixture(scope="session")
def contracts(pytestconfig: pytest.Config) -> dict[str, dict[str, Any]]:
    """The contracts of pyproject.toml, by their ids."""
    project = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())
    return {contract["id"]: contract for contract in project["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def copy(pytestconfig: pytest.Config, tmp_path: Path) -> Path:
    """A copy of the package, to break."""
    package = tmp_path / "src" / "punctual"
    shutil.copytree(
        pytestconfig.rootpath / "src" / "punctual", package, ignore=shutil.ignore_patterns("__pycache__", "dist")
    )
    shutil.copy(pytestconfig.rootpath / "pyproject.toml", tmp_path)
    return package


@pytest.fixture
def lint_imports(copy: Path) -> LintImports:
    """Checks the copy: the exit code, and what was said with its lines joined."""

    def run() -> tuple[int, str]:
        program = (
            f"import sys; sys.path.insert(0, {str(copy.parent)!r}); "
            "from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=copy.parents[1], capture_output=True, text=True, check=False
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return run


def test_imports_go_down_only(lint_imports: LintImports) -> None:
    code, said = lint_imports()
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("module", "planted", "named"),
    [
        ("engine/planted.py", "import celery", "punctual.engine.planted -> celery"),
        ("cli/planted.py", "import kombu", "punctual.cli.planted -> kombu"),
        ("control/planted.py", "import sqlalchemy", "punctual.control.planted -> sqlalchemy"),
        ("domain/planted.py", "import httpx", "punctual.domain.planted -> httpx"),
        ("engine/planted.py", "import fastapi", "punctual.engine.planted -> fastapi"),
        ("api/planted.py", "import punctual.web", "punctual.api is not allowed to import punctual.web"),
        ("engine/planted.py", "import punctual.control", "punctual.engine is not allowed to import punctual.control"),
        ("store/planted.py", "import punctual.engine", "punctual.store is not allowed to import punctual.engine"),
        ("cli/planted.py", "import punctual.testing", "punctual.cli is not allowed to import punctual.testing"),
        ("unlisted.py", "", "unlisted"),
    ],
)
def test_a_planted_violation_is_found_and_named(
    copy: Path, lint_imports: LintImports, module: str, planted: str, named: str
) -> None:
    (copy / module).write_text(f"{planted}\n")
    code, said = lint_imports()
    assert code == 1
    assert named in said


def test_the_contracts_allow_no_exceptions(contracts: dict[str, dict[str, Any]]) -> None:
    assert not [contract for contract in contracts.values() if "ignore_imports" in contract]
    assert contracts["layers"]["exhaustive"] is True


@pytest.mark.parametrize(
    ("contract", "allowed"),
    [("sql", {"store"}), ("celery", {"celery"}), ("http", {"api", "web", "asgi"})],
)
def test_a_library_is_forbidden_everywhere_but_in_its_layer(
    contracts: dict[str, dict[str, Any]], contract: str, allowed: set[str]
) -> None:
    layers = {name.strip() for layer in contracts["layers"]["layers"] for name in layer.split("|")}
    forbidden = {name.removeprefix("punctual.") for name in contracts[contract]["source_modules"]}
    assert forbidden == layers - allowed
