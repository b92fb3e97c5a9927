"""Every picture format comes out as it looks, and whatever is wrong with a picture becomes a sentence."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from ocr_batches import OPTIONS
from PIL import Image, ImageDraw, ImageFont
from tiff_files import write_tiff

from textmill.errors import DamagedImage, MediumError, TooManyPages, TooManyPixels
from textmill.media import Medium, open_medium
from textmill.page import PageImage
from textmill.records import AnimationFrames, Kind

pillow_heif.register_heif_opener()
PAPER, INK, RED = (250, 240, 200), (10, 20, 90), (220, 0, 0)
SIZE = (96, 64)


def picture(text: str = "Ink 7") -> Image.Image:
    """A word in dark ink on yellowish paper, and a red square in the lower left corner."""
    image = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((4, 4), text, fill=INK, font=ImageFont.load_default(28))
    draw.rectangle((4, 44, 24, 60), fill=RED)
    return image


def opened(path: Path, **options: Any) -> Medium:
    return open_medium(path, Kind.IMAGE, "image/x", name=path.name, options=replace(OPTIONS, **options))


def first_page(path: Path) -> PageImage:
    with opened(path) as medium:
        page = medium.page(1)
    assert isinstance(page, PageImage)
    return page


def distance(page: PageImage, expected: Image.Image) -> float:
    """Mean difference in levels of 256."""
    wanted = np.asarray(expected.convert("RGB"))[:, :, ::-1].astype(int)
    assert page.pixels.shape == wanted.shape
    assert page.pixels.dtype == np.uint8
    return float(np.abs(page.pixels.astype(int) - wanted).mean())


Writer = Callable[[Image.Image, Path], None]


def saved(mode: str = "RGB", **options: Any) -> Writer:
    return lambda image, path: image.convert(mode).save(path, **options)


def frames(**options: Any) -> Writer:
    return lambda image, path: image.save(
        path, save_all=True, append_images=[picture("two"), picture("three")], **options
    )


LOSSLESS: dict[str, Writer] = {
    "rgb.png": saved(),
    "alpha.png": saved("RGBA"),
    "rgb.bmp": saved(),
    "rgb.tif": saved(),
    "lzw.tif": saved(compression="tiff_lzw"),
    "deflate.tif": saved(compression="tiff_adobe_deflate"),
    "packbits.tif": saved(compression="packbits"),
    "big.tif": saved(big_tiff=True),
    "rgb.webp": saved(lossless=True),
    "rgb.jp2": saved(),
    "codestream.j2k": saved(),
    "rgb.ppm": saved(),
    "rgb.pcx": saved(),
    "animated.png": frames(),
    "animated.webp": frames(lossless=True),
    "pages.tif": frames(),
}
LOSSY: dict[str, Writer] = {
    "baseline.jpg": saved(quality=90),
    "progressive.jpg": saved(progressive=True, quality=90),
    "inks.jpg": saved("CMYK", quality=90),
    "two.mpo": frames(quality=90),
    "inks.tif": saved("CMYK"),
    "jpeg.tif": saved(compression="jpeg", quality=90),
    "colours.png": lambda image, path: image.quantize(32).save(path),
    "colours.gif": lambda image, path: image.quantize(32).save(path),
    "animated.gif": frames(),
    "colours.bmp": lambda image, path: image.quantize(32).save(path),
    "photo.heic": saved(quality=90),
    "photo.avif": saved(quality=90),
    "animated.avif": frames(quality=90),
}
ONE_BIT: dict[str, Writer] = {
    "bits.png": saved("1"),
    "bits.bmp": saved("1"),
    "bits.pbm": saved("1"),
    "fax3.tif": saved("1", compression="group3"),
    "fax4.tif": saved("1", compression="group4"),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_what_is_stored_exactly_comes_out_exactly(tmp_path: Path, name: str) -> None:
    LOSSLESS[name](picture(), tmp_path / name)
    assert distance(first_page(tmp_path / name), picture()) == 0


@pytest.mark.parametrize("name", LOSSY)
def test_what_is_stored_roughly_comes_out_alike(tmp_path: Path, name: str) -> None:
    LOSSY[name](picture(), tmp_path / name)
    assert distance(first_page(tmp_path / name), picture()) < 8


@pytest.mark.parametrize("name", ONE_BIT)
def test_black_and_white_is_not_inverted(tmp_path: Path, name: str) -> None:
    ONE_BIT[name](picture(), tmp_path / name)
    assert distance(first_page(tmp_path / name), picture().convert("1")) == 0


def test_the_name_has_no_say(tmp_path: Path) -> None:
    picture().save(tmp_path / "photo.webp", lossless=True)
    (tmp_path / "photo.webp").rename(tmp_path / "photo.jpg")
    assert distance(first_page(tmp_path / "photo.jpg"), picture()) == 0


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("planar", [False, True])
def test_tiffs_in_tiles_and_planes(tmp_path: Path, tiled: bool, planar: bool) -> None:
    write_tiff(tmp_path / "a.tif", np.asarray(picture()), photometric=2, tiled=tiled, planar=planar)
    assert distance(first_page(tmp_path / "a.tif"), picture()) == 0


@pytest.mark.parametrize(
    ("dtype", "zero_is_white"),
    [(np.uint8, False), (np.uint8, True), (np.uint16, False), (np.uint16, True), (np.uint32, False)],
)
def test_grey_tiffs_of_any_depth_and_direction(tmp_path: Path, dtype: type, zero_is_white: bool) -> None:
    grey = np.asarray(picture().convert("L"))
    factor = np.iinfo(dtype).max // 255
    stored = ((255 - grey if zero_is_white else grey).astype(np.uint64) * factor).astype(dtype)
    stored[0, 0] = np.iinfo(dtype).max  # a page has a point of the strongest level: it tells the depth
    write_tiff(tmp_path / "a.tif", stored, photometric=0 if zero_is_white else 1)
    assert distance(first_page(tmp_path / "a.tif"), picture().convert("L")) < 1


def test_sixteen_bit_colour_is_narrowed(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", np.asarray(picture()).astype(np.uint16) * 257, photometric=2)
    assert distance(first_page(tmp_path / "a.tif"), picture()) == 0


_SEEN_FROM = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture has to be stored for each orientation tag (EXIF 2.3, table 4)."""


