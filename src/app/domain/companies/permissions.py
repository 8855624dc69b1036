"""What each role of a company may do: one table, read by the code, the pages and the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.db.models import Role
from app.lib.i18n import N_


class Permission(StrEnum):
    """Something that a role may do in its own company."""

    SEE_WORKSPACES = "see_workspaces"
    OPERATE_WORKSPACES = "operate_workspaces"
    DELETE_ANY_WORKSPACE = "delete_any_workspace"
    SEE_BILLING = "see_billing"
    PAY = "pay"
    CHANGE_PLAN = "change_plan"
    SEE_MEMBERS = "see_members"
    MANAGE_MEMBERS = "manage_members"
    EDIT_COMPANY = "edit_company"
    SEE_ACTIVITY = "see_activity"
    EXPORT_DATA = "export_data"
    ALLOW_SUPPORT = "allow_support"
    REQUIRE_TWO_FACTOR = "require_two_factor"
    TRANSFER_OWNERSHIP = "transfer_ownership"
    CLOSE_COMPANY = "close_company"


@dataclass(frozen=True, slots=True)
class Words:
    """What a permission is called where roles are explained, and what those hear who lack it."""

    title: str
    refusal: str


ALLOWED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(
        {
            Permission.SEE_WORKSPACES,
            Permission.OPERATE_WORKSPACES,
            Permission.DELETE_ANY_WORKSPACE,
            Permission.SEE_BILLING,
            Permission.PAY,
            Permission.CHANGE_PLAN,
            Permission.SEE_MEMBERS,
            Permission.MANAGE_MEMBERS,
            Permission.EDIT_COMPANY,
            Permission.SEE_ACTIVITY,
        }
    ),
    Role.BILLING: frozenset(
        {
            Permission.SEE_WORKSPACES,
            Permission.SEE_BILLING,
            Permission.PAY,
            Permission.CHANGE_PLAN,
            Permission.SEE_MEMBERS,
        }
    ),
    Role.DEVELOPER: frozenset(
        {Permission.SEE_WORKSPACES, Permission.OPERATE_WORKSPACES, Permission.SEE_MEMBERS}
    ),
}
"""The table. Every line is written out: a new permission is the owner's alone until it is given."""

WORDS: Final[Mapping[Permission, Words]] = {
    Permission.SEE_WORKSPACES: Words(
        N_("See which workspaces there are"), N_("Only members of the company see its workspaces.")
    ),
    Permission.OPERATE_WORKSPACES: Words(
        N_("Create workspaces; open, start, stop and delete their own"),
        N_("Only owners, admins and developers work with workspaces."),
    ),
    Permission.DELETE_ANY_WORKSPACE: Words(
        N_("Start, stop and delete any workspace"),
        N_("Only its owner or an administrator of your company can start, stop or delete this workspace."),
    ),
    Permission.SEE_BILLING: Words(
        N_("See payments and invoices; keep billing details and cards"),
        N_("Only owners, admins and billing people see payments and invoices."),
    ),
    Permission.PAY: Words(N_("Pay for the plan"), N_("Only owners, admins and billing people can pay.")),
    Permission.CHANGE_PLAN: Words(
        N_("Change or cancel the plan"),
        N_("Only owners, admins and billing people can change or cancel the plan."),
    ),
    Permission.SEE_MEMBERS: Words(
        N_("See who belongs to the company"), N_("Only members of the company see who belongs to it.")
    ),
    Permission.MANAGE_MEMBERS: Words(
        N_("Invite and remove people, change their roles"),
        N_("Only owners and admins invite and remove people or change roles."),
    ),
    Permission.EDIT_COMPANY: Words(
        N_("Change the company's name and language"),
        N_("Only owners and admins change the company's name and language."),
    ),
    Permission.SEE_ACTIVITY: Words(
        N_("See what everybody has done"), N_("Only owners and admins see what everybody has done.")
    ),
    Permission.EXPORT_DATA: Words(
        N_("Export the company's data"), N_("Only the owner exports the company's data.")
    ),
    Permission.ALLOW_SUPPORT: Words(
        N_("Say whether our support may look, and end that"),
        N_("Only the owner says whether our support may look."),
    ),
    Permission.REQUIRE_TWO_FACTOR: Words(
        N_("Require a second factor of everybody"), N_("Only the owner can require a second factor.")
    ),
    Permission.TRANSFER_OWNERSHIP: Words(
        N_("Hand the ownership to somebody else"), N_("Only the owner can hand the ownership over.")
    ),
    Permission.CLOSE_COMPANY: Words(
        N_("Close the company for everybody"), N_("Only the owner can close the company.")
    ),
}
"""Every permission in words, in the order the page prints them."""


def allows(role: Role, permission: Permission) -> bool:
    """Say whether a role has a permission; an unknown one is an error, never a silent no."""
    return Permission(permission) in ALLOWED[role]
