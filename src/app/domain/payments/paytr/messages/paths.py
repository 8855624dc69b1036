"""PayTR's addresses below its host: one list for the client and for the sandbox."""

from typing import Final

FRAME_PATH: Final = "/odeme/guvenli"
SCRIPT_PATH: Final = "/js/iframeResizer.min.js"

GET_TOKEN_PATH: Final = "/odeme/api/get-token"  # noqa: S105 a path
PAYMENT_PATH: Final = "/odeme"
CARD_LIST_PATH: Final = "/odeme/capi/list"
CARD_DELETE_PATH: Final = "/odeme/capi/delete"
BIN_PATH: Final = "/odeme/api/bin-detail"
RATES_PATH: Final = "/odeme/taksit-oranlari"
REFUND_PATH: Final = "/odeme/iade"
STATUS_PATH: Final = "/odeme/durum-sorgu"
TRANSACTIONS_PATH: Final = "/rapor/islem-dokumu"
PAYOUTS_PATH: Final = "/rapor/odeme-dokumu"
PAYOUT_DETAIL_PATH: Final = "/rapor/odeme-detayi"
