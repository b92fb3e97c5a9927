import os
import sys
from pathlib import Path

from bench.reading import effective_settings
from bench.spoiled_pages.pictures import specimens
from bench.spoiled_pages.reading import read_all

settings = effective_settings(os.environ)
out = Path(".textmill/spoiled_pages")
with_pages = list(
    read_all(specimens(Path("samples"), [Path(a) for a in sys.argv[1:]], settings), settings, out / "readings.jsonl")
)
(out / "pages.jsonl").write_text("\n".join(p.model_dump_json() for p in with_pages))
print(len(with_pages))