@pytest.mark.parametrize("orientation", _SEEN_FROM)
@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jpg"])
def test_every_orientation_stands_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    method = _SEEN_FROM[orientation]
    stored = picture() if method is None else picture().transpose(method)
    exif = Image.Exif()
    exif[274] = orientation
    exact: dict[str, Any] = {"quality": 95} if suffix == "jpg" else {"lossless": True}
    stored.save(tmp_path / f"a.{suffix}", exif=exif, **exact)
    page = first_page(tmp_path / f"a.{suffix}")
    assert distance(page, picture()) < 3
    assert page.rotation == {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}.get(orientation, 0)


def test_a_page_asked_for_twice_is_the_same_page(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", np.asarray(picture()), photometric=2, orientation=6)
    with opened(tmp_path / "a.tif") as medium:
        once, again = medium.page(1), medium.page(1)
    assert isinstance(once, PageImage) and isinstance(again, PageImage)
    assert (once.pixels == again.pixels).all()
    assert once.rotation == again.rotation == 90


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_ignored(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    picture().save(tmp_path / "a.png", exif=exif)
    assert distance(first_page(tmp_path / "a.png"), picture()) == 0


def test_a_transparent_colour_becomes_paper(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), PAPER).save(tmp_path / "a.png", transparency=PAPER)
    assert (first_page(tmp_path / "a.png").pixels == 255).all()


def test_a_transparent_shade_of_sixteen_bits_becomes_paper(tmp_path: Path) -> None:
    grey = np.full((8, 8), 300, dtype=np.uint16)
    grey[0] = 60_000
    Image.fromarray(grey).save(tmp_path / "a.png", transparency=300)
    assert first_page(tmp_path / "a.png").pixels[4, 4].tolist() == [255, 255, 255]


def test_white_ink_without_paper_is_laid_on_black(tmp_path: Path) -> None:
    image = Image.new("RGBA", SIZE, (255, 255, 255, 0))
    ImageDraw.Draw(image).text((4, 4), "Ink", fill="white", font=ImageFont.load_default(28))
    image.save(tmp_path / "logo.png")
    page = first_page(tmp_path / "logo.png")
    assert (page.pixels.min(), page.pixels.max()) == (0, 255)
    assert "black" in page.remarks[0]


def test_frames_of_a_tiff_keep_their_own_size_and_mode(tmp_path: Path) -> None:
    others = [picture().resize((30, 20)).convert("1"), picture().resize((20, 50)).convert("CMYK")]
    picture().save(tmp_path / "a.tif", save_all=True, append_images=others)
    with opened(tmp_path / "a.tif") as medium:
        pages = [medium.page(number) for number in (1, 2, 3)]
    assert [(page.width, page.height) for page in pages] == [SIZE, (30, 20), (20, 50)]


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.avif", "a.heic"])
def test_an_animation_is_one_page_unless_all_frames_are_asked_for(tmp_path: Path, name: str) -> None:
    frames(quality=90)(picture(), tmp_path / name)
    with opened(tmp_path / name) as medium:
        assert medium.page_count == 1
        assert medium.page(1).remarks == ()
    with opened(tmp_path / name, animation_frames=AnimationFrames.ALL) as medium:
        assert medium.page_count == 3
        for number, text in ((3, "three"), (1, "Ink 7"), (2, "two")):
            page = medium.page(number)
            assert isinstance(page, PageImage)
            assert distance(page, picture(text)) < 8


def test_frames_are_laid_over_the_earlier_ones(tmp_path: Path) -> None:
    below = Image.new("P", (40, 20), 0)
    below.putpalette([255, 255, 255, 0, 0, 0, 220, 0, 0])
    patch = Image.new("P", (40, 20), 3)
    patch.putpalette([255, 255, 255, 0, 0, 0, 220, 0, 0, 1, 1, 1])
    patch.paste(1, (0, 0, 10, 20))
    below.paste(2, (30, 0, 40, 20))
    below.save(tmp_path / "a.gif", save_all=True, append_images=[patch], transparency=3, disposal=1)
    with opened(tmp_path / "a.gif", animation_frames=AnimationFrames.ALL) as medium:
        pixels = medium.page(2).pixels
    assert pixels[10, [5, 20, 35]].tolist() == [[0, 0, 0], [255, 255, 255], [0, 0, 220]]


def test_a_long_animation_does_not_pile_up(tmp_path: Path) -> None:
    shades = [Image.new("L", (400, 400), shade) for shade in range(60)]
    shades[0].save(tmp_path / "a.gif", save_all=True, append_images=shades[1:])
    tracemalloc.start()
    with opened(tmp_path / "a.gif", animation_frames=AnimationFrames.ALL) as medium:
        for number in range(1, medium.page_count + 1):
            medium.page(number)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 400 * 400 * 3


def test_too_many_frames_name_the_setting(tmp_path: Path) -> None:
    frames()(picture(), tmp_path / "a.gif")
    with pytest.raises(TooManyPages, match="TEXTMILL_MAX_PAGES allows 2"):
        opened(tmp_path / "a.gif", animation_frames=AnimationFrames.ALL, max_pages=2)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


SIDE = 60_000
GIF_SCREEN = b"GIF89a" + struct.pack("<HHBBB", SIDE, SIDE, 0, 0, 0)
BMP_HEADER = struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, SIDE, SIDE, 1, 24, 0, 0, 0, 0, 0, 0)
BOMBS = {
    "a.png": png(SIDE, SIDE, chunk(b"IDAT", zlib.compress(bytes(1000)))),
    "a.gif": GIF_SCREEN + b"," + struct.pack("<HHHHB", 0, 0, SIDE, SIDE, 0) + b"\2\2\x4c\1\0;",
    "a.bmp": b"BM" + BMP_HEADER,
    "a.ppm": f"P6 {SIDE} {SIDE} 255\n".encode() + bytes(64),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_claims_billions_of_pixels_is_refused_unopened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BOMBS[name])
    tracemalloc.start()
    with pytest.raises(TooManyPixels, match=r"3,600,000,000 pixels.* TEXTMILL_MAX_PIXELS"):
        opened(tmp_path / name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_a_note_that_unpacks_to_too_much_is_refused(tmp_path: Path, kind: bytes) -> None:
    note = chunk(kind, b"name\0\0" + zlib.compress(bytes(40_000_000)))
    (tmp_path / "a.png").write_bytes(png(4, 4, note, chunk(b"IDAT", zlib.compress(bytes(4 * 13)))))
    with pytest.raises(DamagedImage), opened(tmp_path / "a.png") as medium:
        medium.page(1)


def test_long_notes_beside_a_picture_do_no_harm(tmp_path: Path) -> None:
    note = chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(4_000_000)))
    (tmp_path / "a.png").write_bytes(png(4, 4, note, chunk(b"IDAT", zlib.compress(bytes(4 * 13)))))
    assert first_page(tmp_path / "a.png").pixels.max() == 0


