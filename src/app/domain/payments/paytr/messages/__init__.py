"""PayTR's messages, one room per subject: the forms we post, the answers we read, the callback it posts.

Pure text in, typed values out. Limits and field names are those of PayTR's field tables (docs/paytr.md).
"""

from app.domain.payments.paytr.messages.buyer import UNKNOWN_ADDRESS, UNKNOWN_IP, UNKNOWN_PHONE
from app.domain.payments.paytr.messages.callback import MalformedCallback, PaytrCallback
from app.domain.payments.paytr.messages.frame import frame_form, read_token
from app.domain.payments.paytr.messages.paths import FRAME_PATH, GET_TOKEN_PATH, SCRIPT_PATH, STATUS_PATH
from app.domain.payments.paytr.messages.status import read_inquiry, status_form

__all__ = [
    "FRAME_PATH",
    "GET_TOKEN_PATH",
    "SCRIPT_PATH",
    "STATUS_PATH",
    "UNKNOWN_ADDRESS",
    "UNKNOWN_IP",
    "UNKNOWN_PHONE",
    "MalformedCallback",
    "PaytrCallback",
    "frame_form",
    "read_inquiry",
    "read_token",
    "status_form",
]
