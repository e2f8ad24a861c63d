"""Reading of request bodies: one JSON object, of bounded size, read only once the caller is known."""

import json
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from punctual.api.errors import BodyTooLargeError, MalformedBodyError, UnsupportedMediaTypeError
from punctual.control.faults import faults_of
from punctual.domain.errors import InvalidInputError

MAX_BODY_BYTES = 1024 * 1024

Document = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


async def read_document(request: Request) -> Document:
    """Return the JSON object in the body; an empty body counts as an empty object.

    Raises BodyTooLargeError, UnsupportedMediaTypeError, or MalformedBodyError for anything that is not one object
    of standard JSON (RFC 8259) with every name once.
    """
    raw = await _read_bounded(request)
    if not raw:
        return {}
    if not _is_json(request.headers.get("content-type", "")):
        msg = "The body is not declared as JSON."
        raise UnsupportedMediaTypeError(msg, fix="Send the header Content-Type: application/json.")
    return _parse(raw)


def parsed_as(model: type[Model]) -> Callable[[Request], Coroutine[Any, Any, Model]]:
    """Return a dependency that reads the body as `model`; it raises InvalidInputError with every fault."""

    async def read(request: Request) -> Model:
        document = await read_document(request)
        try:
            return model.model_validate(document)
        except ValidationError as error:
            raise InvalidInputError(faults_of(error, model)) from error

    return read


DocumentBody = Annotated[Document, Depends(read_document)]


async def _read_bounded(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
        raise _too_large()
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(raw)


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The body is larger than {MAX_BODY_BYTES // 1024} KiB.",
        fix="Keep large data elsewhere and pass the task a reference to it.",
    )


def _is_json(content_type: str) -> bool:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _parse(raw: bytes) -> Document:
    try:
        document = json.loads(raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_each_name_once)
        # A lone surrogate ("\ud800") passes as JSON but is no text: no database or response could hold it.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _malformed(error) from error
    if not isinstance(document, dict):
        raise _malformed(None)
    return document


def _malformed(error: Exception | None) -> MalformedBodyError:
    match error:
        case None:
            why = "it is not an object"
        case json.JSONDecodeError():
            why = f"{error.msg} at line {error.lineno}, column {error.colno}"
        case UnicodeError():
            why = "it is not valid UTF-8 text"
        case RecursionError():
            why = "it is nested too deeply"
        case _:
            why = str(error)
    return MalformedBodyError(f"The body cannot be read as a JSON object: {why}.", fix="Send one JSON object.")


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not a JSON value"
    raise ValueError(msg)


def _each_name_once(pairs: list[tuple[str, Any]]) -> Document:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f'an object has the name "{twice}" twice'
        raise ValueError(msg)
    return document
