"""How long what is kept, where no setting says it: one screen, which the privacy notice reads."""

from datetime import timedelta
from typing import Final

TAX_YEARS: Final = 5
"""Books and documents, from the end of their year (Vergi Usul Kanunu 213, art. 253)."""
BOOK_YEARS: Final = 10
"""Commercial books and letters, contracts among them (Türk Ticaret Kanunu 6102, art. 82)."""
ARCHIVE_KEPT: Final = timedelta(days=7)
"""An archive of somebody's data, once it is ready."""
