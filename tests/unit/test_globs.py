"""Which paths globs take, and which folders need not be listed."""

from __future__ import annotations

import pytest

from textmill.errors import SourceError
from textmill.sources.globs import GlobFilter


@pytest.mark.parametrize(
    ("include", "taken", "left"),
    [
        ("*.pdf", ["a.pdf", "x/y/a.pdf", ".pdf"], ["a.PDF", "a.pdf.txt", "a.pdf/x.png", "apdf"]),
        ("scan-?.png", ["scan-1.png", "x/scan-2.png"], ["scan-10.png", "scan-/.png"]),
        ("[0-9]*.tif", ["1.tif", "x/2b.tif"], ["a1.tif"]),
        ("2024/*", ["2024/a.png"], ["2024/x/a.png", "old/2024/a.png", "2024"]),
        ("2024/**", ["2024/a.png", "2024/x/y/a.png"], ["old/2024/a.png", "2024"]),
        ("2024/**/*.pdf", ["2024/a.pdf", "2024/x/y/a.pdf"], ["2024/a.png", "2023/a.pdf"]),
        ("**/in/*.pdf", ["in/a.pdf", "x/y/in/a.pdf"], ["in/x/a.pdf", "a.pdf"]),
        ("in/", ["in/a.pdf", "x/in/y/a.pdf"], ["in", "inn/a.pdf"]),
        ("/a.pdf", ["a.pdf"], ["x/a.pdf"]),
        ("/x/in/", ["x/in/a.pdf", "x/in/y/a"], ["in/a", "z/x/in/a"]),
        ("*", ["a", "x/y/a"], []),
        ("**", ["a", "x/y/a"], []),
        ("#1.pdf", ["#1.pdf", "x/#1.pdf"], ["1.pdf"]),
        ("Ümläut *.pdf", ["Ümläut 1.pdf"], ["Umlaut 1.pdf"]),
        (r"\[a\].pdf", ["[a].pdf"], ["a.pdf"]),
        ("*.pdf", ["x\ny/a.pdf", "latin1-\udce9.pdf"], ["a.pdf\n"]),
    ],
)
def test_an_include_glob_takes_files(include: str, taken: list[str], left: list[str]) -> None:
    globs = GlobFilter([include])
    assert [path for path in taken if not globs.takes(path)] == []
    assert [path for path in left if globs.takes(path)] == []


@pytest.mark.parametrize(
    ("exclude", "left", "taken"),
    [
        ("*.bak", ["a.bak", "x/a.bak", "x.bak/a.pdf"], ["a.pdf"]),
        ("tmp", ["tmp", "tmp/a", "x/tmp/y/a"], ["tmpx", "x/a"]),
        ("tmp/", ["tmp/a", "x/tmp/a"], ["tmp"]),
        ("/tmp", ["tmp/a"], ["x/tmp/a"]),
        ("x/*.pdf", ["x/a.pdf"], ["x/y/a.pdf", "a.pdf"]),
        ("x/*", ["x/a", "x/y/a"], ["a", "y/x/a"]),
        ("tmp", ["tmp/new\nline.pdf", "new\nline/tmp/a.pdf"], []),
    ],
)
def test_an_exclude_glob_leaves_out_files_and_all_below_its_folders(
    exclude: str, left: list[str], taken: list[str]
) -> None:
    globs = GlobFilter(exclude=[exclude])
    assert [path for path in left if globs.takes(path)] == []
    assert [path for path in taken if not globs.takes(path)] == []


def test_exclude_wins_and_no_glob_takes_everything() -> None:
    globs = GlobFilter(["*.pdf", "*.png"], ["draft-*"])
    assert globs.takes("a.pdf") and globs.takes("x/a.png")
    assert not globs.takes("x/draft-a.pdf") and not globs.takes("a.txt")
    assert GlobFilter().takes("anything") and GlobFilter().may_hold("any/where")


@pytest.mark.parametrize(
    ("include", "exclude", "listed", "spared"),
    [
        ([], ["tmp/", "x/y"], ["", "x", "a/x/y"], ["tmp", "a/tmp", "tmp/z", "x/y", "x/y/z"]),
        ([], ["*.pdf"], ["a"], ["a.pdf"]),
        (["*.pdf"], [], ["a", "a/b"], []),
        (["2024/**/*.pdf"], [], ["", "2024", "2024/a/b"], ["2023", "a/2024"]),
        (["2024/*/in/*.pdf"], [], ["2024", "2024/q1", "2024/q1/in"], ["2024/q1/out", "2024/q1/in/x", "q1"]),
        (["a/b/", "c/*"], [], ["a", "a/b", "a/b/c", "c"], ["a/c", "c/d", "b"]),
        (["/x.pdf"], [], [""], ["a"]),
        (["/x.pdf", "*.png"], ["a"], ["b"], ["a"]),
    ],
)
def test_folders_that_hold_nothing_to_take_are_not_listed(
    include: list[str], exclude: list[str], listed: list[str], spared: list[str]
) -> None:
    globs = GlobFilter(include, exclude)
    assert [folder for folder in listed if not globs.may_hold(folder)] == []
    assert [folder for folder in spared if globs.may_hold(folder)] == []


def test_no_folder_is_spared_below_which_something_is_taken() -> None:
    names = ["a", "b", "a.pdf"]
    folders = [""] + names + [f"{x}/{y}" for x in names for y in names]
    globs = [
        "a",
        "a/",
        "/a",
        "a/b",
        "a/*",
        "*/b",
        "a/**",
        "**/b",
        "a/**/b",
        "*.pdf",
        "/*",
        "a/b/",
        "*",
        "**/a/",
    ]
    for include in globs:
        for exclude in globs:
            both, only_exclude = GlobFilter([include], [exclude]), GlobFilter([], [exclude])
            for some in (both, GlobFilter([include]), only_exclude):
                wrong = [
                    (include, exclude, folder, path)
                    for folder in folders
                    for path in (f"{folder}/{name}".lstrip("/") for name in [*names, *folders[1:]])
                    if some.takes(path) and not some.may_hold(folder)
                ]
                assert wrong == []


@pytest.mark.parametrize("glob", ["", "/", "[", "!a", "a/[b"])
def test_what_is_no_glob_is_one_sentence(glob: str) -> None:
    with pytest.raises(SourceError, match="glob"):
        GlobFilter(exclude=[glob])
