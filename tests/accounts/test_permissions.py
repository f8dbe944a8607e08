"""The table of roles and permissions."""

import pytest

from accounts.permissions import PERMISSIONS, Permission, Role, role_allows


def test_every_role_is_in_the_table() -> None:
    assert set(PERMISSIONS) == set(Role)


@pytest.mark.parametrize("role", Role)
def test_everybody_sees_figures(role: Role) -> None:
    assert role_allows(role, Permission.VIEW_FIGURES)


def test_finance_sees_no_payloads() -> None:
    assert not role_allows(Role.FINANCE, Permission.VIEW_PAYLOADS)


def test_only_owner_and_admin_manage_members() -> None:
    assert {role for role in Role if role_allows(role, Permission.MANAGE_MEMBERS)} == {Role.OWNER, Role.ADMIN}
