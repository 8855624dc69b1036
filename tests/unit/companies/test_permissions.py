"""What each role may do: the whole table, once more, and the sentences beside it."""

import pytest

from app.db.models import Role
from app.domain.companies.permissions import ALLOWED, WORDS, Permission, allows
from app.lib.errors import NotAllowed
from tests.architecture import samples

GOLDEN = """
                      owner admin billing developer
see_workspaces        yes   yes   yes     yes
operate_workspaces    yes   yes   no      yes
delete_any_workspace  yes   yes   no      no
see_billing           yes   yes   yes     no
pay                   yes   yes   yes     no
change_plan           yes   yes   yes     no
see_members           yes   yes   yes     yes
manage_members        yes   yes   no      no
edit_company          yes   yes   no      no
see_activity          yes   yes   no      no
export_data           yes   no    no      no
allow_support         yes   no    no      no
require_two_factor    yes   no    no      no
transfer_ownership    yes   no    no      no
close_company         yes   no    no      no
"""
SAID = {Role.OWNER: "owner", Role.ADMIN: "admin", Role.BILLING: "billing people", Role.DEVELOPER: "developer"}


def test_each_role_has_these_permissions_and_no_other() -> None:
    header, *rows = (line.split() for line in GOLDEN.strip().splitlines())
    wanted = {
        (role, name): answer == "yes"
        for name, *answers in rows
        for role, answer in zip(header, answers, strict=True)
    }
    assert {
        (role, permission): allows(role, permission) for role in Role for permission in Permission
    } == wanted


def test_every_permission_is_in_words() -> None:
    assert list(WORDS) == list(Permission)
    assert set(ALLOWED) == set(Role)
    for words in (one for pair in WORDS.values() for one in (pair.title, pair.refusal)):
        assert words == words.strip()


@pytest.mark.parametrize("permission", Permission)
def test_a_refusal_names_the_roles_that_have_the_permission(permission: Permission) -> None:
    sentence = WORDS[permission].refusal
    having = {role for role in Role if allows(role, permission)}
    if having == set(Role):
        assert "members" in sentence
        return
    named = {role for role, words in SAID.items() if words in sentence}
    if permission is Permission.DELETE_ANY_WORKSPACE:
        assert named == {Role.OWNER, Role.ADMIN}  # there the owner is the workspace's
        return
    assert named == having


def test_who_lacks_a_permission_hears_its_sentence() -> None:
    developer = samples.viewer(Role.DEVELOPER, "en", None)
    developer.require(Permission.OPERATE_WORKSPACES)
    with pytest.raises(NotAllowed) as refused:
        developer.require(Permission.PAY)
    assert refused.value.message == WORDS[Permission.PAY].refusal


def test_a_misspelt_permission_is_an_error_and_no_silent_refusal() -> None:
    with pytest.raises(ValueError, match="see_biling"):
        samples.viewer(Role.OWNER, "en", None).can("see_biling")  # type: ignore[arg-type]  # as a template would
