"""What a trigger that belongs to no schedule yet would do: its next fire times, and whether it fires at an instant."""

from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from punctual.api.body import Document, DocumentBody
from punctual.api.deps import ServicesDep
from punctual.api.openapi import body_of
from punctual.api.schemas_preview import (
    ExplainIn,
    ExplainOptions,
    ExplanationOut,
    PreviewIn,
    PreviewOptions,
    PreviewOut,
)
from punctual.control.faults import faults_of
from punctual.control.preview import explain_instant, preview, read_trigger
from punctual.domain.errors import Fault, InvalidInputError
from punctual.domain.triggers import Trigger

router = APIRouter(tags=["schedules"])

_Options = TypeVar("_Options", bound=BaseModel)


@router.post("/preview", summary="Preview a trigger", openapi_extra=body_of(PreviewIn))
def preview_trigger(services: ServicesDep, document: DocumentBody) -> PreviewOut:
    """Return the next fire times of a trigger, and those before; nothing is stored."""
    trigger, options = _read(document, PreviewOptions)
    now = services.clock.now()
    return PreviewOut.of(
        preview(trigger, after=options.after or now, count=options.count, previous=options.previous, now=now)
    )


@router.post("/explain", summary="Explain an instant of a trigger", openapi_extra=body_of(ExplainIn))
def explain_trigger(document: DocumentBody) -> ExplanationOut:
    """Return whether a trigger fires at an instant, and if not, why. An interval without anchor counts from 1970."""
    trigger, options = _read(document, ExplainOptions)
    return ExplanationOut.of(explain_instant(trigger, options.instant))


def _read(document: Document, model: type[_Options]) -> tuple[Trigger, _Options]:
    """Return the trigger and the rest; raises InvalidInputError with the faults of both together."""
    faults: list[Fault] = []
    trigger: Trigger | None = None
    options: _Options | None = None
    try:
        options = model.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error, model)
    if "trigger" in document:
        try:
            trigger = read_trigger(document["trigger"])
        except InvalidInputError as error:
            faults += error.faults
    if trigger is None or options is None:
        raise InvalidInputError(faults)
    return trigger, options
