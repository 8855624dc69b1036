"""The command `tezgah`: every command is a thin call into a service."""

import click


@click.group()
def main() -> None:
    """Run and look after a Tezgâh service."""
