"""What the system checks say of an installation that others can reach."""

from django.test import override_settings

from accounts.checks import check_exposure


def said(**settings: object) -> list[str]:
    usual = {"BASE_URL": "https://runs.example", "HTTPS": True, "TRUSTED_PROXIES": 1, "ALLOWED_HOSTS": ["runs.example"]}
    with override_settings(**{**usual, **settings}):
        return sorted(one.id for one in check_exposure())


def test_an_installation_as_it_should_be_is_clean() -> None:
    assert said() == []
    assert said(BASE_URL="http://127.0.0.1:8000", HTTPS=False, TRUSTED_PROXIES=0, ALLOWED_HOSTS=["127.0.0.1"]) == []


def test_what_is_wrong_is_named() -> None:
    assert said(BASE_URL="http://runs.example", HTTPS=False) == ["steadyrun.W001"]
    assert said(ALLOWED_HOSTS=["*"]) == ["steadyrun.W002"]
    assert said(ALLOWED_HOSTS=["other.example"]) == ["steadyrun.E004"]
    assert said(TRUSTED_PROXIES=0) == ["steadyrun.W003"]
