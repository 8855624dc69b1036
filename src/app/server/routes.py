"""Every controller of the product, on one screen."""

from litestar.types import ControllerRouterHandler

from app.domain.accounts.controllers import LegalController
from app.domain.billing.controllers.agreements import AgreementController
from app.domain.billing.controllers.cancellation import CancellationController
from app.domain.billing.controllers.cards import CardController
from app.domain.billing.controllers.changes import PlanChangeController
from app.domain.billing.controllers.checkout import CheckoutController
from app.domain.billing.controllers.closing import ClosingController
from app.domain.billing.controllers.documents import DetailsController, DocumentController
from app.domain.billing.controllers.new_company import NewCompanyController
from app.domain.billing.controllers.pages import DashboardController
from app.domain.billing.controllers.pay import PayController
from app.domain.billing.controllers.reconciliation import ReconciliationController
from app.domain.billing.controllers.registration import RegistrationController
from app.domain.billing.controllers.renewals import RenewalController
from app.domain.billing.controllers.trials import ConversionController
from app.domain.billing.webhooks import paytr_callback
from app.domain.companies.controllers import PreferenceController
from app.domain.notifications.controllers import MailPreviewController
from app.domain.ops.controllers.audit import AuditController
from app.domain.ops.controllers.cases import CaseController
from app.domain.ops.controllers.clocks import ClockController
from app.domain.ops.controllers.console import ConsoleController
from app.domain.ops.controllers.forecast import ForecastController
from app.domain.ops.controllers.health import HealthController
from app.domain.ops.controllers.ledger import LedgerController
from app.domain.ops.controllers.payments import PaymentController
from app.domain.ops.controllers.support import SupportController
from app.domain.people.controllers.acceptance import AcceptanceController
from app.domain.people.controllers.account import AccountController, SessionController
from app.domain.people.controllers.activity import ActivityController
from app.domain.people.controllers.companies import CompaniesController
from app.domain.people.controllers.company import CompanyController
from app.domain.people.controllers.data import CompanyDataController, PersonDataController
from app.domain.people.controllers.deletion import DeletionController
from app.domain.people.controllers.email_change import EmailChangeController, EmailController
from app.domain.people.controllers.joining import JoiningController
from app.domain.people.controllers.login import LoginController
from app.domain.people.controllers.members import InvitationController, MemberController
from app.domain.people.controllers.password_reset import PasswordResetController
from app.domain.people.controllers.quotas import QuotaController
from app.domain.people.controllers.removals import RemovalController
from app.domain.people.controllers.security import SecurityController
from app.domain.people.controllers.support import CompanySupportController
from app.domain.people.controllers.two_factor import TwoFactorController
from app.domain.people.controllers.verification import VerificationController, send_again
from app.domain.plans.controllers import CatalogueController
from app.domain.workspaces.controllers.edge import EdgeController
from app.domain.workspaces.controllers.pages import WorkspaceController
from app.lib.settings import Settings

ROUTES: list[ControllerRouterHandler] = [
    CatalogueController,
    LegalController,
    AcceptanceController,
    AgreementController,
    PersonDataController,
    CompanyDataController,
    DeletionController,
    ClosingController,
    RegistrationController,
    LoginController,
    PreferenceController,
    PasswordResetController,
    VerificationController,
    EmailChangeController,
    AccountController,
    EmailController,
    send_again,
    SessionController,
    TwoFactorController,
    SecurityController,
    ActivityController,
    CompanySupportController,
    CompanyController,
    CompaniesController,
    NewCompanyController,
    MemberController,
    InvitationController,
    QuotaController,
    RemovalController,
    JoiningController,
    DashboardController,
    CheckoutController,
    PlanChangeController,
    CancellationController,
    CardController,
    PayController,
    RenewalController,
    DetailsController,
    DocumentController,
    ConversionController,
    WorkspaceController,
    EdgeController,
    paytr_callback,
    ConsoleController,
    CaseController,
    PaymentController,
    ForecastController,
    ReconciliationController,
    LedgerController,
    AuditController,
    SupportController,
    HealthController,
]


def routes_for(settings: Settings) -> list[ControllerRouterHandler]:
    """Return the controllers of an environment; production has no sample letters and no test clocks."""
    return ROUTES if settings.is_production else [*ROUTES, MailPreviewController, ClockController]
