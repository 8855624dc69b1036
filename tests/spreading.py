"""How tests are spread over processes."""

from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]  # carries no types

TOGETHER = ("tests/browser/",)
"""Folders whose tests share one running product."""


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Gives out whole files, and whole folders where something running is shared.

    `--dist loadgroup` cannot: it writes the group into a name that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test is given out with."""
        file = nodeid.partition("::")[0]
        return next((folder for folder in TOGETHER if file.startswith(folder)), file)
