"""The legal documents, as versioned pages."""

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Template

from app.domain.accounts.legal import DOCUMENTS
from app.lib.errors import NotFound
from app.lib.http import PUBLIC
from app.lib.i18n import N_
from app.lib.templating import current_language


class LegalController(Controller):
    """`/legal/{document}`."""

    opt = PUBLIC

    @get("/legal/{document:str}", name="legal:show")
    async def show(self, document: FromPath[str]) -> Template:
        """Show the current version in the visitor's language."""
        if document not in DOCUMENTS:
            raise NotFound(N_("There is no such document."))
        text = f"legal/{document}.{current_language.get()}.html.j2"
        return Template("legal/show.html.j2", context={"document": DOCUMENTS[document], "text": text})
