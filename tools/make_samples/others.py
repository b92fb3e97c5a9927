"""Samples that are no pictures of pages: texts, an archive, a video. Their text is known by heart, so to say.

They have no ground truth files: nothing of the texts has to be recognised, and what is said in the video is
spread over time. The same packages write the same bytes.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tools.make_samples.faces import Face
from tools.make_samples.talk import Talk, default_talk, write_video

_NOTES = """\
Notes on the tides at Saint-Énogat

The café below the sea wall floods twice a year: at the equinoxes, when the range exceeds 12.5 m.
Last spring's high water came at 07:42, “earlier than the table says”, as Zoë remarked.

Fee for the tide gauge: £85 a month – paid until June.
\f
Second page

What to ask the harbour master:
  * who reads the gauge on Sundays?
  * why is the œil-de-bœuf window painted shut?
"""

_BREAD = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Not shown on the page</title>
  <style>h1 { color: firebrick }</style>
  <script>console.log("nobody reads this");</script>
</head>
<body>
  <h1>Rye bread in two days</h1>
  <p>Stir the starter with <b>300&nbsp;g</b> of rye flour and as much water; leave it overnight.</p>
  <!-- the editor wanted a picture here -->
  <table>
    <tr><th>Ingredient</th><th>Grams</th></tr>
    <tr><td>Rye flour</td><td>700</td></tr>
    <tr><td>Cr&egrave;me fra&icirc;che</td><td>40</td></tr>
  </table>
  <p hidden>Do not print this line.</p>
  <p>Bake for 55 minutes at 230 &deg;C.</p>
</body>
</html>
"""

_CLERK = r"""{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times New Roman;}}
\f0\fs24 To the clerk of the parish,\par
\par
the bell rope has parted at the third landing. Mr Ashdown will splice it for \b two pounds ten\b0 , and asks
that nobody pulls it before Thursday.\par
\par
Yours faithfully,\par
Ren\'e9e Whitcombe\par
\page
Postscript: the key hangs behind the font.\par
}
"""

_RESULTS = "boat,helm,minutes\nKittiwake,Oduya,41\nSandpiper,Lindqvist,43\nDunlin,Farrell,47\n"

_NOTICE = ("Regatta postponed", "New start: Saturday 10:30", "Meet at the slipway")
_PACKED_AT = (2024, 5, 17, 9, 0, 0)


def other_samples() -> dict[str, bytes]:
    """Return the files by name."""
    return {
        "notes-tides.txt": _NOTES.replace("\n", "\r\n").encode("cp1252"),
        "page-bread.html": _BREAD.encode(),
        "letter-clerk.rtf": _CLERK.encode("ascii"),
        "parcel-regatta.zip": _parcel(),
        "talk-harbour.mp4": _video(short_talk()),
    }


def short_talk() -> Talk:
    """Return the beginning of the talk: a title, and a slide that builds up."""
    return Talk(default_talk().scenes[:2])


def _parcel() -> bytes:
    members = {
        "results.csv": _RESULTS.encode(),
        "notice/notice.png": _notice(),
        ".DS_Store": b"of no interest",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _PACKED_AT), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _notice() -> bytes:
    picture = Image.new("L", (900, 420), "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(_NOTICE):
        face = Face.SANS_BOLD if number == 0 else Face.SANS
        draw.text((60, 60 + 100 * number), line, fill="black", font=ImageFont.truetype(str(face.path), 52))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _video(talk: Talk) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "talk.mp4")
        write_video(talk, path, fps=10.0, shrink=2)
        return path.read_bytes()
