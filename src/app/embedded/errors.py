"""Why a part does not run."""


class PartError(Exception):
    """A part cannot run; the message says why and how to mend it."""
