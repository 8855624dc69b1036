"""The documents a customer accepts, by version and by the hash of what was shown."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

TEXTS = Path(__file__).parents[2] / "templates" / "legal"
VERSION = "2026-11"


@dataclass(frozen=True, slots=True)
class LegalDocument:
    """One document; its text lives in `templates/legal/<slug>.<language>.html.j2`."""

    slug: str
    version: str = VERSION

    def sha256(self, language: str) -> str:
        """Return the digest of the text in this language."""
        return hashlib.sha256((TEXTS / f"{self.slug}.{language}.html.j2").read_bytes()).hexdigest()


TERMS, PRIVACY, CARD_STORAGE = (LegalDocument(slug) for slug in ("terms", "privacy", "card-storage"))
DOCUMENTS = {document.slug: document for document in (TERMS, PRIVACY, CARD_STORAGE)}
ACCEPTED_AT_SIGN_UP = (TERMS, PRIVACY)
"""The consent to a stored card is given with each card, and never with anything else."""
