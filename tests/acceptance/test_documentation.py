"""What the documentation tells people to type works: `sh` beside a running Punctual, `python` as it is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.processes import free_port
from servers.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOKEN = "documentation-token-of-the-tests"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def with_blocks(language: str) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES if blocks(page, language)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run `punctual up`, and return the environment of a second terminal beside it."""
    folder = tmp_path_factory.mktemp("documentation")
    port = str(free_port())
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PUNCTUAL_", "CELERY_"))} | {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PUNCTUAL_DATA_DIR": str(folder / "data"),
        "PUNCTUAL_BOOTSTRAP_TOKEN": TOKEN,
        "PUNCTUAL_TOKEN": TOKEN,
        "PUNCTUAL_URL": f"http://127.0.0.1:{port}",
        "DOCUMENTED_PORT": port,
    }
    log = folder / "up.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "punctual.cli.main", "up", "--port", port],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: "Punctual is ready" in log.read_text(), within=90, message=lambda: log.read_text()[-3000:])
        yield environment
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.mark.parametrize("page", with_blocks("sh"))
def test_the_commands_of_a_page_work(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    script = "\n".join(blocks(page, "sh")).replace("127.0.0.1:8710", f"127.0.0.1:{environment['DOCUMENTED_PORT']}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert '"code"' not in done.stdout, f"a call was refused:\n{done.stdout}"


@pytest.mark.parametrize("page", with_blocks("python"))
def test_the_python_of_a_page_works(page: Path, tmp_path: Path) -> None:
    """A block that begins with `# some/path.py` is that file of a project, which is imported; the others are run."""
    modules = []
    script = ""
    for block in blocks(page, "python"):
        if named := re.match(r"# (\S+)\.py\n", block):
            file = tmp_path / f"{named[1]}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(block)
            modules.append(named[1].replace("/", "."))
        else:
            script += block
    script += "".join(f"\nimport {module}" for module in modules)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target
