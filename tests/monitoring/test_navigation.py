"""The navigation shows each member what they may open, and nothing else."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from monitoring.navigation import sections_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", list(Role))
def test_it_leads_to_no_page_that_the_role_may_not_open(member: User, team: Team, role: Role) -> None:
    Membership.objects.filter(user=member).update(role=role)
    client = Client()
    client.force_login(member)
    page = client.get(reverse("members", args=[team.slug]))
    (section,) = (one for one in page.context["nav"] if one.title == "Team")
    answers = {entry.label: client.get(entry.href).status_code for entry in section.entries}
    assert set(answers.values()) == {200}, answers
    assert {"Members", "Team settings"} <= set(answers)
    assert ("Sign-in" in answers) == (role == Role.OWNER)


def test_the_page_that_is_open_is_current() -> None:
    shown = [entry for section in sections_of("harbour", "roles", "viewer") for entry in section.entries]
    assert [entry.label for entry in shown if entry.current] == ["Members"]
