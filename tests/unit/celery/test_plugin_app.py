"""The apps: the built-in one, the user's by name, and one to send with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery

from punctual import Punctual
from punctual.celery.app import app, broker_app, find_app
from punctual.domain.errors import SetupError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def test_the_built_in_app_takes_json_only_and_keeps_no_results() -> None:
    assert app.main == "punctual"
    assert app.conf.accept_content == ["json"]
    assert app.conf.result_backend is None
    assert app.conf.timezone == "UTC"
    assert Punctual.installed_in(app)


def test_the_built_in_app_serves_the_built_in_tasks_from_the_broker_that_is_set(tmp_path: Path) -> None:
    code = (
        "from punctual.celery.app import app; app.loader.import_default_modules();"
        "print(app.conf.broker_url, *sorted(app.tasks))"
    )
    broker = f"redis+socket://{tmp_path}/valkey.sock?virtual_host=0"
    environment = os.environ | {"PUNCTUAL_BROKER_URL": broker}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.startswith(broker)
    assert "punctual.heartbeat" in done.stdout


def test_a_bare_app_is_no_ones_current_app() -> None:
    bare = broker_app("memory://")
    assert bare.conf.broker_url == "memory://"
    assert Celery("another", set_as_current=False).current_task is None
    assert not Punctual.installed_in(bare)


@pytest.mark.parametrize("name", ["mine_a:app", "mine_a", "mine_a.celery", "mine_a.celery:app"])
def test_an_app_is_found_in_the_current_folder_by_any_of_its_names(project: Path, name: str) -> None:
    package = project / "mine_a"
    package.mkdir()
    (package / "__init__.py").write_text("from mine_a.celery import app\n")
    (package / "celery.py").write_text("from celery import Celery\napp = Celery('mine_a', set_as_current=False)\n")
    assert find_app(name).main == "mine_a"


def refusal(name: str) -> SetupError:
    with pytest.raises(SetupError) as refused:
        find_app(name)
    assert refused.value.fix
    return refused.value


def test_a_module_that_is_not_there_is_named(project: Path) -> None:
    message = refusal("nowhere_b.celery").message
    assert "no module named 'nowhere_b'" in message
    assert str(project) in message


def test_an_error_in_the_project_is_shown_as_what_it_is(project: Path) -> None:
    (project / "broken_c.py").write_text("import not_installed_at_all\n")
    assert "ModuleNotFoundError: No module named 'not_installed_at_all'" in refusal("broken_c").message
    (project / "broken_d.py").write_text("1 / 0\n")
    assert "ZeroDivisionError" in refusal("broken_d:app").message


def test_a_module_without_an_app_is_told_with_what_was_tried(project: Path) -> None:
    (project / "plain_e.py").write_text("x = 1\n")
    assert "tried plain_e:app, plain_e:celery and plain_e.celery" in refusal("plain_e").message
    assert "tried plain_e:other" in refusal("plain_e:other").message


def test_something_that_is_not_an_app_is_refused(project: Path) -> None:
    (project / "plain_f.py").write_text("app = 1\n")
    assert "'int'" in refusal("plain_f:app").message
