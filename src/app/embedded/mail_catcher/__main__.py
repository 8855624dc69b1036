"""`python -m app.embedded.mail_catcher`: SMTP on one port, the inbox on another, both local."""

import asyncio
from pathlib import Path

import click
import uvicorn

from app.embedded.mail_catcher.inbox import Inbox
from app.embedded.mail_catcher.pages import create_app
from app.embedded.mail_catcher.smtp import start_smtp


@click.command()
@click.option("--smtp-port", type=click.IntRange(1, 65535), required=True, help="Where mail is received.")
@click.option("--http-port", type=click.IntRange(1, 65535), required=True, help="Where the inbox is shown.")
@click.option(
    "--directory", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where letters lie."
)
def main(smtp_port: int, http_port: int, directory: Path) -> None:
    """Catch all mail and show it."""
    asyncio.run(serve(Inbox(directory), smtp_port, http_port))


async def serve(inbox: Inbox, smtp_port: int, http_port: int) -> None:
    """Serve until told to stop (SIGTERM or Ctrl-C)."""
    try:
        smtp = await start_smtp(inbox, smtp_port)
    except OSError as error:
        sentence = f"The mail catcher cannot listen on port {smtp_port}: {error.strerror}."
        raise click.ClickException(sentence) from error
    click.echo(f"Mail for 127.0.0.1:{smtp_port} is shown at http://127.0.0.1:{http_port}")
    config = uvicorn.Config(
        create_app(inbox), host="127.0.0.1", port=http_port, log_level="warning", timeout_graceful_shutdown=2
    )
    try:
        await uvicorn.Server(config).serve()
    finally:
        smtp.close()


if __name__ == "__main__":
    main()
