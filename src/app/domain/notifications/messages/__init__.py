"""The e-mails we send: one class each, whose fields are all that its template may say.

`context()` is what the outbox keeps: JSON of plain words, whole numbers and ISO instants. Money stays
minor units and instants stay UTC until a language writes them (`rendering`).
"""

from app.domain.notifications.messages.accounts import (
    CodesGuessed,
    DataReady,
    PasswordChanged,
    PasswordReset,
    RecoveryCodeUsed,
    TwoFactorChange,
    TwoFactorChanged,
)
from app.domain.notifications.messages.addresses import (
    EmailChangeAsked,
    EmailChanged,
    EmailChangeToConfirm,
    EmailHasAccount,
    EmailVerification,
)
from app.domain.notifications.messages.base import (
    JsonValue,
    Message,
    SealedLink,
    as_json,
)
from app.domain.notifications.messages.departures import MemberRemoved
from app.domain.notifications.messages.payments import (
    CreditNoteIssued,
    PaymentFailed,
    PaymentReceipt,
    RefundSent,
)
from app.domain.notifications.messages.people import (
    InvitationLetter,
    OwnershipHandedOver,
)
from app.domain.notifications.messages.subscriptions import (
    CancellationNear,
    CancellationNoted,
    CancellationUndone,
    RenewalDue,
    RenewalNotice,
    SubscriptionCanceled,
    SubscriptionEndedNow,
    SubscriptionSuspended,
    SuspensionNear,
    UnpaidRenewal,
)
from app.domain.notifications.messages.support import SupportBegan
from app.domain.notifications.messages.trials import (
    DeletionNear,
    TrialEnded,
    TrialEnds,
    Welcome,
)

MESSAGES: tuple[type[Message], ...] = (
    Welcome,
    PaymentReceipt,
    PaymentFailed,
    RefundSent,
    CreditNoteIssued,
    TrialEnds,
    TrialEnded,
    RenewalNotice,
    DeletionNear,
    RenewalDue,
    SuspensionNear,
    SubscriptionSuspended,
    CancellationNear,
    SubscriptionCanceled,
    CancellationNoted,
    CancellationUndone,
    SubscriptionEndedNow,
    SupportBegan,
    InvitationLetter,
    OwnershipHandedOver,
    PasswordReset,
    PasswordChanged,
    DataReady,
    TwoFactorChanged,
    RecoveryCodeUsed,
    CodesGuessed,
    EmailVerification,
    EmailChangeAsked,
    EmailChangeToConfirm,
    EmailHasAccount,
    EmailChanged,
    MemberRemoved,
)
__all__ = [
    "MESSAGES",
    "CancellationNear",
    "CancellationNoted",
    "CancellationUndone",
    "CodesGuessed",
    "CreditNoteIssued",
    "DataReady",
    "DeletionNear",
    "EmailChangeAsked",
    "EmailChangeToConfirm",
    "EmailChanged",
    "EmailHasAccount",
    "EmailVerification",
    "InvitationLetter",
    "JsonValue",
    "MemberRemoved",
    "Message",
    "OwnershipHandedOver",
    "PasswordChanged",
    "PasswordReset",
    "PaymentFailed",
    "PaymentReceipt",
    "RecoveryCodeUsed",
    "RefundSent",
    "RenewalDue",
    "RenewalNotice",
    "SealedLink",
    "SubscriptionCanceled",
    "SubscriptionEndedNow",
    "SubscriptionSuspended",
    "SupportBegan",
    "SuspensionNear",
    "TrialEnded",
    "TrialEnds",
    "TwoFactorChange",
    "TwoFactorChanged",
    "UnpaidRenewal",
    "Welcome",
    "as_json",
]
