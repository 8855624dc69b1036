"""What every payment form says about buyer and shop, each text in a form that PayTR takes."""

import ipaddress
import re
from typing import Final

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.values import PaymentRequest
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

# PayTR refuses a blank name, address or phone, and the product asks nobody for the last two. These
# say "not given" without pointing at anyone: TEST-NET-1 (RFC 5737) and a number that cannot be dialled.
UNKNOWN_ADDRESS: Final = "Adres belirtilmedi"
UNKNOWN_PHONE: Final = "0000000000"
UNKNOWN_IP: Final = "192.0.2.1"

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\s]+")


def buyer_fields(credentials: PaytrCredentials, payment: PaymentRequest) -> dict[str, str]:
    """Return the fields that the page's and the card's form share, texts cut to PayTR's limits.

    Raises `InvalidInput` when the e-mail address cannot be sent.
    """
    email = wire_email(payment.email)
    return {
        "merchant_id": credentials.merchant_id,
        "user_ip": wire_ip(payment.user_ip),
        "merchant_oid": payment.merchant_oid,
        "email": email,
        "currency": wire_currency(payment.currency),
        "test_mode": flag(payment.test_mode),
        "user_name": _clean(payment.user_name, 60) or email[:60],
        "user_address": _clean(payment.user_address, 400) or UNKNOWN_ADDRESS,
        "user_phone": _clean(payment.user_phone, 20) or UNKNOWN_PHONE,
        "merchant_ok_url": _url(payment.ok_url),
        "merchant_fail_url": _url(payment.fail_url),
        "debug_on": flag(payment.test_mode),
    }


def wire_currency(iso: str) -> str:
    """Return the code PayTR is sent: `TRY` travels as `TL`, the rest as they are."""
    return "TL" if iso == "TRY" else iso


def iso_currency(wire: str) -> str:
    """Return the ISO code of what PayTR sent: it says `TL`, its own modules also say `TRY`."""
    code = wire.strip().upper()
    return "TRY" if code == "TL" else code


def wire_email(email: str) -> str:
    """Return an address PayTR takes: ASCII, at most 100 characters, a domain in Turkish as punycode."""
    local, at, domain = email.strip().rpartition("@")
    try:
        wire = f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        wire = ""
    if not (local and domain and wire.isascii() and 0 < len(wire) <= 100):
        raise InvalidInput(
            N_(
                "The payment page accepts only e-mail addresses of up to 100 characters without accented or "
                "Turkish letters. Please use another address for billing."
            ),
            field="email",
        )
    return wire


def wire_ip(address: str) -> str:
    """Return the IPv4 address PayTR's table asks for; one that has none becomes `UNKNOWN_IP`.

    Integrators report that IPv6 is refused; a buyer must not fail to pay because of a network.
    """
    try:
        parsed = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN_IP
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or UNKNOWN_IP)
    return str(parsed)


def flag(value: bool) -> str:
    """Return PayTR's `0` or `1`."""
    return "1" if value else "0"


def _clean(text: str, limit: int) -> str:
    return _CONTROL.sub(" ", text).strip()[:limit].rstrip()


def _url(url: str) -> str:
    # An address that is cut leads nowhere, and only our own code makes these.
    if len(url) > 400:
        raise ValueError("PayTR takes return addresses of at most 400 characters")
    return url
