"""Archives are taken apart within limits, and nothing in them is lost silently."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import stat
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import ClassVar

import pytest
from archive_making import (
    LIMITS,
    Opened,
    open_all,
    overlapping_zip_bytes,
    streamed_zip_bytes,
    tar_bytes,
    zip_bytes,
)

from textmill.errors import (
    ArchiveTooLarge,
    DamagedArchive,
    PasswordProtected,
    UnsafeArchiveMember,
    UnsupportedFormat,
)
from textmill.fetching.archives import ArchiveLimits, Budget, CannotGoOn, open_archive
from textmill.staging import name_of

FILES = {"a.png": b"first" * 1000, "letters/b.pdf": b"second" * 3000}


def opened(tmp_path: Path, content: bytes, name: str = "box", limits: ArchiveLimits = LIMITS) -> Opened:
    (tmp_path / name).write_bytes(content)
    return open_all(tmp_path / name, limits)


class TestFormats:
    @pytest.mark.parametrize(
        "content",
        [
            zip_bytes(FILES),
            zip_bytes(FILES, zipfile.ZIP_STORED),
            zip_bytes(FILES, zipfile.ZIP_BZIP2),
            zip_bytes(FILES, zipfile.ZIP_LZMA),
            streamed_zip_bytes(FILES),
            b"MZ" + bytes(5000) + zip_bytes(FILES),
            b"#!/bin/sh\nexit\n" + zip_bytes(FILES),
            tar_bytes(FILES, form=tarfile.USTAR_FORMAT),
            tar_bytes(FILES, form=tarfile.GNU_FORMAT),
            tar_bytes(FILES, form=tarfile.PAX_FORMAT),
            tar_bytes(FILES, "w:gz"),
            tar_bytes(FILES, "w:bz2"),
            tar_bytes(FILES, "w:xz"),
        ],
        ids=[
            "deflate",
            "stored",
            "bzip2",
            "lzma",
            "streamed",
            "exe",
            "sh",
            "ustar",
            "gnu",
            "pax",
            "gz",
            "bz2",
            "xz",
        ],
    )
    def test_members_come_out_as_they_went_in(self, tmp_path: Path, content: bytes) -> None:
        assert opened(tmp_path, content) == Opened(contents=FILES)

    @pytest.mark.parametrize(
        ("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
    )
    def test_a_packed_file_is_an_archive_of_one(self, tmp_path: Path, ending: str, pack: object) -> None:
        assert callable(pack)
        content = b"scan" * 100_000
        assert opened(tmp_path, pack(content), f"scan 1.png.{ending}").contents == {"scan%201.png": content}
        # Two streams behind each other are one, and zeros may fill up what is behind.
        double = pack(content) + pack(b"more") + bytes(64)
        assert opened(tmp_path, double, f"scan.{ending}").contents == {"scan": content + b"more"}

    def test_zip64(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            with archive.open("a.png", "w", force_zip64=True) as member:
                member.write(b"first")
            archive.writestr("b.png", b"second")
        content = out.getvalue()
        assert opened(tmp_path, content).contents == {"a.png": b"first", "b.png": b"second"}
        without_directory = content[: content.index(b"PK\1\2")]
        assert opened(tmp_path, without_directory).contents == {"a.png": b"first", "b.png": b"second"}

    def test_names_in_other_encodings(self, tmp_path: Path) -> None:
        content = zip_bytes({"xx.png": b"1"})
        utf8_unsaid = content.replace(b"xx.png", "é.png".encode())
        assert list(opened(tmp_path, utf8_unsaid).contents) == ["%C3%A9.png"]
        dos = content.replace(b"xx.png", b"x\x82.png")
        assert list(opened(tmp_path, dos).contents) == ["x%C3%A9.png"]
        tar = tar_bytes({"xx.png": b"1"}, form=tarfile.USTAR_FORMAT)
        header = bytearray(tar[:512].replace(b"xx.png", b"x\xe9.png"))
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        assert list(opened(tmp_path, bytes(header) + tar[512:]).contents) == ["x%E9.png"]

    def test_an_address_is_ascii_and_tells_where_the_archive_ends(self, tmp_path: Path) -> None:
        content = zip_bytes({"why!? #1 ñ.png": b"1"})
        (address,) = opened(tmp_path, content).contents
        assert address == "why%21%3F%20%231%20%C3%B1.png"
        assert name_of(f"file:///in/my%20box.zip!{address}") == "my box.zip!why!? #1 ñ.png"
        assert name_of("file:///in/box.zip!in.tar!a.png#2") == "box.zip!in.tar!a.png#2"
        assert name_of("file:///in/b.zip!a%0Ab%1B.png") == "b.zip!a\ufffdb\ufffd.png"


class TestWhatIsNoMedium:
    def test_folders_hidden_files_and_ground_truth_are_passed_over(self, tmp_path: Path) -> None:
        files = {
            "letters/": b"",
            "letters/a.png": b"1",
            "letters/.DS_Store": b"2",
            "__MACOSX/letters/._a.png": b"3",
            ".git/config": b"4",
            "a.gt.txt": b"5",
            "./b.png": b"6",
        }
        expected = Opened(contents={"letters/a.png": b"1", "b.png": b"6"})
        assert opened(tmp_path, zip_bytes(files)) == expected
        assert opened(tmp_path, tar_bytes(files | {"letters/": b""})).contents == expected.contents

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_files_of_one_name_are_all_kept(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in (("a.png", b"1"), ("a.png", b"2"), ("./a.png", b"3")):
                archive.writestr(name, content)
        assert opened(tmp_path, out.getvalue()).contents == {"a.png": b"1", "a.png#2": b"2", "a.png#3": b"3"}


class TestUnsafe:
    @pytest.mark.parametrize(
        "name",
        ["../evil.png", "a/../../evil.png", "/etc/evil.png", "C:/evil.png", "..\\evil.png", "a\\b.png", ".."],
    )
    def test_names_that_lead_out_are_refused_and_the_rest_is_read(self, tmp_path: Path, name: str) -> None:
        files = {name: b"evil", "good.png": b"good"}
        for content in (zip_bytes(files), tar_bytes(files)):
            found = opened(tmp_path, content)
            assert found.contents == {"good.png": b"good"}
            (error,) = found.refused.values()
            assert isinstance(error, UnsafeArchiveMember)
            assert error.message.startswith("box!")
            assert found.stopped is None

    def test_a_null_byte_does_not_hide_the_rest_of_a_name(self, tmp_path: Path) -> None:
        content = zip_bytes({"a.pngXb": b"1"}).replace(b"a.pngXb", b"a.png\0b")
        found = opened(tmp_path, content)
        assert list(found.refused) == ["a.png%00b"]
        assert found.contents == {}

    def test_a_name_too_long_for_an_address_is_cut_where_it_is_noted(self, tmp_path: Path) -> None:
        found = opened(tmp_path, zip_bytes({"é" * 20_000: b"1", "a.png": b"2"}))
        (address,) = found.refused
        assert len(address) < 1000
        assert list(found.contents) == ["a.png"]

    def test_links_and_devices_in_tar(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        kinds = {
            "link": tarfile.SYMTYPE,
            "hard": tarfile.LNKTYPE,
            "fifo": tarfile.FIFOTYPE,
            "disk": tarfile.BLKTYPE,
            "null": tarfile.CHRTYPE,
            "odd": b"Q",
        }
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, kind in kinds.items():
                info = tarfile.TarInfo(name)
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info)
            info = tarfile.TarInfo("a.png")
            info.size = 1
            archive.addfile(info, io.BytesIO(b"1"))
        found = opened(tmp_path, out.getvalue())
        assert found.contents == {"a.png": b"1"}
        assert found.refused.keys() == kinds.keys()
        assert "link to '/etc/passwd'" in found.refused["link"].message

    def test_links_in_zip(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            info = zipfile.ZipInfo("link.png")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
        found = opened(tmp_path, out.getvalue())
        assert isinstance(found.refused["link.png"], UnsafeArchiveMember)

    def test_files_with_holes(self, tmp_path: Path) -> None:
        sparse = tarfile.TarInfo("holes.png")
        sparse.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,1",
            "GNU.sparse.size": str(10**15),
        }
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
            sparse.size = 1
            archive.addfile(sparse, io.BytesIO(b"1"))
        assert isinstance(opened(tmp_path, out.getvalue()).refused["holes.png"], UnsafeArchiveMember)


class TestObstacles:
    def test_encrypted_members(self, tmp_path: Path) -> None:
        content = bytearray(zip_bytes({"a.png": b"1", "b.png": b"2"}))
        content[6] |= 1  # the local header of the first
        content[content.index(b"PK\1\2") + 8] |= 1
        found = opened(tmp_path, bytes(content))
        assert isinstance(found.refused["a.png"], PasswordProtected)
        assert "password" in found.refused["a.png"].message
        assert found.contents == {"b.png": b"2"}

    def test_methods_that_are_not_read(self, tmp_path: Path) -> None:
        content = bytearray(zip_bytes({"a.png": b"1", "b.png": b"2"}))
        struct.pack_into("<H", content, 8, 9)
        struct.pack_into("<H", content, content.index(b"PK\1\2") + 10, 9)
        found = opened(tmp_path, bytes(content))
        assert isinstance(found.refused["a.png"], UnsupportedFormat)
        assert "Deflate64" in found.refused["a.png"].message
        assert found.contents == {"b.png": b"2"}

    def test_a_wrong_checksum_costs_one_member(self, tmp_path: Path) -> None:
        content = zip_bytes({"a.png": b"first!", "b.png": b"second"}, zipfile.ZIP_STORED)
        found = opened(tmp_path, content.replace(b"first!", b"fursd!"))
        assert isinstance(found.refused["a.png"], DamagedArchive)
        assert found.contents == {"b.png": b"second"}


def noise(size: int) -> bytes:
    return b"".join(zlib.crc32(struct.pack("<L", number)).to_bytes(4, "big") for number in range(size // 4))


class TestDamage:
    FILES: ClassVar = {f"{number}.png": noise(40_000) + bytes([number]) for number in range(5)}

    @pytest.mark.parametrize(
        "content",
        [
            zip_bytes(FILES),
            zip_bytes(FILES, zipfile.ZIP_STORED),
            zip_bytes(FILES, zipfile.ZIP_BZIP2),
            streamed_zip_bytes(FILES),
            tar_bytes(FILES),
            tar_bytes(FILES, "w:gz"),
        ],
        ids=["deflate", "stored", "bzip2", "streamed", "tar", "gz"],
    )
    def test_what_lies_before_the_damage_is_read_and_the_archive_refused(
        self, tmp_path: Path, content: bytes
    ) -> None:
        found = opened(tmp_path, content[: len(content) * 7 // 10])
        assert isinstance(found.stopped, DamagedArchive)
        assert found.stopped.message.startswith("box ")
        whole = 3 if not content.startswith(b"\x1f\x8b") else len(found.contents)
        assert len(found.contents) == whole >= 1
        assert all(self.FILES[name] == data for name, data in found.contents.items())

    def test_cut_off_anywhere_it_is_never_taken_for_whole(self, tmp_path: Path) -> None:
        for pack in (zip_bytes, streamed_zip_bytes, tar_bytes):
            content = pack({"a.png": b"first", "b.png": noise(600)})
            end = len(content) if pack is not tar_bytes else 512 * 6
            for length in range(end - 2400 if pack is tar_bytes else 40, end, 7):
                (tmp_path / "box").write_bytes(content[:length])
                mime = "application/x-tar" if pack is tar_bytes else "application/zip"
                budget = Budget("box", length, LIMITS)
                with pytest.raises(CannotGoOn, match="box "):
                    for member in open_archive(tmp_path / "box", mime, "file:///box", "box", budget):
                        b"".join(member.chunks())

    @pytest.mark.parametrize("mode", ["w", "w:gz"])
    def test_what_follows_the_end_is_not_lost_silently(self, tmp_path: Path, mode: str) -> None:
        found = opened(tmp_path, tar_bytes(FILES, mode) + tar_bytes({"c.png": b"3"}))
        assert found.contents == FILES
        assert isinstance(found.stopped, DamagedArchive)
        assert "behind the end" in found.stopped.message

    def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(self, tmp_path: Path) -> None:
        content = bytearray(tar_bytes({"a.png": b"1", "b.png": b"2"}))
        content[1024] ^= 1
        found = opened(tmp_path, bytes(content))
        assert found.contents == {"a.png": b"1"}
        assert isinstance(found.stopped, DamagedArchive)

    @pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
    def test_damage_in_packed_data(self, tmp_path: Path, mode: str) -> None:
        content = bytearray(tar_bytes(self.FILES, mode))
        content[len(content) // 2] ^= 0xFF
        found = opened(tmp_path, bytes(content))
        assert isinstance(found.stopped, DamagedArchive)


def small(**changes: float) -> ArchiveLimits:
    values: dict[str, float] = {"depth": 2, "entries": 10, "ratio": 200, "bytes": 1024**3}
    return ArchiveLimits(**values | changes)  # type: ignore[arg-type]


class TestBombs:
    def stopped(self, found: Opened, setting: str) -> None:
        assert isinstance(found.stopped, ArchiveTooLarge)
        assert f"TEXTMILL_ARCHIVE_MAX_{setting}" in found.stopped.message

    @pytest.mark.parametrize("pack", [zip_bytes, tar_bytes])
    def test_too_many_members(self, tmp_path: Path, pack: object) -> None:
        assert callable(pack)
        found = opened(tmp_path, pack({f"{number}.png": b"1" for number in range(11)}), limits=small())
        self.stopped(found, "ENTRIES")
        assert len(found.contents) <= 10

    @pytest.mark.parametrize("pack", [zip_bytes, tar_bytes])
    def test_too_many_bytes(self, tmp_path: Path, pack: object) -> None:
        assert callable(pack)
        found = opened(tmp_path, pack({"a.png": noise(4000), "b.png": noise(8000)}), limits=small(bytes=8000))
        self.stopped(found, "BYTES")

    def test_ten_gigabytes_of_zeros(self, tmp_path: Path) -> None:
        """Written without packing them: a piece of deflate that stands for a gigabyte, ten times over."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
        data = block * 10 * 1024 + b"\x03\0"
        head = struct.pack("<5H3L2H", 20, 0, 8, 0, 0, 0, len(data), 0xFFFFFFF0, 5, 0)
        local = b"PK\3\4" + head + b"a.png"
        entry = b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<3H2L", 0, 0, 0, 0, 0) + b"a.png"
        start = len(local) + len(data)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), start, 0)
        found = opened(tmp_path, local + data + entry + end, limits=small(bytes=10**8, ratio=10**6))
        self.stopped(found, "BYTES")
        found = opened(tmp_path, local + data + entry + end, limits=small(ratio=10))
        self.stopped(found, "RATIO")

    @pytest.mark.parametrize(("ending", "module"), [("bz2", bz2), ("xz", lzma), ("gz", gzip)])
    def test_zeros_in_other_packings_stay_small_in_memory(
        self, tmp_path: Path, ending: str, module: object
    ) -> None:
        path = tmp_path / f"zeros.{ending}"
        path.write_bytes(getattr(module, "compress")(bytes(50 * 2**20)) * 40)  # noqa: B009
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        mime = {"bz2": "x-bzip2", "xz": "x-xz", "gz": "gzip"}[ending]
        budget = Budget(path.name, path.stat().st_size, small(bytes=2 * 10**8, ratio=10**9))
        with pytest.raises(CannotGoOn, match="TEXTMILL_ARCHIVE_MAX_BYTES"):
            for member in open_archive(path, f"application/{mime}", path.as_uri(), path.name, budget):
                assert all(len(chunk) <= 2**18 for chunk in member.chunks())
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000

    def test_members_that_share_their_data(self, tmp_path: Path) -> None:
        found = opened(tmp_path, overlapping_zip_bytes(50))
        assert isinstance(found.stopped, DamagedArchive)
        assert "overlap" in found.stopped.message
        assert found.contents == {}

    def test_a_directory_of_millions_is_not_held_in_memory(self, tmp_path: Path) -> None:
        entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *([0] * 14))
        directory = entry * 1_000_000
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(directory), 30, 0)
        local = b"PK\3\4" + bytes(26)
        self.stopped(opened(tmp_path, local + directory + end), "ENTRIES")

    def test_headers_of_tar_are_bounded(self, tmp_path: Path) -> None:
        name = tarfile.TarInfo("././@LongLink")
        name.type, name.size = tarfile.GNUTYPE_LONGNAME, 10**9
        content = name.tobuf(tarfile.GNU_FORMAT) + b"a" * 10**6
        assert isinstance(opened(tmp_path, content).stopped, DamagedArchive)
        name.size = 0
        many = name.tobuf(tarfile.GNU_FORMAT) * 2000
        assert isinstance(opened(tmp_path, many).stopped, DamagedArchive)
        pax = tarfile.TarInfo("pax")
        pax.type, pax.size = tarfile.XHDTYPE, 200_000
        digits = pax.tobuf(tarfile.USTAR_FORMAT) + b"1" * 200_192
        assert isinstance(opened(tmp_path, digits).stopped, DamagedArchive)

    def test_a_tar_that_leads_back_ends(self, tmp_path: Path) -> None:
        info = tarfile.TarInfo("a.png")
        header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        header[124:136] = b"\xff" * 10 + b"\xfc\x00"  # minus 1024
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        assert isinstance(opened(tmp_path, bytes(header) + bytes(2048)).stopped, DamagedArchive)

    def test_limits_count_what_lies_in_archives_within(self) -> None:
        outer = Budget("outer.zip", 1000, small())
        inner = Budget("outer.zip!inner.zip", 1000, small(), outer)
        for _ in range(10):
            inner.enter()
        with pytest.raises(CannotGoOn, match=r"outer\.zip holds more than 10 members"):
            outer.enter()
