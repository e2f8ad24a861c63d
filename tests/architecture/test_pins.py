"""What is installed is what pyproject.toml asks for, pinned and hashed, for every platform."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="session")
def project(pytestconfig: pytest.Config) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def requirements(pytestconfig: pytest.Config) -> Path:
    """The folder of the requirement files."""
    return pytestconfig.rootpath / "requirements"


def _pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", path.read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize(
    ("name", "groups", "with_project"),
    [
        ("runtime", ["build"], True),
        ("dev", ["build", "dev"], True),
        ("celery55", ["build", "celery55"], True),
        ("node", ["node"], False),
    ],
)
def test_the_pins_are_those_of_the_present_dependencies(
    project: dict[str, Any], requirements: Path, name: str, groups: list[str], *, with_project: bool
) -> None:
    wanted = [text for group in groups for text in project["dependency-groups"][group]]
    wanted += project["project"]["dependencies"] if with_project else []
    pins = _pins(requirements / f"{name}.txt")
    stale = [
        requirement.name
        for requirement in map(Requirement, wanted)
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert stale == [], "run: python3 dev.py lock"


def test_the_suite_runs_with_the_versions_that_users_get(requirements: Path) -> None:
    runtime, dev = _pins(requirements / "runtime.txt"), _pins(requirements / "dev.txt")
    assert runtime.items() <= dev.items()


@pytest.mark.parametrize("name", ["runtime", "dev", "celery55", "node"])
def test_every_pin_is_hashed(requirements: Path, name: str) -> None:
    text = (requirements / f"{name}.txt").read_text()
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_of_the_ui_holds_the_packages_of_every_platform(pytestconfig: pytest.Config) -> None:
    lock = json.loads((pytestconfig.rootpath / "ui" / "package-lock.json").read_text())["packages"]
    present = {path.rpartition("node_modules/")[2] for path in lock}
    named = {name for entry in lock.values() for name in entry.get("optionalDependencies", {})}
    assert named - present == set(), "npm ci refuses such a lock file: a package lacks this platform's part"
    assert [path for path, entry in lock.items() if path and "integrity" not in entry] == []
