"""Refusals as problem documents: reasons by field, also within lists and objects."""

import pytest
from django.test import Client
from rest_framework import exceptions

from accounts.problems import problem_handler


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/v1/nothing", "/scim/v2/nothing"])
def test_an_address_that_is_not_there_is_a_problem_document_to_a_client(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["detail"] == "There is nothing at this address."


@pytest.mark.parametrize(
    ("told", "errors"),
    [
        ({"name": ["is empty", "is odd"]}, [("name", "is empty"), ("name", "is odd")]),
        ({"steps": [{}, {"after_s": ["is late"]}]}, [("steps.1.after_s", "is late")]),
        ({"days": {0: ["is high"]}}, [("days.0", "is high")]),
        (
            {"quiet": {"to": ["is missing"], "days": {1: ["is no day"]}}},
            [("quiet.to", "is missing"), ("quiet.days.1", "is no day")],
        ),
        (["cannot be done"], []),
    ],
)
def test_reasons_are_told_by_the_path_of_the_field(told, errors) -> None:
    answer = problem_handler(exceptions.ValidationError(told), {})
    assert answer is not None
    assert answer.content_type == "application/problem+json"
    assert [(one["field"], one["reason"]) for one in answer.data.get("errors", [])] == errors


@pytest.mark.parametrize(
    ("error", "title", "detail"),
    [
        (exceptions.MethodNotAllowed("POST"), "Method Not Allowed", 'Method "POST" not allowed.'),
        (exceptions.UnsupportedMediaType("a/b"), "Unsupported Media Type", 'Unsupported media type "a/b" in request.'),
    ],
)
def test_the_title_says_what_was_refused(error: exceptions.APIException, title: str, detail: str) -> None:
    answer = problem_handler(error, {})
    assert answer is not None
    assert (answer.data["title"], answer.data["detail"]) == (title, detail)
