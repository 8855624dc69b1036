"""`python -m app.sandbox`: the sandbox alone, for tests and for use without the rest."""

from dataclasses import replace

import click

from app.lib.settings import SettingsError, load_settings
from app.sandbox.app import serve
from app.sandbox.config import DEFAULT_PORT, sandbox_config


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=DEFAULT_PORT, show_default=True)
@click.option("--callback-url", help="Where callbacks go. [default: the webhook of the settings]")
@click.option("--repeat-seconds", default=3.0, show_default=True, help="Between callbacks without OK.")
@click.option("--repeat-limit", default=200, show_default=True, help="Callbacks before giving up.")
def main(host: str, port: int, callback_url: str | None, repeat_seconds: float, repeat_limit: int) -> None:
    """Serve a PayTR sandbox on this machine."""
    try:
        config = sandbox_config(load_settings(), host=host, port=port)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    config = replace(config, repeat_seconds=repeat_seconds, repeat_limit=repeat_limit)
    serve(replace(config, callback_url=callback_url) if callback_url else config)


if __name__ == "__main__":
    main()
