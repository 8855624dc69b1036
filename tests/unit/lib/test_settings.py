"""Settings: read from text, later sources win, and production refuses what is missing or unsafe."""

from pathlib import Path

import pytest

from app.lib.settings import DEVELOPMENT_SECRET, Settings, SettingsError, load_settings, read_environment_file

PRODUCTION = {
    "TEZGAH_ENV": "production",
    "TEZGAH_SECRET_KEY": "a-key-for-the-tests-of-the-settings-alone",
    "TEZGAH_PUBLIC_URL": "https://tezgah.example",
    "TEZGAH_DATABASE_URL": "postgresql+asyncpg://tezgah@db/tezgah",
    "TEZGAH_REDIS_URL": "redis://redis/0",
    "TEZGAH_PAYTR_MERCHANT_ID": "1",
    "TEZGAH_PAYTR_MERCHANT_KEY": "2",
    "TEZGAH_PAYTR_MERCHANT_SALT": "3",
    "TEZGAH_PAYTR_BASE_URL": "https://paytr.example",
    "TEZGAH_SMTP_URL": "smtps://mail.example",
    "TEZGAH_STORAGE_URL": "file:///srv/tezgah",
    "TEZGAH_WORKSPACE_DRIVER": "docker",
    "TEZGAH_SELLER_NAME": "Örnek A.Ş.",
    "TEZGAH_SELLER_VKN": "9876543217",
    "TEZGAH_SELLER_TAX_OFFICE": "Beyoğlu",
    "TEZGAH_SELLER_ADDRESS": "Galata, İstanbul",
}


