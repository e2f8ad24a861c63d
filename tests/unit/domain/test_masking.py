from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, SecretBytes, SecretStr, TypeAdapter

from punctual.domain.masking import DEFAULT_MASKING, MASK, Masking


@pytest.mark.parametrize(
    "name",
    [
        *("password", "PASSWORD", "db_password", "dbPassword", "Passwords", "password2", "password_1", "password_hash"),
        *("passwd", "pwd", "secret", "client_secret", "clientSecret", "token", "access_token", "refreshTokens"),
        *("api_key", "apikey", "APIKey", "X-API-Key", "private_key", "aws_secret_access_key", "AWS_ACCESS_KEY"),
        *("Authorization", "Proxy-Authorization", "authorization_header", "credentials", "Set-Cookie"),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert DEFAULT_MASKING.is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("tokens_used", "tokens", "token_count", "max_tokens", "monkey", "key", "keys", "sort_key", "primary_key"),
        *("secretary", "secret_name", "password_length", "author", "authorized", "tokenize", "compass", "keyboard", ""),
    ],
)
def test_names_that_only_look_like_it(name: str) -> None:
    assert not DEFAULT_MASKING.is_secret(name)


def test_a_pattern_of_ones_own_takes_the_place_of_ours_and_none_turns_it_off() -> None:
    own = Masking("pin|iban")
    assert own.is_secret("customerIban")
    assert not own.is_secret("spin")
    assert not own.is_secret("password")
    assert Masking(None).call(None, [], {"password": "hunter2"}).kwargs == {"password": "hunter2"}


class Login(BaseModel):
    user: str
    phrase: SecretStr
    codes: list[SecretBytes] = []


def signature(**types: Any) -> dict[str, Any]:
    """Return what a worker announces of a task with these parameters."""
    entries = [(name, "validation", TypeAdapter(kind)) for name, kind in types.items()]
    schemas, shared = TypeAdapter.json_schemas(entries)  # type: ignore[arg-type] # the mode is one of its literals
    return {
        "properties": {name: schema for (name, _), schema in schemas.items()},
        "x-positional": list(types),
        "$defs": shared.get("$defs", {}),
    }


WRITE_ONLY = Annotated[str, Field(json_schema_extra={"writeOnly": True})]


def test_what_the_signature_says_is_secret_is_masked_by_position_by_name_and_deep_inside() -> None:
    known = signature(
        host=str,
        phrase=SecretStr,
        hook=WRITE_ONLY | None,
        logins=list[Login],
        by_name=dict[str, Login],
        pair=tuple[str, WRITE_ONLY],
    )
    login = {"user": "anna", "phrase": "open sesame", "codes": ["c0de-1"]}
    masked = {"user": "anna", "phrase": MASK, "codes": [MASK]}
    given = ["db", "p4ssphrase", "h00k"], {"logins": [login], "by_name": {"x": login}, "pair": ["left", "right"]}
    call = DEFAULT_MASKING.call(known, *given)
    assert call.args == ["db", MASK, MASK]
    assert call.kwargs == {"logins": [masked], "by_name": {"x": masked}, "pair": ["left", MASK]}
    assert call.hidden.texts == {"p4ssphrase", "h00k", "open sesame", "c0de-1", "right"}
    assert Masking(None).call(known, *given) == call


def test_schemas_that_refer_to_themselves_come_to_an_end() -> None:
    ring = {"$ref": "#/$defs/Ring"}
    known = {"properties": {"a": ring}, "$defs": {"Ring": {"anyOf": [ring, {"items": ring}]}}}
    deep: Any = "leaf"
    for _ in range(200):
        deep = [deep]
    assert DEFAULT_MASKING.call(known, [deep], {}).args == [deep]


def test_a_secret_is_masked_wherever_else_it_stands() -> None:
    call = DEFAULT_MASKING.call(None, ["https://x?key=hunter2"], {"password": "hunter2", "pin_token": 123456})
    assert call.args == [f"https://x?key={MASK}"]
    assert call.kwargs == {"password": MASK, "pin_token": MASK}
    assert DEFAULT_MASKING.value({"echo": ["hunter2!", 123456], "hunter2": 1}, call.hidden) == {
        "echo": [f"{MASK}!", MASK],
        MASK: 1,
    }
    assert call.hidden.text("pin 123456 of 'hunter2'") == f"pin {MASK} of '{MASK}'"
    bearer = DEFAULT_MASKING.call(None, [], {"headers": {"Authorization": "Bearer abc.def"}}).hidden
    assert bearer.text("abc.def was refused") == f"{MASK} was refused"


def test_what_says_nothing_is_shown_and_what_is_too_short_is_masked_in_its_place_alone() -> None:
    given: dict[str, Any] = {"password": None, "token": "", "use_secret": False, "pwd": "abc", "credentials": {}}
    call = DEFAULT_MASKING.call(None, [], given)
    assert call.kwargs == {**given, "pwd": MASK}
    assert call.hidden.text("the alphabet begins with abc") == "the alphabet begins with abc"


def test_secrets_in_a_result_are_masked_there_and_beside() -> None:
    assert DEFAULT_MASKING.value({"token": "t0ps3cret", "url": "https://x/t0ps3cret"}) == {
        "token": MASK,
        "url": f"https://x/{MASK}",
    }
