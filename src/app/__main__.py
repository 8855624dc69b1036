"""`python -m app` is the command `tezgah`."""

from app.cli import main

main()
