"""The document that describes the API."""

import json
import re
from typing import Any

import httpx
import jsonschema
import pytest

import openapi_reference
from punctual.domain.schedule import ScheduleSpec


@pytest.fixture
def document(anonymous: httpx.Client) -> dict[str, Any]:
    served: dict[str, Any] = anonymous.get("openapi.json").json()
    return served


def test_the_committed_document_is_current() -> None:
    committed = openapi_reference.DOCUMENT.read_text(encoding="utf-8")
    assert committed == openapi_reference.document(), "run: python3 dev.py docs"


def test_what_is_served_is_what_is_committed(document: dict[str, Any]) -> None:
    committed = json.loads(openapi_reference.DOCUMENT.read_text(encoding="utf-8"))
    assert document == committed
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/api/v1"}]


def test_every_operation_has_a_stable_id_a_tag_a_summary_and_its_problems(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)
    assert {"createSchedule", "listSchedules", "changeSchedule", "runScheduleNow", "listRuns", "openSession"} <= set(
        ids
    )
    for operation in operations:
        assert operation["tags"], operation
        assert operation["summary"], operation
        assert operation["description"], operation
        assert "500" in operation["responses"], operation
        if "security" in operation:
            assert "401" in operation["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"])


def test_the_documented_bodies_take_what_the_api_takes(document: dict[str, Any]) -> None:
    create = _body(document, "/schedules", "post")
    patch = _body(document, "/schedules/{ref}", "patch")
    good = {"name": "n", "task": "t", "trigger": "@daily", "catchup": {"grace": 60}}
    create.validate(good)
    create.validate(good | {"trigger": {"kind": "interval", "every": 2.5}})
    patch.validate({"queue": None, "catchup": {"limit": 5}})
    patch.validate({})
    patch.validate({"trigger": {"timezone": "Europe/Berlin"}})
    for wrong in ({"name": "n"}, good | {"colour": "red"}, good | {"args": "a"}):
        assert not create.is_valid(wrong), wrong
    assert not patch.is_valid({"colour": "red"})
    assert not patch.is_valid({"name": None})


def test_the_examples_of_bodies_are_taken(document: dict[str, Any], client: httpx.Client) -> None:
    def examples(path: str, method: str) -> list[Any]:
        body = document["paths"][path][method]["requestBody"]["content"]["application/json"]
        return [example["value"] for example in body["examples"].values()]

    for spec in examples("/schedules", "post"):
        answer = client.post("schedules", json=spec, params={"allow_unknown_task": True})
        assert answer.status_code == 201, answer.text
        for patch in examples("/schedules/{ref}", "patch"):
            assert client.patch(f"schedules/{spec['name']}", json=patch).status_code == 200
        for cancel in examples("/runs/{run_id}/cancel", "post"):
            run = client.post(f"schedules/{spec['name']}/run-now").json()
            assert client.post(f"runs/{run['id']}/cancel", json=cancel).status_code == 200


def test_every_field_of_a_spec_can_be_patched(document: dict[str, Any]) -> None:
    assert set(document["components"]["schemas"]["SchedulePatch"]["properties"]) == set(ScheduleSpec.model_fields)


def _body(document: dict[str, Any], path: str, method: str) -> jsonschema.Draft202012Validator:
    schema = document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator(schema | {"components": document["components"]})