def test_whole_production_settings_are_taken() -> None:
    settings = load_settings(PRODUCTION)
    assert settings.is_production
    assert settings.is_https


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        *(
            ({name: ""}, f"Set {name}.")
            for name in PRODUCTION
            if name.endswith(("_URL", "_ID", "_KEY", "_SALT")) and name != "TEZGAH_SECRET_KEY"
        ),
        ({"TEZGAH_SECRET_KEY": ""}, "Set TEZGAH_SECRET_KEY to at least 32 random characters."),
        ({"TEZGAH_SECRET_KEY": "x" * 31}, "Set TEZGAH_SECRET_KEY to at least 32 random characters."),
        (
            {"TEZGAH_SECRET_KEY": DEVELOPMENT_SECRET},
            "Set TEZGAH_SECRET_KEY to at least 32 random characters.",
        ),
        ({"TEZGAH_SECRET_KEY": "x" * 40}, "TEZGAH_SECRET_KEY repeats itself"),
        ({"TEZGAH_SECRET_KEY": "0123456789" * 4}, "TEZGAH_SECRET_KEY repeats itself"),
        (
            {"TEZGAH_SECRET_KEY_PREVIOUS": f"{'o' * 32}, {PRODUCTION['TEZGAH_SECRET_KEY']}"},
            "repeats TEZGAH_SECRET",
        ),
        ({"TEZGAH_SECRET_KEY_PREVIOUS": DEVELOPMENT_SECRET}, "which everybody knows"),
        (
            {"TEZGAH_PAYTR_BASE_URL": "http://paytr.example"},
            "TEZGAH_PAYTR_BASE_URL must start with https://.",
        ),
        ({"TEZGAH_DATABASE_URL": "postgresql+asyncpg://t@db.example.com/t"}, "add ?ssl=verify-full to it"),
        ({"TEZGAH_DATABASE_URL": "postgresql+asyncpg://t@203.0.114.9/t"}, "add ?ssl=verify-full to it"),
        ({"TEZGAH_REDIS_URL": "redis://cache.example.com/0"}, "begin it with rediss://"),
        ({"TEZGAH_LOG_LEVEL": "debug"}, "writes down what people send"),
        ({"TEZGAH_SELLER_ADDRESS": "Kadıköy, İstanbul"}, "they are printed on invoices"),
        ({"TEZGAH_PUBLIC_URL": "http://tezgah.example"}, "TEZGAH_PUBLIC_URL must start with https://."),
        ({"TEZGAH_PAYTR_BASE_URL": "http://127.0.0.1:8090"}, "the sandbox takes no real money"),
        (
            {"TEZGAH_SMTP_URL": "smtp://localhost:1025", "TEZGAH_MAIL_INBOX_URL": "http://localhost:8025"},
            "points at the mail catcher",
        ),
        ({"TEZGAH_WORKSPACE_DRIVER": "process"}, "gives strangers a shell here"),
        ({"TEZGAH_SELLER_VKN": ""}, "they are printed on invoices"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_production_refuses_to_start_and_says_what_to_set(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(PRODUCTION | change)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"TEZGAH_CREDIT_NOTE_SERIES": "TZG"}, "Set TEZGAH_CREDIT_NOTE_SERIES to another series"),
        ({"TEZGAH_CREDIT_NOTE_SERIES": "TZİ"}, "Set TEZGAH_CREDIT_NOTE_SERIES to three capital letters"),
        ({"TEZGAH_INVOICE_SERIES": "FATURA"}, "Set TEZGAH_INVOICE_SERIES to three capital letters"),
    ],
)
def test_documents_that_could_not_be_numbered_refuse_to_start_anywhere(
    change: dict[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({"TEZGAH_ENV": "development", **change})
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    "change",
    [
        {"TEZGAH_DATABASE_URL": "postgresql+asyncpg://t@db.example.com/t?ssl=verify-full"},
        {"TEZGAH_DATABASE_URL": "postgresql+asyncpg://t@10.0.0.5/t"},
        {"TEZGAH_DATABASE_URL": "postgresql+asyncpg://t@postgres.tezgah.svc.cluster.local/t"},
        {"TEZGAH_REDIS_URL": "rediss://cache.example.com/0"},
        {"TEZGAH_SECRET_KEY_PREVIOUS": "a weak one that is on its way out"},
    ],
    ids=lambda change: str(*change.values()),
)
def test_what_is_safe_enough_is_taken(change: dict[str, str]) -> None:
    assert load_settings(PRODUCTION | change).is_production


def test_older_keys_are_read_newest_first_without_the_blanks_around_them() -> None:
    keys = load_settings({"TEZGAH_SECRET_KEY": "now", "TEZGAH_SECRET_KEY_PREVIOUS": " before ,, first "}).keys
    assert list(keys) == ["now", "before", "first"]


def test_production_names_every_problem_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings({"TEZGAH_ENV": "production"})
    assert len(str(refusal.value).splitlines()) > 10


@pytest.mark.parametrize(
    "given", [{"TEZGAH_PORT": "eighty"}, {"TEZGAH_ENV": "staging"}, {"TEZGAH_WORKSPACE_DRIVER": "vm"}]
)
def test_a_setting_that_cannot_be_read_is_named(given: dict[str, str]) -> None:
    (name,) = given
    with pytest.raises(SettingsError) as refusal:
        load_settings(given)
    assert name.removeprefix("TEZGAH_").lower() in str(refusal.value)


def test_text_becomes_numbers_truths_and_paths() -> None:
    settings = load_settings(
        {"TEZGAH_PORT": "8001", "TEZGAH_PAYTR_TEST_MODE": "true", "TEZGAH_HOME": "/srv/t", "TEZGAH_HOST": ""}
    )
    assert (settings.port, settings.paytr_test_mode, settings.home) == (8001, True, Path("/srv/t"))
    assert settings.host == Settings().host, "empty is unset"


def test_what_runs_embedded_is_found_outside_production_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "environment").write_text("TEZGAH_REDIS_URL=redis://embedded/0\nTEZGAH_PORT=8123\n")
    given = {"TEZGAH_HOME": str(tmp_path), "TEZGAH_PORT": "9000"}
    settings = load_settings(given)
    assert (settings.redis_url, settings.port) == ("redis://embedded/0", 9000)
    production = load_settings(PRODUCTION | {"TEZGAH_HOME": str(tmp_path)})
    assert (production.redis_url, production.port) == ("redis://redis/0", 8000)


def test_an_environment_file_may_have_comments_and_quotes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('# who we are\n\nTEZGAH_SELLER_NAME="Örnek A.Ş."\nTEZGAH_PORT = 8001\nnonsense\n')
    assert read_environment_file(file) == {"TEZGAH_SELLER_NAME": "Örnek A.Ş.", "TEZGAH_PORT": "8001"}
    assert read_environment_file(tmp_path / "none") == {}
