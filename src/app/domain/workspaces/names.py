"""What a workspace may be called: its name is the first part of its host name."""

import re

from app.lib.errors import InvalidInput
from app.lib.i18n import N_

LABEL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
NAME_LENGTH = 30
LABEL_LENGTH = 63
"""RFC 1035 §2.3.4: one part of a host name."""

RESERVED = frozenset(
    {"www", "api", "app", "admin", "edge", "mail", "static", "assets", "login", "operator", "tezgah"}
)


def require_name(name: str, company_slug: str) -> str:
    """Return the name in lower case without blanks around it, or refuse it at its field."""
    name = name.strip().lower()
    if not LABEL.fullmatch(name) or len(name) > NAME_LENGTH:
        raise InvalidInput(
            N_(
                "Use 1 to %(length)s small letters, digits and single hyphens, beginning with a letter, "
                "such as web-shop."
            ),
            field="name",
            length=NAME_LENGTH,
        )
    if name in RESERVED:
        raise InvalidInput(N_("This name is reserved. Choose another."), field="name")
    if len(label_of(name, company_slug)) > LABEL_LENGTH:
        raise InvalidInput(N_("This name is too long for an address. Choose a shorter one."), field="name")
    return name


def label_of(name: str, company_slug: str) -> str:
    """Return a workspace's part of its host name; neither name nor slug can hold two hyphens."""
    return f"{name}--{company_slug}"
