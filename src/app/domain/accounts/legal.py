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


DOCUMENTS = {slug: LegalDocument(slug) for slug in ("terms", "privacy")}
