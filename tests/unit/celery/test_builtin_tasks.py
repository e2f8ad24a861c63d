import json
import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from celery import Celery

import punctual.celery.tasks
from punctual.celery.signatures import served_tasks
from punctual.celery.tasks.heartbeat import heartbeat

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "tasks.md"
TASKS = {name: (text, signature) for name, text, signature in served_tasks(Celery("t", set_as_current=False))}
BUILT_IN = [f"punctual.{name}" for name in punctual.celery.tasks.__all__]


def test_a_heartbeat_tells_when_and_where_it_ran_and_the_note() -> None:
    before = datetime.now(UTC)
    answer = heartbeat(note="hi")
    assert before <= datetime.fromisoformat(answer["at"]) <= datetime.now(UTC)
    assert answer["at"].endswith("Z")
    assert (answer["host"], answer["note"]) == (socket.gethostname(), "hi")


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_task_tells_what_it_does_and_helps_with_each_argument(name: str) -> None:
    text, signature = TASKS[name]
    assert text
    assert "Args:" not in text
    assert signature is not None
    properties = signature["properties"]
    assert isinstance(properties, dict)
    for parameter in properties.values():
        assert isinstance(parameter, dict)
        assert parameter["title"]
        assert str(parameter["description"]).endswith(".")


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_reference_names_every_argument_with_its_default(name: str) -> None:
    section = REFERENCE.read_text().split(f"\n## `{name}`\n")[1].split("\n## ")[0]
    documented = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))
    signature = TASKS[name][1]
    assert signature is not None
    properties = signature["properties"]
    assert isinstance(properties, dict)
    expected = {
        parameter: f"`{json.dumps(schema['default'])}`" if "default" in schema else "required"
        for parameter, schema in properties.items()
        if isinstance(schema, dict)
    }
    assert documented == expected


def test_only_what_may_safely_run_twice_is_acknowledged_late() -> None:
    app = Celery("acks", set_as_current=False)
    late = {name for name in BUILT_IN if app.tasks[name].acks_late}
    assert late == {"punctual.archive_folder", "punctual.backup_sqlite", "punctual.heartbeat"}
