"""What every source file keeps to: short, bound to no registry, without a clock or dice of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

import check_sources


@pytest.fixture(scope="session")
def committed() -> list[Path]:
    """The files of the project."""
    return check_sources.committed_files()


def test_the_files_of_the_project_are_found(committed: list[Path]) -> None:
    names = {str(path.relative_to(check_sources.ROOT)) for path in committed}
    assert names >= {"dev.py", "pyproject.toml", "src/punctual/settings.py", "requirements/dev.txt"}
    assert not [name for name in names if "node_modules" in name or name.startswith(".venv")]


def test_a_file_is_short_enough_to_hold_in_mind(committed: list[Path]) -> None:
    assert check_sources.too_long(committed) == []


@pytest.mark.parametrize("name", ["long.py", "long.ts", "long.tsx"])
def test_a_file_that_grew_too_long_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\n" * (check_sources.LONGEST_FILE + 1))
    assert name in check_sources.too_long([tmp_path / name])[0]


def test_generated_types_may_be_as_long_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "schema.d.ts").write_text("\n" * 2000)
    assert check_sources.too_long([tmp_path / "schema.d.ts"]) == []


def test_no_file_names_a_package_registry(committed: list[Path]) -> None:
    assert check_sources.registry_addresses(committed) == []


MIRROR = "https:" + "//mirror.example"  # in parts, so that this file holds no address itself


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("requirements/dev.txt", "--index-" + f"url={MIRROR}/pypi"),
        ("requirements/dev.txt", "--extra-index-" + f"url={MIRROR}/pypi"),
        ("pyproject.toml", f'url = "{MIRROR}/simple"'),
        ("docs/install.md", f"from {MIRROR}/simple/"),
        ("ui/bunfig.toml", "registry" + f' = "{MIRROR}"'),
        ("requirements/dev.txt", "wheel @ file:///opt/wheels/wheel.whl"),
        ("ui/package-lock.json", f'"resolved": "{MIRROR}/react.tgz"'),
        ("ui/.npmrc", "registry=https://registry." + "npmjs.org/"),
        ("Dockerfile", "RUN pip install --find-" + "links /opt/wheels punctual"),
    ],
)
def test_an_address_that_slipped_in_is_named(tmp_path: Path, name: str, line: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"first\n{line}\n")
    assert check_sources.registry_addresses([path]) == [f"{path}:2: {line}"]


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import UTC, datetime\nnow = datetime.now(UTC)",
        "import datetime\ntoday = datetime.date.today()",
        "import time\nnow = time.time()",
        "from time import time_ns",
        "import uuid\nnew = uuid.uuid4()",
        "from uuid import uuid4",
        "import secrets",
        "from random import choice",
        "import os\nbits = os.urandom(8)",
    ],
)
@pytest.mark.parametrize("module", ["engine/planted.py", "store/migrations/planted.py"])
def test_a_clock_or_dice_outside_its_module_is_refused(pytestconfig: pytest.Config, module: str, code: str) -> None:
    assert "TID251" in _rules_broken(pytestconfig.rootpath, module, code)


@pytest.mark.parametrize("module", ["domain/clock.py", "domain/identity.py"])
def test_the_clock_and_the_maker_of_ids_may(pytestconfig: pytest.Config, module: str) -> None:
    source = (pytestconfig.rootpath / "src/punctual" / module).read_text()
    assert "TID251" not in _rules_broken(pytestconfig.rootpath, module, source)


def _rules_broken(root: Path, module: str, code: str) -> str:
    name = f"src/punctual/{module}"
    options = ["--no-cache", "--select=TID251", "--output-format=concise", f"--stdin-filename={name}"]
    command = [sys.executable, "-m", "ruff", "check", *options, "-"]
    done = subprocess.run(command, cwd=root, input=f"{code}\n", capture_output=True, text=True, check=False)
    return done.stdout
