"""Passwords that are guessed early are refused wherever one is set; others are not, whatever they are made of."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from tests.people import PASSWORD

SOMEBODY = User(email="ada.lovelace@harbour.example", name="Ada Byron King")


@pytest.mark.parametrize(
    "password",
    [
        *("short", "1234567890", "Password123!", "p4ssw0rd2024", "!!!football!!!", "$teadyrun99", "steadyrun-admin-1"),
        *("Harbour2026!!", "ada.lovelace", "AdaByronKing1", "qwertyqwerty", "Welcome-team-1"),
    ],
)
def test_what_is_guessed_early_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, SOMEBODY)


@pytest.mark.parametrize(
    "password",
    [
        *(PASSWORD, "x" * 40 + "y" * 24, "7391046258", "ÄÖÜ äöü ßẞ \N{SNOWMAN}", "nur kleine buchstaben hier"),
        *("steadyrun keeps my herring fresh", "a" * 900 + "bc"),
    ],
)
def test_a_password_may_be_long_and_of_any_letters(password: str) -> None:
    validate_password(password, SOMEBODY)


@pytest.mark.django_db
def test_the_form_says_what_to_do(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    told = {"oldpassword": PASSWORD, "password1": "Password123!", "password2": "Password123!"}
    assert "Take some words that do not belong together" in client.post("/account/password/", told).content.decode()
    wrong = {**told, "oldpassword": "not this one", "password1": "some other words", "password2": "some other words"}
    client.post("/account/password/", wrong)
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)
