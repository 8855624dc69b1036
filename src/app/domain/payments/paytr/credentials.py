"""The three values PayTR gives a merchant, kept out of every repr and log."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PaytrCredentials:
    """Merchant id (posted), key (HMAC key) and salt (text inside the signed message; neither is posted).

    Blanks around a value are dropped: a stray newline in an environment file otherwise shows up only as
    "token invalid". Raises `ValueError` when one is empty.
    """

    merchant_id: str
    merchant_key: str = field(repr=False)
    merchant_salt: str = field(repr=False)

    def __post_init__(self) -> None:
        for name in ("merchant_id", "merchant_key", "merchant_salt"):
            value = str(getattr(self, name)).strip()
            if not value:
                raise ValueError(f"PayTR's {name} is empty")
            object.__setattr__(self, name, value)


SANDBOX_MERCHANT = PaytrCredentials("100000", "sandbox-merchant-key", "sandbox-merchant-salt")
"""The merchant of the development sandbox. Known to everyone, worth nothing at PayTR."""
