"""What the system checks say of an installation that others can reach."""

from django.test import override_settings

from accounts.checks import check_audit_stream, check_exposure
from accounts.signing import new_secret


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


def test_where_the_log_is_pushed_to_can_be_meant() -> None:
    def told(**changed: str) -> list[str]:
        usual = {"url": "https://siem.example/in", "secret": new_secret(), "format": "lines"}
        with override_settings(AUDIT_STREAM={**usual, **changed}):
            return sorted(str(one.id) for one in check_audit_stream())

    assert told() == []
    assert told(url="") == []
    assert told(url="siem.example") == ["steadyrun.E021"]
    for secret in ("", "whsec_", "whsec_c2hvcnQ=", "no base64", new_secret().removeprefix("whsec_")):
        assert told(secret=secret) == ["steadyrun.E022"]
    assert told(format="xml") == ["steadyrun.E023"]