def test_one_large_frame_does_not_cost_the_others(tmp_path: Path) -> None:
    others = [Image.new("L", (600, 600)), picture()]
    picture().save(tmp_path / "a.tif", save_all=True, append_images=others)
    with opened(tmp_path / "a.tif", max_pixels=100_000) as medium:
        assert medium.page_count == 3
        with pytest.raises(TooManyPixels, match=r"a\.tif, page 2.* TEXTMILL_MAX_PIXELS") as refused:
            medium.page(2)
        assert refused.value.page_no == 2
        assert medium.page(3).width == SIZE[0]


def test_the_whole_pages_of_a_torn_tiff_are_kept(tmp_path: Path) -> None:
    others = [picture("two"), picture("three")]
    picture().save(tmp_path / "a.tif", save_all=True, append_images=others)
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: len(whole) * 5 // 12])
    with opened(tmp_path / "a.tif") as medium:
        page = medium.page(1)
        assert isinstance(page, PageImage)
        assert distance(page, picture()) == 0
        last = medium.page_count
        with pytest.raises(DamagedImage, match=rf"a\.tif, page {last}: the picture breaks off") as refused:
            medium.page(last)
        assert refused.value.page_no == last > 1


ALL_WRITERS = LOSSLESS | LOSSY | ONE_BIT
SEVERAL_PICTURES = ("animated.gif", "animated.webp", "animated.png", "pages.tif", "two.mpo")


