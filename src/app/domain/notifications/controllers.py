"""Every e-mail as it looks, with sample facts: routes of development and test, never of production."""

from dataclasses import dataclass

from litestar import Controller, Response, get
from litestar.params import FromPath
from litestar.response import Template

from app.domain.notifications.rendering import RenderedEmail, render_email
from app.domain.notifications.samples import named_samples
from app.lib.errors import NotFound
from app.lib.http import PUBLIC, Injected
from app.lib.i18n import LANGUAGES, N_
from app.lib.settings import Settings

SHOWS_LETTERS = {"Content-Security-Policy": "default-src 'self'; frame-src 'self'; frame-ancestors 'none'"}
IS_A_LETTER = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    )
}
"""A letter styles itself inline, as mail programs want it, and may do nothing else."""


@dataclass(frozen=True, slots=True)
class SampleLetter:
    """One sample in one language."""

    name: str
    language: str
    email: RenderedEmail


class MailPreviewController(Controller):
    """`/dev/mails`."""

    path = "/dev/mails"
    opt = PUBLIC

    @get("/", name="mails:list", sync_to_thread=False)
    def index(self, settings: Injected[Settings]) -> Template:
        """List every letter in every state, by its subject in each language."""
        letters = {name: letters_of(name, settings) for name in named_samples()}
        return Template("dev/mails.html.j2", context={"letters": letters})

    @get("/{name:str}", name="mails:show", sync_to_thread=False)
    def show(self, name: FromPath[str], settings: Injected[Settings]) -> Template:
        """Show one letter in each language, HTML and text side by side."""
        context = {"name": name, "letters": letters_of(name, settings)}
        return Template("dev/mail.html.j2", context=context, headers=SHOWS_LETTERS)

    @get("/{name:str}/{wanted:str}", name="mails:html", sync_to_thread=False)
    def html(self, name: FromPath[str], wanted: FromPath[str], settings: Injected[Settings]) -> Response[str]:
        """Give the HTML of one letter in one language as a mail program gets it."""
        found = [letter for letter in letters_of(name, settings) if letter.language == wanted]
        if not found:
            raise NotFound(N_("There is nothing at this address."))
        return Response(found[0].email.html, media_type="text/html", headers=IS_A_LETTER)


def letters_of(name: str, settings: Settings) -> list[SampleLetter]:
    """Return one sample in every language, or refuse a name that is none."""
    message = named_samples().get(name)
    if message is None:
        raise NotFound(N_("There is nothing at this address."))
    return [
        SampleLetter(name, language, render_email(message.template, language, message.context(), settings))
        for language in LANGUAGES
    ]
