"""Settings from the environment, `.env` and, outside production, what `tezgah up` has started.

Every field is the variable `TEZGAH_` + its name in capitals; `.env.example` lists them all. In
production anything missing or unsafe refuses to start with a sentence that says what to set.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from app.lib.crypto import Keys

PREFIX = "TEZGAH_"
DEVELOPMENT_SECRET = "development-only-secret-key-never-in-production"  # noqa: S105 refused in production below
RUNTIME_ENVIRONMENT = Path("run/environment")
ANNOUNCED_DAYS = 7
"""Days before files are deleted at which that is announced first."""
DIFFERENT_CHARACTERS = 8
"""How many a key that was drawn has at the least: of 32 hexadecimal digits one in a million has fewer."""
NEAR = (".local", ".internal", ".localhost", ".svc", ".lan", ".home.arpa")
"""How names end that lead nowhere outside the own network."""
PRINTED = ("seller_name", "seller_vkn", "seller_address")
SERIES = re.compile(r"[A-Z0-9]{3}", re.ASCII)
"""What a document's number begins with, as GİB prescribes it."""

Environment = Literal["development", "test", "production"]
DriverName = Literal["process", "docker", "kubernetes"]


class SettingsError(Exception):
    """The settings do not make a running service; the message lists every reason."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of the service; units stand in the names or in `.env.example`."""

    env: Environment = "development"
    home: Path = Path(".tezgah")
    secret_key: str = DEVELOPMENT_SECRET
    secret_key_previous: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    database_url: str = ""
    database_pool_size: int = 4
    redis_url: str = ""
    paytr_merchant_id: str = ""
    paytr_merchant_key: str = ""
    paytr_merchant_salt: str = ""
    paytr_base_url: str = ""
    paytr_test_mode: bool = False
    smtp_url: str = ""
    mail_from: str = "Tezgâh <hello@tezgah.localhost>"
    mail_inbox_url: str = ""
    storage_url: str = ""
    workspace_driver: DriverName = "process"
    workspace_domain: str = "tezgah.localhost:8080"
    edge_redis_url: str = ""
    trusted_proxies: str = "127.0.0.1"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    dunning_days: str = "0,2,7,14,21"
    suspension_day: int = 7
    data_kept_days: int = 30
    seller_name: str = "Tezgâh Yazılım Hizmetleri Ltd. Şti."
    seller_tax_office: str = "Kadıköy"
    seller_vkn: str = "1234567890"
    seller_mersis: str = ""
    seller_address: str = "Kadıköy, İstanbul"
    seller_email: str = "billing@tezgah.localhost"
    seller_phone: str = "+90 216 000 00 00"
    operators_require_two_factor: Literal["", "true", "false"] = ""
    invoice_series: str = "TZG"
    credit_note_series: str = "TZI"

    @property
    def keys(self) -> Keys:
        """The secret key, and those before it that still open what they have made."""
        older = (key.strip() for key in self.secret_key_previous.split(","))
        return Keys(self.secret_key, tuple(key for key in older if key))

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def base_url(self) -> str:
        """The address people open, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def is_https(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def operators_need_two_factor(self) -> bool:
        """Whether the console opens only to operators with a second factor."""
        return (self.operators_require_two_factor or str(self.is_production).lower()) == "true"

    @property
    def dunning_schedule(self) -> tuple[int, ...]:
        """On which days after a period's end an unpaid renewal is attempted."""
        return tuple(int(day) for day in self.dunning_days.split(","))

    @property
    def data_kept(self) -> timedelta:
        """How long files stay after a subscription has ended, or a trial."""
        return timedelta(days=self.data_kept_days)

    @property
    def storage_location(self) -> str:
        """Where documents lie: a `file://` or `s3://` address."""
        return self.storage_url or f"file://{(self.home / 'storage').absolute()}"

    @property
    def edge_store_url(self) -> str:
        """The Redis that Traefik reads its routes from."""
        return self.edge_redis_url or self.redis_url


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; later sources win: what runs embedded, `.env`, the environment.

    Raises `SettingsError` with one sentence per problem.
    """
    given = dict(os.environ if environment is None else environment)
    if environment is None:
        given = {**read_environment_file(Path(".env")), **given}
    if given.get("TEZGAH_ENV") != "production":
        home = Path(given.get("TEZGAH_HOME") or ".tezgah")
        given = {**read_environment_file(home / RUNTIME_ENVIRONMENT), **given}
    fields = {
        name: given[PREFIX + name.upper()]
        for name in Settings.__struct_fields__
        if given.get(PREFIX + name.upper())
    }
    try:
        settings = msgspec.convert(fields, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsError(f"A setting cannot be read: {error}.") from error
    if problems := [*series_problems(settings), *dunning_problems(settings)]:
        raise SettingsError("Tezgâh refuses to start.\n" + "\n".join(problems))
    if settings.is_production and (problems := production_problems(settings)):
        raise SettingsError("Tezgâh refuses to start in production.\n" + "\n".join(problems))
    return settings


def read_environment_file(path: Path) -> dict[str, str]:
    """Return the `KEY=value` lines of a file, or nothing when there is no such file."""
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key.strip(): value.strip().strip("\"'") for key, separator, value in pairs if separator}


def series_problems(settings: Settings) -> list[str]:
    """Return why documents cannot be numbered: each kind has a series of its own, without gaps."""
    series = {
        "TEZGAH_INVOICE_SERIES": settings.invoice_series,
        "TEZGAH_CREDIT_NOTE_SERIES": settings.credit_note_series,
    }
    problems = [
        f"Set {name} to three capital letters or digits, without Turkish letters."
        for name, value in series.items()
        if not SERIES.fullmatch(value)
    ]
    if settings.invoice_series == settings.credit_note_series:
        problems.append("Set TEZGAH_CREDIT_NOTE_SERIES to another series than TEZGAH_INVOICE_SERIES.")
    return problems


def dunning_problems(settings: Settings) -> list[str]:
    """Return why an unpaid renewal could not be followed by these days."""
    try:
        days = settings.dunning_schedule
    except ValueError:
        days = ()
    if not days or days[0] != 0 or list(days) != sorted(set(days)):
        return [
            "Set TEZGAH_DUNNING_DAYS to whole days with commas between, 0 first and each later than the last."
        ]
    if not 0 < settings.suspension_day < days[-1]:
        return [
            "Set TEZGAH_SUSPENSION_DAY to a day after the first and before the last of TEZGAH_DUNNING_DAYS."
        ]
    if settings.data_kept_days < ANNOUNCED_DAYS:
        return ["Set TEZGAH_DATA_KEPT_DAYS to 7 or more: the deletion is announced a week before it."]
    return []


def production_problems(settings: Settings) -> list[str]:
    """Return what keeps these settings out of production, each with what to set."""
    required = {
        "TEZGAH_PUBLIC_URL": settings.public_url,
        "TEZGAH_DATABASE_URL": settings.database_url,
        "TEZGAH_REDIS_URL": settings.redis_url,
        "TEZGAH_PAYTR_MERCHANT_ID": settings.paytr_merchant_id,
        "TEZGAH_PAYTR_MERCHANT_KEY": settings.paytr_merchant_key,
        "TEZGAH_PAYTR_MERCHANT_SALT": settings.paytr_merchant_salt,
        "TEZGAH_PAYTR_BASE_URL": settings.paytr_base_url,
        "TEZGAH_SMTP_URL": settings.smtp_url,
        "TEZGAH_STORAGE_URL": settings.storage_url,
    }
    problems = [f"Set {name}." for name, value in required.items() if not value]
    problems += [*key_problems(settings.keys), *transport_problems(settings)]
    if is_local(settings.paytr_base_url):
        problems.append("TEZGAH_PAYTR_BASE_URL points at this machine: the sandbox takes no real money.")
    if settings.log_level == "debug":
        problems.append("TEZGAH_LOG_LEVEL=debug writes down what people send; use info.")
    if settings.smtp_url and is_local(settings.smtp_url) and settings.mail_inbox_url:
        problems.append("TEZGAH_SMTP_URL points at the mail catcher: no mail would reach anyone.")
    if settings.workspace_driver == "process":
        problems.append(
            "TEZGAH_WORKSPACE_DRIVER=process gives strangers a shell here; use docker or kubernetes."
        )
    defaults = Settings()
    is_example = any(getattr(settings, name) in {"", getattr(defaults, name)} for name in PRINTED)
    if is_example or not settings.seller_tax_office:
        problems.append(
            "Set TEZGAH_SELLER_NAME, _TAX_OFFICE, _VKN and _ADDRESS: they are printed on invoices."
        )
    return problems


def key_problems(keys: Keys) -> list[str]:
    """Return what is wrong with the secret keys; an older one is judged only where everybody knows it."""
    problems = []
    if keys.newest == DEVELOPMENT_SECRET or len(keys.newest) < 32:
        problems.append("Set TEZGAH_SECRET_KEY to at least 32 random characters.")
    elif len(set(keys.newest)) < DIFFERENT_CHARACTERS or keys.newest in (keys.newest * 2)[1:-1]:
        problems.append("TEZGAH_SECRET_KEY repeats itself; let `openssl rand -base64 48` draw it at random.")
    if keys.newest in keys.older:
        problems.append(
            "TEZGAH_SECRET_KEY_PREVIOUS repeats TEZGAH_SECRET_KEY; name the keys before it alone."
        )
    if DEVELOPMENT_SECRET in keys.older:
        problems.append("TEZGAH_SECRET_KEY_PREVIOUS names the key of development, which everybody knows.")
    return problems


def transport_problems(settings: Settings) -> list[str]:
    """Return which connections others on the way could read."""
    problems = []
    if settings.public_url and not settings.is_https:
        problems.append("TEZGAH_PUBLIC_URL must start with https://.")
    if settings.paytr_base_url and urlsplit(settings.paytr_base_url).scheme != "https":
        problems.append("TEZGAH_PAYTR_BASE_URL must start with https://.")
    if is_far(settings.database_url) and "ssl=" not in urlsplit(settings.database_url).query:
        problems.append("TEZGAH_DATABASE_URL leaves this network unencrypted; add ?ssl=verify-full to it.")
    if is_far(settings.redis_url) and urlsplit(settings.redis_url).scheme != "rediss":
        problems.append("TEZGAH_REDIS_URL leaves this network unencrypted; begin it with rediss://.")
    return problems


def is_far(url: str) -> bool:
    """Say whether an address names a host beyond the own network: a public name, or a public address."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(NEAR)


def is_local(url: str) -> bool:
    """Say whether an address names this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")


def _path(kind: type, value: object) -> Path:
    # msgspec knows no paths; every other type of a setting is one of its own.
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"no setting of type {kind} is read from text")
