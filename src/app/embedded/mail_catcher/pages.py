"""The inbox in a browser, and the same as JSON for tests.

A letter's HTML is a stranger's: it is shown in a sandboxed frame, without scripts and without loading
anything from anywhere.
"""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from litestar import Litestar, MediaType, Request, Response, Router, delete, get, post
from litestar.datastructures import State
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect, Template
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from app.embedded.mail_catcher.inbox import Inbox, Letter
from app.lib.i18n import format_datetime

HERE = Path(__file__).parent
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Links open in a tab of their own, outside the sandbox; that is all a letter may do.
LETTER_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    f"sandbox {LETTER_SANDBOX}"
)
# What a browser shows without running anything of it; the rest is saved.
SHOWN_INLINE = {"application/pdf", "image/png", "image/jpeg", "text/plain"}
VIEWS = ("html", "text", "headers")


@get("/", sync_to_thread=True)
def show_inbox(state: State) -> Template:
    """List the letters, newest first."""
    inbox: Inbox = state.inbox
    context = {"letters": inbox.letters(), "fingerprint": inbox.fingerprint()}
    return Template("inbox.html.j2", context=context, headers={"Content-Security-Policy": PAGE_POLICY})


@get("/fingerprint", media_type=MediaType.TEXT, sync_to_thread=True)
def show_fingerprint(state: State) -> str:
    """Tell a waiting page whether there is something new."""
    inbox: Inbox = state.inbox
    return inbox.fingerprint()


@get("/messages/{letter_id:str}", sync_to_thread=True)
def show_letter(state: State, letter_id: str, view: str = "") -> Template:
    """Show one letter as HTML, as text, or its headers."""
    letter = found(state, letter_id)
    usual = "html" if letter.html else "text"
    context = {"letter": letter, "view": view if view in VIEWS else usual, "sandbox": LETTER_SANDBOX}
    return Template("letter.html.j2", context=context, headers={"Content-Security-Policy": PAGE_POLICY})


@get("/messages/{letter_id:str}/html", media_type=MediaType.HTML, sync_to_thread=True)
def show_html(state: State, letter_id: str) -> Response[str]:
    """Return a letter's HTML for the frame."""
    html = '<base target="_blank">' + found(state, letter_id).html
    return Response(html, media_type=MediaType.HTML, headers={"Content-Security-Policy": LETTER_POLICY})


@get("/messages/{letter_id:str}/source", sync_to_thread=True)
def download_source(state: State, letter_id: str) -> Response[bytes]:
    """Return a letter exactly as it came."""
    inbox: Inbox = state.inbox
    letter = found(state, letter_id)
    headers = {"Content-Disposition": f'attachment; filename="{letter.id}.eml"'}
    return Response(inbox.source(letter.id), media_type="message/rfc822", headers=headers)


@get("/messages/{letter_id:str}/attachments/{number:int}", sync_to_thread=True)
def download_attachment(state: State, letter_id: str, number: int) -> Response[bytes]:
    """Return an attachment; a PDF opens in the browser."""
    attachments = found(state, letter_id).attachments
    if not 0 <= number < len(attachments):
        raise NotFoundException("This letter has no such attachment.")
    file = attachments[number]
    disposition = "inline" if file.content_type in SHOWN_INLINE else "attachment"
    return Response(
        file.data,
        media_type=file.content_type,
        headers={
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(file.name, safe='')}",
            "X-Content-Type-Options": "nosniff",
        },
    )


@post("/delete-all", sync_to_thread=True)
def delete_all(state: State) -> Redirect:
    """Empty the inbox from the page."""
    inbox: Inbox = state.inbox
    inbox.clear()
    return Redirect("/", status_code=303)


@get("/messages", sync_to_thread=True)
def list_messages(state: State, recipient: str = "") -> list[dict[str, Any]]:
    """Return the letters, newest first; with `recipient` only those to an address."""
    inbox: Inbox = state.inbox
    return [summary(letter) for letter in inbox.letters() if recipient.lower() in letter.recipient.lower()]


@get("/messages/{letter_id:str}", sync_to_thread=True)
def read_message(state: State, letter_id: str) -> dict[str, Any]:
    """Return one letter whole."""
    letter = found(state, letter_id)
    return {**summary(letter), "headers": letter.headers, "text": letter.text, "html": letter.html}


@delete("/messages", status_code=200, sync_to_thread=True)
def delete_messages(state: State) -> dict[str, int]:
    """Empty the inbox and tell how many letters there were."""
    inbox: Inbox = state.inbox
    return {"deleted": inbox.clear()}


def create_app(inbox: Inbox) -> Litestar:
    """Return the inbox as an application."""
    return Litestar(
        route_handlers=[
            *(show_inbox, show_fingerprint, show_letter, show_html, download_source, download_attachment),
            delete_all,
            Router("/api", route_handlers=[list_messages, read_message, delete_messages]),
            create_static_files_router("/static", directories=[HERE / "static"]),
        ],
        state=State({"inbox": inbox}),
        template_config=TemplateConfig(
            directory=HERE / "templates", engine=JinjaTemplateEngine, engine_callback=with_clock
        ),
        before_request=refuse_strangers,
        openapi_config=None,
        logging_config=None,  # the library would log every command of every letter
    )


def with_clock(engine: JinjaTemplateEngine) -> None:
    """Teach the templates to write an instant."""
    engine.engine.filters["instant"] = lambda at: format_datetime(at, "en")


def refuse_strangers(request: Request[Any, Any, Any]) -> None:
    """Refuse a change that another site's page asks for."""
    if request.method not in {"GET", "HEAD"} and request.headers.get("sec-fetch-site") == "cross-site":
        raise PermissionDeniedException("Another site cannot change this inbox.")


def found(state: State, letter_id: str) -> Letter:
    """Return the letter, or answer that there is none."""
    inbox: Inbox = state.inbox
    letter = inbox.find(letter_id)
    if letter is None:
        raise NotFoundException("There is no such letter; it may have been deleted.")
    return letter


def summary(letter: Letter) -> dict[str, Any]:
    """Return what a listing says of a letter."""
    return {
        "id": letter.id,
        "received_at": letter.received_at.isoformat(),
        "from": letter.sender,
        "to": letter.recipient,
        "subject": letter.subject,
        "attachments": [
            {
                "name": file.name,
                "content_type": file.content_type,
                "size": file.size,
                "url": f"/messages/{letter.id}/attachments/{number}",
            }
            for number, file in enumerate(letter.attachments)
        ],
    }
