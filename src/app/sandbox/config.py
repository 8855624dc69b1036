"""What a sandbox is started with."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.lib.settings import Settings, SettingsError, is_local
from app.sandbox.faults import Fault

DEFAULT_PORT = 8010


class Permission(StrEnum):
    """What PayTR grants a merchant on request; the sandbox grants all unless told otherwise."""

    DIRECT = "direct"
    NON_3D = "non_3d"
    STORED_CARDS = "stored_cards"
    RECURRING = "recurring"
    RATES = "rates"


def new_seed() -> str:
    """Return a seed nobody chose."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Where it listens, for whom, how it calls back, and how it misbehaves.

    `callback_url` is the one URL of the panel (Bildirim URL). A callback is repeated every
    `repeat_seconds` until it reads exactly `OK`, at most `repeat_limit` times, and no more than
    `callbacks_at_once` are on their way at one moment. A late one waits `late_seconds`, or, without, for
    its release. Without `book_path` the book ends with the process. PayTR keeps
    `commission_basis_points` of a single payment and pays the rest out `payout_business_days` after it;
    what it answered with wait_callback it decides `decision_seconds` later. `denied` names the permissions
    a merchant (by id) was not granted. Raises `SettingsError` for a host that is not this machine, and
    for a rate that is no chance.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    merchants: tuple[PaytrCredentials, ...] = (SANDBOX_MERCHANT,)
    callback_url: str = "http://127.0.0.1:8000/webhooks/paytr"
    repeat_seconds: float = 3.0
    repeat_limit: int = 200
    callbacks_at_once: int = 32
    public_base_url: str = ""
    commission_basis_points: int = 299
    payout_business_days: int = 1
    decision_seconds: float = 2.0
    denied: frozenset[tuple[str, Permission]] = frozenset()
    seed: str = field(default_factory=new_seed)
    fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    late_seconds: float | None = None
    slow_seconds: float = 5.0
    book_path: Path | None = None

    def __post_init__(self) -> None:
        if not is_local(f"http://{self.host}"):
            raise SettingsError(
                f"The PayTR sandbox lets anyone mark orders as paid: this machine only, not {self.host}."
            )
        for fault, rate in self.fault_rates.items():
            if not 0 <= rate <= 1:
                raise SettingsError(f"The rate of {fault} is a chance between 0 and 1, not {rate}.")

    @property
    def base_url(self) -> str:
        """The address browsers and the product use, without a trailing slash."""
        return (self.public_base_url or f"http://{self.host}:{self.port}").rstrip("/")

    def permits(self, merchant_id: str, permission: Permission) -> bool:
        """Say whether PayTR granted a merchant this permission."""
        return (merchant_id, permission) not in self.denied

    def merchant(self, merchant_id: str) -> PaytrCredentials | None:
        """Return the credentials of a merchant this sandbox knows."""
        return next((known for known in self.merchants if known.merchant_id == merchant_id), None)


def sandbox_config(settings: Settings, *, host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> SandboxConfig:
    """Return the sandbox of these settings. Raises `SettingsError` in production."""
    if settings.is_production:
        raise SettingsError("The PayTR sandbox takes no real money and does not run in production.")
    return SandboxConfig(
        host=host,
        port=port,
        merchants=(SANDBOX_MERCHANT, *_own_merchant(settings)),
        callback_url=f"{settings.base_url}/webhooks/paytr",
    )


def _own_merchant(settings: Settings) -> tuple[PaytrCredentials, ...]:
    values = (settings.paytr_merchant_id, settings.paytr_merchant_key, settings.paytr_merchant_salt)
    return (PaytrCredentials(*values),) if all(values) else ()
