"""Bodies of JSON that the API does not take: each is a 400 that says what is wrong, and where."""

import io

import pytest
from rest_framework.exceptions import APIException

from accounts.json_bodies import JsonParser


@pytest.mark.parametrize(
    ("body", "field", "part"),
    [
        (b'{"name": "a\\u0000b"}', "name", "Null"),
        (b'{"steps": [{"a": 1}, {"name": ["x", "\\ud800"]}]}', "steps.1.name.1", "surrogate"),
        (b'{"tags": {"a\\u0000": 1}}', "tags", "name of a field"),
        (b'"\\udfff"', "non_field_errors", "surrogate"),
        ('{"name": "é\\u0000"}'.encode(), "name", "Null"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place(body: bytes, field: str, part: str) -> None:
    with pytest.raises(APIException) as refused:
        JsonParser().parse(io.BytesIO(body))
    assert refused.value.status_code == 400
    assert list(refused.value.detail) == [field]  # type: ignore[arg-type]
    assert part in str(refused.value.detail[field][0])  # type: ignore[call-overload, index]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"{", b"\xff", b"NaN", b"9" * 5_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(APIException) as refused:
        JsonParser().parse(io.BytesIO(body))
    assert refused.value.status_code == 400


def test_everything_else_is_read_as_it_is() -> None:
    body = '{"name": "שלום 👩‍👩‍👧 \\ud83d\\ude00", "numbers": [1, 2.5, null, true], "": {}}'
    told = {"name": "שלום 👩‍👩‍👧 😀", "numbers": [1, 2.5, None, True], "": {}}
    assert JsonParser().parse(io.BytesIO(body.encode())) == told