@pytest.mark.parametrize("name", [name for name in ALL_WRITERS if name not in SEVERAL_PICTURES])
def test_half_a_picture_says_so(tmp_path: Path, name: str) -> None:
    ALL_WRITERS[name](picture(), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with (
        pytest.raises(DamagedImage, match=r"breaks off|cannot be opened as one"),
        opened(tmp_path / name) as medium,
    ):
        medium.page(1)


@pytest.mark.parametrize("name", ALL_WRITERS)
def test_nothing_but_a_sentence_escapes_for_hostile_bytes(tmp_path: Path, name: str) -> None:
    chance = random.Random(name)
    ALL_WRITERS[name](picture(), tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    outcomes = {"read": 0, "refused": 0}
    for number in range(200):
        path = tmp_path / f"{number}-{name}"
        path.write_bytes(mutated(whole, chance))
        outcome = "refused"
        with suppress(MediumError), opened(path, animation_frames=AnimationFrames.ALL) as medium:
            for page_no in range(1, min(medium.page_count, 3) + 1):
                medium.page(page_no)
            outcome = "read"
        outcomes[outcome] += 1
        path.unlink()
    assert outcomes["refused"] > 10


def mutated(whole: bytes, chance: random.Random) -> bytes:
    """Cut the file off, or change bytes in its header, or anywhere, or put others in their place."""
    content = bytearray(whole)
    match chance.randrange(4):
        case 0:
            return bytes(content[: chance.randrange(len(content))])
        case 1:
            for _ in range(chance.randrange(1, 12)):
                content[chance.randrange(min(len(content), 300))] = chance.randrange(256)
        case 2:
            for _ in range(chance.randrange(1, 40)):
                content[chance.randrange(len(content))] = chance.randrange(256)
        case _:
            start = chance.randrange(len(content))
            content[start : start + chance.randrange(40)] = chance.randbytes(chance.randrange(40))
    return bytes(content)


def test_a_png_that_is_damaged_in_the_middle_is_no_page(tmp_path: Path, samples: Path) -> None:
    """Pillow keeps the rows before the damage, and must not be asked twice."""
    whole = (samples / "memo-moving.png").read_bytes()
    chance = random.Random(7)
    for number in range(6):
        at = chance.randrange(len(whole) // 4, len(whole) * 3 // 4)
        path = tmp_path / f"{number}.png"
        path.write_bytes(whole[:at] + b"XXXXXXXX" + whole[at + 8 :])
        with opened(path) as medium, pytest.raises(DamagedImage):
            medium.page(1)
