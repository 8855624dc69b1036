"""Storage: one contract for every place where documents lie, then what only files promise."""

import asyncio
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.settings import SettingsError
from app.lib.storage import (
    FileStorage,
    InvalidKey,
    MemoryStorage,
    NoSuchDocument,
    Storage,
    checked,
    open_storage,
)

KEY = "invoices/2026/TZG2026000000001.pdf"
PDF = "application/pdf"


@pytest.fixture(params=["files", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return FileStorage(tmp_path / "documents") if request.param == "files" else MemoryStorage()


async def test_what_is_put_is_what_one_gets(storage: Storage) -> None:
    await storage.put(KEY, b"\x00\xff kuru\xc5\x9f", PDF)
    assert await storage.exists(KEY)
    assert await storage.get(KEY) == b"\x00\xff kuru\xc5\x9f"


async def test_an_empty_document_is_a_document(storage: Storage) -> None:
    await storage.put(KEY, b"", PDF)
    assert await storage.exists(KEY)
    assert await storage.get(KEY) == b""


async def test_putting_again_replaces_the_whole(storage: Storage) -> None:
    await storage.put(KEY, b"a long first version", PDF)
    await storage.put(KEY, b"short", PDF)
    assert await storage.get(KEY) == b"short"


async def test_what_is_not_there_is_said_to_be_missing(storage: Storage) -> None:
    assert not await storage.exists(KEY)
    with pytest.raises(NoSuchDocument, match="TZG2026000000001"):
        await storage.get(KEY)


async def test_deleting_is_final_and_may_be_repeated(storage: Storage) -> None:
    await storage.put(KEY, b"data", PDF)
    await storage.delete(KEY)
    await storage.delete(KEY)
    assert not await storage.exists(KEY)


async def test_documents_do_not_touch_each_other(storage: Storage) -> None:
    await storage.put("a/1.pdf", b"one", PDF)
    await storage.put("a/2.pdf", b"two", PDF)
    await storage.delete("a/1.pdf")
    assert await storage.get("a/2.pdf") == b"two"


async def test_a_reader_beside_many_writers_never_sees_half_a_document(storage: Storage) -> None:
    versions = [bytes([letter]) * 200_000 for letter in range(8)]
    await storage.put(KEY, versions[0], PDF)
    writes = [storage.put(KEY, version, PDF) for version in versions]
    reads = [storage.get(KEY) for _ in range(16)]
    outcomes = await asyncio.gather(*writes, *reads)
    assert all(read in versions for read in outcomes[len(writes) :])


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "..",
        "../secret",
        "a/../../secret",
        "a/./b",
        "a//b",
        "a/",
        "a\\b",
        "a\x00b",
        ".hidden",
        "a/.tmp",
        "a b",
        "ğ.pdf",
        "a\n",
        "x" * 513,
    ],
)
async def test_a_key_that_could_lead_astray_is_refused_everywhere(storage: Storage, key: str) -> None:
    with pytest.raises(InvalidKey):
        await storage.put(key, b"data", PDF)
    with pytest.raises(InvalidKey):
        await storage.get(key)
    with pytest.raises(InvalidKey):
        await storage.exists(key)
    with pytest.raises(InvalidKey):
        await storage.delete(key)


@given(st.text(alphabet="./\\ab_-\x00~", max_size=24))
def test_no_accepted_key_leaves_the_root(key: str) -> None:
    root = Path("/store")
    try:
        path = root / checked(key)
    except InvalidKey:
        return
    assert root in path.resolve().parents


async def test_files_are_readable_by_the_service_alone_and_nothing_temporary_stays(tmp_path: Path) -> None:
    await FileStorage(tmp_path / "documents").put(KEY, b"data", PDF)
    stored = [path for path in (tmp_path / "documents").rglob("*") if path.is_file()]
    assert stored == [tmp_path / "documents" / KEY]
    assert stat.S_IMODE(stored[0].stat().st_mode) == 0o600


async def test_a_write_that_fails_keeps_the_old_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = FileStorage(tmp_path)
    await storage.put(KEY, b"old", PDF)

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        await storage.put(KEY, b"new", PDF)
    assert await storage.get(KEY) == b"old"
    assert [path.name for path in (tmp_path / KEY).parent.iterdir()] == [Path(KEY).name]


async def test_a_file_address_opens_files_in_that_directory(tmp_path: Path) -> None:
    directory = tmp_path / "with space"
    await open_storage(f"file://{str(directory).replace(' ', '%20')}").put(KEY, b"data", PDF)
    assert (directory / KEY).read_bytes() == b"data"


@pytest.mark.parametrize(
    "url", ["", "/var/lib/tezgah", "file://", "file:///", "file://host/share", "ftp://x/y"]
)
def test_an_address_that_names_no_directory_is_refused_with_what_to_set(url: str) -> None:
    with pytest.raises(SettingsError, match="file://"):
        open_storage(url)


def test_s3_is_refused_honestly() -> None:
    with pytest.raises(SettingsError, match="stores documents in files only"):
        open_storage("s3://bucket/prefix")
