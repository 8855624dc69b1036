"""What the bank's page of a Direct payment says, in the two languages of PayTR."""

from typing import Final

SECURE_TEXTS: Final = {
    "tr": {
        "title": "3D Secure doğrulaması",
        "sandbox": "Deneme ortamı: gerçek para çekilmez, SMS gönderilmez.",
        "amount": "Tutar",
        "order": "Sipariş",
        "card": "Kart",
        "sms_code": "SMS ile gelen şifre",
        "hint": "Doğru şifre %s. Başka her şifre yanlıştır.",
        "confirm": "Onayla",
        "no_phone": "Telefonum kayıtlı değil",
        "cancel": "Vazgeç",
        "failed_title": "Ödeme yapılmadı",
        "failed": "Kartınızdan para çekilmedi: %s",
        "leave": "Mağazaya dön",
        "refused_title": "Ödeme başlatılamadı",
        "refused": "PayTR isteği reddetti. Kartınızdan para çekilmedi.",
        "unknown": "Bu bağlantı geçerli değil. Mağazaya dönüp ödemeyi yeniden başlatın.",
    },
    "en": {
        "title": "3-D Secure verification",
        "sandbox": "Sandbox: no real money is taken, no SMS is sent.",
        "amount": "Amount",
        "order": "Order",
        "card": "Card",
        "sms_code": "Code from the SMS",
        "hint": "The right code is %s. Any other is wrong.",
        "confirm": "Confirm",
        "no_phone": "My phone is not registered",
        "cancel": "Cancel",
        "failed_title": "Nothing was paid",
        "failed": "Your card was not charged: %s",
        "leave": "Return to the shop",
        "refused_title": "The payment could not start",
        "refused": "PayTR refused the request. Your card was not charged.",
        "unknown": "This address is not valid. Return to the shop and start the payment again.",
    },
}
