"""What has happened in a company: its audit trail in words, a page at a time or whole as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, Uuid, and_, cast, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.db.models import AuditEntry, Invitation, User
from app.domain.accounts.husks import DELETED_PERSON, is_husk
from app.domain.audit.facts import PERSON
from app.domain.people.changed_fields import ChangedField, changed_fields
from app.lib.clock import ISTANBUL
from app.lib.days import Days
from app.lib.i18n import N_, translate
from app.lib.money import TURKISH_LIRA, Money
from app.lib.sheets import Cell

PAGE: Final = 50
LONGEST_FILE: Final = 20_000
"""Lines of a file at most; a longer time is asked for in parts."""
ACTIONS: Final = {
    "company.registered": N_("The company signed up"),
    "company.data_requested": N_("A copy of the company's data was asked for"),
    "company.closing_requested": N_("The company is to be closed"),
    "company.closing_undone": N_("The company is kept after all"),
    "company.closed": N_("The company was closed"),
    "contract.accepted": N_("The contract of an order was accepted"),
    "company.two_factor_required": N_("Everybody needs a second factor now"),
    "company.two_factor_optional": N_("A second factor is everybody's choice again"),
    "company.billing_details_changed": N_("Billing details changed"),
    "trial.conversion_chosen": N_("Agreed to go on after the trial"),
    "trial.conversion_taken_back": N_("Took back going on after the trial"),
    "trial.ended": N_("The trial ended"),
    "subscription.activated": N_("The subscription was paid"),
    "subscription.renewal_due": N_("A renewal is due"),
    "subscription.suspended": N_("The subscription was suspended"),
    "subscription.canceled": N_("The subscription ended"),
    "subscription.canceled_now": N_("The subscription was ended at once"),
    "subscription.cancellation_noted": N_("The subscription was canceled to its period's end"),
    "subscription.resumed": N_("The subscription goes on"),
    "subscription.change_asked": N_("A change of plan was ordered"),
    "subscription.change_noted": N_("A change of plan was noted"),
    "subscription.change_undone": N_("A change of plan was undone"),
    "payment.started": N_("A payment was begun"),
    "payment.failed": N_("A payment was declined"),
    "payment.held": N_("A payment is being looked at by us"),
    "refund.requested": N_("A refund was ordered"),
    "refund.succeeded": N_("A refund was paid out"),
    "refund.failed": N_("A refund failed"),
    "refund.unresolved": N_("A refund is being looked at by us"),
    "card.registration_started": N_("Adding a card was begun"),
    "card.registration_confirmed": N_("A card was confirmed"),
    "card.registration_failed": N_("A card could not be added"),
    "card.stored": N_("A card was added"),
    "card.made_default": N_("A card became the default"),
    "card.removed": N_("A card was removed"),
    "card.forgotten": N_("A card was deleted at PayTR"),
    "member.left": N_("A member left"),
    "member.removed": N_("A member was removed"),
    "member.removal_retried": N_("What a removed member left was tried again"),
    "member.quota_changed": N_("A workspace quota was changed"),
    "workspace.created": N_("A workspace was created"),
    "workspace.start_requested": N_("A workspace is to start"),
    "workspace.stop_requested": N_("A workspace is to stop"),
    "workspace.delete_requested": N_("A workspace is to be deleted"),
    "workspace.ready": N_("A workspace is ready"),
    "workspace.stopped": N_("A workspace stopped"),
    "workspace.deleted": N_("A workspace was deleted"),
    "workspace.moved": N_("A workspace got another owner"),
    "workspace.failed": N_("A workspace could not be brought up"),
    "workspace.ended": N_("A workspace ended by itself"),
    "support.began": N_("Our support began to look"),
    "support.raised": N_("Our support may change something for ten minutes"),
    "support.ended": N_("Our support stopped looking"),
    "company.support_access_changed": N_("Whether our support may look was changed"),
    "files.deletion_requested": N_("Files are to be deleted"),
    "files.deleted": N_("Files were deleted"),
    "company.profile_changed": N_("The company's profile changed"),
    "company.ownership_handed_over": N_("The ownership was handed over"),
    "member.joined": N_("Somebody joined the company"),
    "member.role_changed": N_("A member's role changed"),
    "invitation.sent": N_("Somebody was invited"),
    "invitation.sent_again": N_("An invitation was sent again"),
    "invitation.withdrawn": N_("An invitation was withdrawn"),
    "member.email_changed": N_("The e-mail address of a member changed"),
}
"""What an action says. What belongs to nobody's company, or to our own decisions, has no place here."""
AREAS: Final = {
    "subscription": (N_("Subscription"), ("subscription.", "trial.", "company.")),
    "money": (N_("Payments and cards"), ("payment.", "refund.", "card.", "contract.")),
    "workspaces": (N_("Workspaces"), ("workspace.", "files.")),
    "support": (N_("Support access"), ("support.", "company.support")),
    "people": (N_("People"), ("member.", "invitation.")),
}
ACTORS: Final = {"paytr": "PayTR", "system": N_("Tezgâh"), "operator": N_("Our support")}
ABOUT = aliased(User)
COLUMNS: Final = (N_("Time"), N_("What"), N_("Who"), N_("About"), N_("Changed"), N_("Address"))


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail."""

    id: UUID
    at: datetime
    action: str
    actor: str
    person: str | None
    address: str | None
    facts: dict[str, Any]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    subject_name: str | None = None
    """Of the person it is about, or the address that was invited."""
    is_support: bool = False
    """Done by an operator in the company's place."""

    @property
    def sentence(self) -> str:
        """What happened, as a message id."""
        return ACTIONS[self.action]

    @property
    def amount(self) -> Money | None:
        """The money it is about, if it is."""
        amounts = [self.facts.get(name) for name in ("collected", "amount", "gross")]
        amount = next((one for one in amounts if isinstance(one, int) and one), None)
        return Money(amount, self.facts.get("currency") or TURKISH_LIRA) if amount else None

    def about(self, language: str) -> str:
        """Return what it is about: a person, a workspace, a card, a payment, a plan."""
        person = shown_name(self.subject_name, language) if self.subject_name else None
        return " → ".join(filter(None, (self._thing, person)))

    @property
    def _thing(self) -> str:
        facts = self.facts
        digits = facts.get("last_four")
        card = f"{facts.get('brand', '')} •••• {digits}".strip() if digits else None
        return str(
            facts.get("name")
            or card
            or facts.get("merchant_oid")
            or facts.get("plan")
            or (facts.get("reason") if self.action.startswith("support.") else "")
            or ""
        )

    def changes(self, language: str) -> list[ChangedField]:
        """What it changed, if it says so."""
        return changed_fields(self.before, self.after, language)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the trail is looked at."""

    days: Days
    area: str = ""
    before: UUID | None = None
    """The last line of the page before."""


async def events_of(
    session: AsyncSession, company_id: UUID, wanted: Wanted
) -> tuple[list[Event], UUID | None]:
    """Return a page of events, newest first, and what the next page begins behind."""
    rows = (await session.execute(_select(company_id, wanted).limit(PAGE + 1))).all()
    events = [_event(row) for row in rows[:PAGE]]
    return events, events[-1].id if len(rows) > PAGE else None


async def file_of(session: AsyncSession, company_id: UUID, wanted: Wanted, language: str) -> list[list[Cell]]:
    """Return the lines of a file, newest first."""
    rows = await session.execute(_select(company_id, wanted).limit(LONGEST_FILE))
    return [_line(_event(row), language) for row in rows]


def who(event: Event, language: str) -> str:
    """Return who did it, by name where it was a person."""
    if event.person:
        return shown_name(event.person, language)
    return translate(language, ACTORS.get(event.actor, event.actor))


def shown_name(name: str, language: str) -> str:
    """Return a name or an address as it is shown: who is gone has neither."""
    return translate(language, DELETED_PERSON) if name == DELETED_PERSON or is_husk(name) else name


def _line(event: Event, language: str) -> list[Cell]:
    about = f"{event.about(language)} {event.amount or ''}".strip()
    changed = "; ".join(map(str, event.changes(language)))
    time = event.at.astimezone(ISTANBUL).strftime("%Y-%m-%d %H:%M:%S")
    return [time, translate(language, event.sentence), who(event, language), about, changed, event.address]


def _event(row: Row[*tuple[Any, ...]]) -> Event:
    entry, person, about, invited = row
    # where PayTR or our support calls from is nothing of the company's
    address = entry.address if entry.actor == "user" else None
    return Event(
        entry.id,
        entry.at,
        entry.action,
        entry.actor,
        person,
        address,
        entry.facts,
        entry.before,
        entry.after,
        subject_name=about or invited,
        is_support=entry.support_access_id is not None,
    )


def _select(company_id: UUID, wanted: Wanted) -> Select[*tuple[Any, ...]]:
    statement = (
        select(AuditEntry, User.full_name, ABOUT.full_name, Invitation.email)
        .outerjoin(User, and_(User.id == AuditEntry.actor_id, AuditEntry.actor == "user"))
        .outerjoin(ABOUT, ABOUT.id == cast(AuditEntry.facts[PERSON].astext, Uuid))
        .outerjoin(
            Invitation,
            and_(
                Invitation.company_id == AuditEntry.company_id,
                cast(Invitation.id, Text) == AuditEntry.subject,
                AuditEntry.action.startswith("invitation."),
            ),
        )
        .where(
            AuditEntry.company_id == company_id,
            AuditEntry.at >= wanted.days.start,
            AuditEntry.at < wanted.days.end,
            AuditEntry.action.in_(_actions(wanted.area)),
        )
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    return statement.where(_behind(wanted.before)) if wanted.before else statement


def _actions(area: str) -> Sequence[str]:
    _, beginnings = AREAS.get(area, ("", ("",)))
    return [action for action in ACTIONS if action.startswith(beginnings)]


def _behind(entry_id: UUID) -> ColumnElement[bool]:
    last = select(AuditEntry.at).where(AuditEntry.id == entry_id).scalar_subquery()
    return tuple_(AuditEntry.at, AuditEntry.id) < tuple_(last, entry_id)
