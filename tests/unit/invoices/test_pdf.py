"""The invoice PDF says everything it must, in both languages, on as many pages as it takes."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
from pypdf import PdfReader

from app.domain.invoices.document import InvoiceDocument, Party
from app.domain.invoices.pdf import render, warm_up
from app.domain.invoices.pdf.fonts import REGULAR, text_width, wrap
from app.domain.invoices.pdf.pages import Row, paginate, percent
from tests.unit.invoices.samples import BUYER, PAID_AT, SELLER, invoice, line


def text_of(document: InvoiceDocument) -> str:
    """Return the text of all pages, lines joined by one blank."""
    return " ".join(" ".join(page.extract_text() for page in reader_of(document).pages).split())


def reader_of(document: InvoiceDocument) -> PdfReader:
    return PdfReader(BytesIO(render(document)))


def test_the_turkish_invoice_carries_every_fact() -> None:
    text = text_of(invoice())
    for fact in (
        "Fatura",
        "TZG2026000000042",
        SELLER.name,
        SELLER.address,
        "Kadıköy Vergi Dairesi · VKN 3900383669",
        "MERSİS 0390038366900015",
        SELLER.email,
        SELLER.phone,
        BUYER.name,
        BUYER.address,
        "Üsküdar Vergi Dairesi · VKN 1460415308",
        "22 Kasım 2026 – 22 Aralık 2026",
        "Starter, aylık",
        "Ödendi 22 Kasım 2026 17:05",
        "Ödeme referansı TZG4K2J8H7Q9W1E5R6T3Y0UI",
        "Yalnız sekiz yüz yetmiş TL",
        "Sayfa 1 / 1",
        "e-Arşiv",
    ):
        assert fact in text


def test_the_english_invoice_speaks_english() -> None:
    text = text_of(invoice(language="en"))
    for fact in (
        "Invoice",
        "Service period 22 November 2026 – 22 December 2026",
        "Kadıköy tax office",
        "₺870.00",
        "Paid 22 November 2026 17:05",
        "Eight hundred seventy Turkish lira only",
        "Page 1 of 1",
        "is not itself an e-Fatura",
    ):
        assert fact in text
    assert "Fatura " not in text.replace("e-Fatura", "")


def test_totals_are_golden() -> None:
    text = text_of(invoice(lines=(line(net=725_00), line("Destek", net=99_99, quantity=3, rate=1000))))
    assert "KDV hariç toplam 1.024,97 ₺" in text
    assert "KDV %20 (matrah 725,00 ₺) 145,00 ₺" in text
    assert "KDV %10 (matrah 299,97 ₺) 30,00 ₺" in text
    assert "KDV dâhil toplam 1.199,97 ₺" in text
    assert "Yalnız bin yüz doksan dokuz TL doksan yedi kuruş" in text


def test_every_turkish_letter_and_the_lira_survive_in_both_weights() -> None:
    letters = "ğĞüÜşŞıİöÖçÇâî₺"
    text = text_of(invoice(buyer=Party(name=letters, address=f"{letters} Sokak")))
    assert text.count(letters) == 2


def test_nothing_is_drawn_for_facts_that_are_not_known() -> None:
    text = text_of(invoice(buyer=Party(name="Ayşe Yılmaz", tax_number="10000000146"), payment_reference=""))
    assert "TCKN 10000000146" in text
    assert "Ödeme referansı" not in text
    assert "None" not in text


def test_an_unknown_language_is_drawn_in_turkish() -> None:
    assert "Yalnız sekiz yüz yetmiş TL" in text_of(invoice(language="de"))


def test_an_unpaid_document_does_not_claim_to_be_paid() -> None:
    assert "Ödendi" not in text_of(invoice(paid_at=None))


def test_a_free_invoice_is_a_whole_invoice() -> None:
    text = text_of(invoice(lines=(line(net=0),)))
    assert "KDV dâhil toplam 0,00 ₺" in text
    assert "Yalnız sıfır TL" in text


def test_a_credit_note_names_what_it_corrects_and_that_money_went_back() -> None:
    text = text_of(
        invoice(kind="credit_note", corrects_number="TZG2026000000041", reason="Ödeme iade edildi")
    )
    assert "İade belgesi" in text
    assert "İlgili fatura TZG2026000000041" in text
    assert "Neden Ödeme iade edildi" in text
    assert "İade edildi" in text
    assert "Ödendi" not in text


def test_a_credit_note_that_is_kept_as_credit_does_not_claim_that_money_went_back() -> None:
    text = text_of(invoice(kind="credit_note", corrects_number="TZG2026000000041", is_kept_as_credit=True))
    assert "Bakiyenizde" in text
    assert "İade edildi" not in text


def test_sixty_lines_go_over_pages_each_with_header_and_number() -> None:
    document = invoice(lines=tuple(line(f"Satır {number:02d}.") for number in range(1, 61)))
    pages = [page.extract_text() for page in reader_of(document).pages]
    assert len(pages) == 4
    for number, page in enumerate(pages, start=1):
        assert "Açıklama" in page
        assert document.number in page
        assert f"Sayfa {number} / 4" in page
    assert [sum(f"Satır {number:02d}." in page for page in pages) for number in range(1, 61)] == [1] * 60
    assert "KDV dâhil toplam" in pages[-1]
    assert not any("KDV dâhil toplam" in page for page in pages[:-1])


@pytest.mark.parametrize("count", range(8, 20))
def test_totals_never_stand_alone_nor_run_into_the_footer(count: int) -> None:
    document = invoice(lines=tuple(line(f"Satır {number:02d}.") for number in range(count)))
    last = reader_of(document).pages[-1].extract_text()
    assert "KDV dâhil toplam" in last
    assert f"Satır {count - 1:02d}." in last


def test_a_description_longer_than_a_page_is_printed_to_its_end() -> None:
    words = [f"sözcük{number}" for number in range(900)]
    text = text_of(invoice(lines=(line(" ".join(words)),)))
    assert all(word in text for word in words)


def test_wrapped_lines_fit_their_width_even_when_one_word_does_not() -> None:
    warm_up()
    lines = wrap("kısa " + "ş" * 300 + " son", REGULAR, 9, 120)
    assert "".join(lines).replace(" ", "") == "kısa" + "ş" * 300 + "son"
    assert max(text_width(each, REGULAR, 9) for each in lines) <= 120


def test_the_same_document_gives_the_same_bytes_in_any_process() -> None:
    document = invoice()
    first = render(document)
    render(invoice(language="en", buyer=Party(name="Другой")))
    assert render(document) == first
    script = (
        "import hashlib; from tests.unit.invoices.samples import invoice; "
        "from app.domain.invoices.pdf import render; print(hashlib.sha256(render(invoice())).hexdigest())"
    )
    root = Path(__file__).parents[3]
    other = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60, cwd=root
    )
    assert other.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_threads_do_not_mix_their_documents() -> None:
    documents = [invoice(number=f"TZG20260000000{number:02d}") for number in range(8)]
    expected = [render(document) for document in documents]
    drawn: dict[int, bytes] = {}
    threads = [
        Thread(target=lambda at=at: drawn.__setitem__(at, render(documents[at])))
        for at in range(len(documents))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert [drawn[at] for at in range(len(documents))] == expected


def test_properties_tell_what_it_is_and_when_it_was_issued() -> None:
    reader = reader_of(invoice())
    assert reader.metadata is not None
    assert reader.metadata.title == "Fatura TZG2026000000042"
    assert reader.metadata.author == SELLER.name
    assert reader.metadata.subject == BUYER.name
    assert reader.metadata.creation_date == PAID_AT
    assert str(reader.root_object["/Lang"]) == "tr"


def test_markup_in_a_name_is_just_text() -> None:
    assert "<b>Acme</b> & (Oğulları)" in text_of(invoice(buyer=Party(name="<b>Acme</b> & (Oğulları)")))


def test_every_page_of_rows_fits_and_the_last_leaves_room_for_the_totals() -> None:
    rows = [Row(["a"] * (1 + number % 7), ("1",), "%20") for number in range(50)]
    pages = paginate(rows, first=200, other=400, closing=150)
    assert [row for page in pages for row in page] == rows
    heights = [sum(row.height for row in page) for page in pages]
    assert heights[0] <= 200
    assert all(height <= 400 for height in heights[1:])
    assert heights[-1] <= 400 - 150


@pytest.mark.parametrize(
    ("rate", "tr", "en"), [(2000, "%20", "20%"), (1050, "%10,5", "10.5%"), (0, "%0", "0%")]
)
def test_rates_are_written_as_the_language_does(rate: int, tr: str, en: str) -> None:
    assert percent(rate, "tr") == tr
    assert percent(rate, "en") == en


def test_a_very_long_party_is_cut_before_it_pushes_the_table_off_the_page() -> None:
    document = replace(invoice(), buyer=Party(name="Uzun Ad " * 60, address="Uzun Sokak " * 200))
    text = text_of(document)
    assert "…" in text
    assert "KDV dâhil toplam 870,00 ₺" in text
