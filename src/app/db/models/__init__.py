"""One entity per file; everything is importable from here so that metadata is whole."""

from app.db.models.audit_entry import AuditEntry
from app.db.models.card_registration import (
    REGISTRATION_TRANSITIONS,
    UNDECIDED_REGISTRATIONS,
    CardRegistration,
    RegistrationStatus,
)
from app.db.models.company import Company
from app.db.models.data_archive import ArchiveOf, DataArchive
from app.db.models.email_change import EmailChange, EmailChangeOutcome
from app.db.models.email_message import EmailMessage
from app.db.models.forecast import Forecast, ForecastLine, ForecastStatus, LineKind
from app.db.models.invitation import INVITATION_GOOD_FOR, Invitation
from app.db.models.invoice import Invoice, InvoiceCounter, InvoiceKind, InvoiceLine, InvoiceStatus
from app.db.models.job_run import JobRun
from app.db.models.ledger import (
    Account,
    CompanyCredit,
    Journal,
    JournalKind,
    LedgerBreak,
    LedgerProof,
    Posting,
)
from app.db.models.legal_acceptance import LegalAcceptance
from app.db.models.legal_text import LegalText
from app.db.models.member_removal import MemberRemoval, WorkspacesTo
from app.db.models.membership import Membership, Role
from app.db.models.operator_case import CaseKind, OperatorCase
from app.db.models.order import ORDER_TRANSITIONS, Order, OrderKind, OrderStatus
from app.db.models.payment import (
    MONEY_TAKEN,
    PAYMENT_TRANSITIONS,
    UNDECIDED,
    Payment,
    PaymentChannel,
    PaymentStatus,
)
from app.db.models.payment_event import PaymentEvent
from app.db.models.plan import Plan
from app.db.models.plan_price import Interval, PlanPrice
from app.db.models.plan_slice import PlanSlice
from app.db.models.reconciliation import (
    DifferenceCause,
    ProviderReport,
    ReconciliationDifference,
    ReconciliationRun,
    ReportKind,
)
from app.db.models.refund import REFUND_TRANSITIONS, Refund, RefundStatus
from app.db.models.reminder import Reminder, ReminderKind
from app.db.models.second_factor import RecoveryCode, SecondFactor
from app.db.models.stored_card import StoredCard
from app.db.models.subscription import SUBSCRIPTION_TRANSITIONS, Subscription, SubscriptionStatus
from app.db.models.support_access import SupportAccess
from app.db.models.test_clock import ClockStatus, TestClock
from app.db.models.used_trial import UsedTrial
from app.db.models.user import User
from app.db.models.workspace import TransitionKind, Workspace, WorkspaceStatus, WorkspaceTransition

__all__ = [
    "INVITATION_GOOD_FOR",
    "MONEY_TAKEN",
    "ORDER_TRANSITIONS",
    "PAYMENT_TRANSITIONS",
    "REFUND_TRANSITIONS",
    "REGISTRATION_TRANSITIONS",
    "SUBSCRIPTION_TRANSITIONS",
    "UNDECIDED",
    "UNDECIDED_REGISTRATIONS",
    "Account",
    "ArchiveOf",
    "AuditEntry",
    "CardRegistration",
    "CaseKind",
    "ClockStatus",
    "Company",
    "CompanyCredit",
    "DataArchive",
    "DifferenceCause",
    "EmailChange",
    "EmailChangeOutcome",
    "EmailMessage",
    "Forecast",
    "ForecastLine",
    "ForecastStatus",
    "Interval",
    "Invitation",
    "Invoice",
    "InvoiceCounter",
    "InvoiceKind",
    "InvoiceLine",
    "InvoiceStatus",
    "JobRun",
    "Journal",
    "JournalKind",
    "LedgerBreak",
    "LedgerProof",
    "LegalAcceptance",
    "LegalText",
    "LineKind",
    "MemberRemoval",
    "Membership",
    "OperatorCase",
    "Order",
    "OrderKind",
    "OrderStatus",
    "Payment",
    "PaymentChannel",
    "PaymentEvent",
    "PaymentStatus",
    "Plan",
    "PlanPrice",
    "PlanSlice",
    "Posting",
    "ProviderReport",
    "ReconciliationDifference",
    "ReconciliationRun",
    "RecoveryCode",
    "Refund",
    "RefundStatus",
    "RegistrationStatus",
    "Reminder",
    "ReminderKind",
    "ReportKind",
    "Role",
    "SecondFactor",
    "StoredCard",
    "Subscription",
    "SubscriptionStatus",
    "SupportAccess",
    "TestClock",
    "TransitionKind",
    "UsedTrial",
    "User",
    "Workspace",
    "WorkspaceStatus",
    "WorkspaceTransition",
    "WorkspacesTo",
]
