"""What a timing that belongs to no schedule yet would do: its fire times, and whether it fires at an instant."""

from http import HTTPStatus
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError

from punctual.api.body import Document, DocumentBody
from punctual.api.deps import ServicesDep
from punctual.api.openapi import body_of, problems
from punctual.api.schemas_preview import (
    ExplainIn,
    ExplainOptions,
    ExplanationOut,
    PreviewIn,
    PreviewOptions,
    PreviewOut,
)
from punctual.control.faults import faults_of
from punctual.control.preview import read_timing
from punctual.domain.errors import Fault, InvalidInputError
from punctual.domain.timing import Timing

router = APIRouter(tags=["schedules"])

_Options = TypeVar("_Options", bound=BaseModel)


@router.post(
    "/preview",
    summary="Preview a timing",
    responses=problems(HTTPStatus.NOT_FOUND),
    openapi_extra=body_of(PreviewIn),
)
def preview_timing(services: ServicesDep, document: DocumentBody) -> PreviewOut:
    """Return the next fire times of a trigger within its bounds and calendars, and those before; nothing is stored."""
    timing, options = _read(document, PreviewOptions)
    return PreviewOut.of(
        services.previews.of_timing(
            timing, schedule=options.schedule, after=options.after, count=options.count, previous=options.previous
        )
    )


@router.post("/explain", summary="Explain an instant of a timing", openapi_extra=body_of(ExplainIn))
def explain_timing(services: ServicesDep, document: DocumentBody) -> ExplanationOut:
    """Return whether a timing fires at an instant, and if not, why. An interval without anchor counts from 1970."""
    timing, options = _read(document, ExplainOptions)
    return ExplanationOut.of(services.previews.explain_timing(timing, options.instant))


def _read(document: Document, model: type[_Options]) -> tuple[Timing, _Options]:
    """Return the timing and the rest; raises InvalidInputError with the faults of both together."""
    faults: list[Fault] = []
    timing: Timing | None = None
    options: _Options | None = None
    names = model.model_fields.keys()
    try:
        options = model.model_validate({name: value for name, value in document.items() if name in names})
    except ValidationError as error:
        faults += faults_of(error, model)
    try:
        timing = read_timing({name: value for name, value in document.items() if name not in names})
    except InvalidInputError as error:
        faults += error.faults
    if timing is None or options is None:
        raise InvalidInputError(faults)
    return timing, options
