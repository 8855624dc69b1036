"""The legal documents, as versioned pages."""

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Template

from app.domain.accounts.legal import DOCUMENTS, LegalDocument, Version
from app.domain.accounts.legal_texts import words_of
from app.lib.clock import real_now
from app.lib.errors import NotFound
from app.lib.http import PUBLIC, Injected
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import current_language


class LegalController(Controller):
    """`/legal/{document}`, `/legal/{document}/{version}`."""

    path = "/legal"
    opt = PUBLIC

    @get("/{document:str}", name="legal:show")
    async def show(self, document: FromPath[str], settings: Injected[Settings]) -> Template:
        """Show the version in force in the visitor's language."""
        found = document_named(document)
        return document_page(found, found.in_force(real_now()), settings)

    @get("/{document:str}/{version:str}", name="legal:version")
    async def show_version(
        self, document: FromPath[str], version: FromPath[str], settings: Injected[Settings]
    ) -> Template:
        """Show a version, also one of before."""
        found = document_named(document)
        wanted = found.named(version)
        if wanted is None:
            raise NotFound(N_("There is no such version of this document."))
        return document_page(found, wanted, settings)


def document_named(slug: str) -> LegalDocument:
    """Return a document. Raises `NotFound`."""
    if slug not in DOCUMENTS:
        raise NotFound(N_("There is no such document."))
    return DOCUMENTS[slug]


def document_page(document: LegalDocument, version: Version, settings: Settings) -> Template:
    """Return the page of one version in the visitor's language."""
    context = {
        "document": document,
        "version": version,
        "is_current": version == document.in_force(real_now()),
        "words": words_of(document, version, current_language.get(), settings),
    }
    return Template("legal/show.html.j2", context=context)
