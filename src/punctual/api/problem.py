"""The problem document (RFC 9457): the one shape of every failure."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from punctual.domain.errors import Fault

PROBLEM_MEDIA_TYPE = "application/problem+json"

# RFC 9110 renamed these two; http.HTTPStatus follows only from Python 3.13 on.
_TITLES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Content Too Large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Unprocessable Content",
}


class FaultOut(BaseModel):
    """One thing wrong with the request, named by its path."""

    model_config = ConfigDict(frozen=True)

    path: str = Field(description="Where the fault is: `trigger.timezone`, `args[0]`, `limit`.")
    code: str = Field(description="Stable name of the kind of fault.")
    message: str
    fix: str = Field(description="What to do about it; may be empty.")
    text: str | None = Field(default=None, description="The text with the faulty place, where there is a single one.")
    position: int | None = Field(default=None, description="The offset of that place in `text`, in characters from 0.")

    @classmethod
    def of(cls, fault: Fault) -> "FaultOut":
        """Return the answer for a fault."""
        return cls(
            path=fault.path,
            code=fault.code,
            message=fault.message,
            fix=fault.fix,
            text=None if fault.position is None else fault.text,
            position=fault.position,
        )


class ProblemOut(BaseModel):
    """Why a request failed (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: Literal["about:blank"] = "about:blank"
    title: str = Field(description="The phrase of the status.")
    status: int
    code: str = Field(description="Stable name of the kind of problem; programs should look at this.")
    detail: str = Field(description="What happened, as a sentence.")
    fix: str = Field(description="What to do about it; may be empty.")
    errors: list[FaultOut] | None = Field(default=None, description="Each fault of the input; only with status 422.")


def title_of(status: int) -> str:
    """Return the phrase of an HTTP status, by RFC 9110."""
    known = HTTPStatus(status)
    return _TITLES.get(known, known.phrase)


def problem_response(problem: ProblemOut, headers: Mapping[str, str] | None = None) -> Response:
    """Return the HTTP answer that carries a problem."""
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=dict(headers or {}),
    )
