"""Reading archives in place: members by their own readers, limits, unsafe names, and what is broken."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path

import pyarrow as pa
import pytest
import zstandard

from data_tools.extract.archives import sources
from data_tools.extract.dispatch import read_file
from data_tools.extract.members import MAX_HEADER_BYTES
from data_tools.extract.records import Bad, ReadOptions, Record

PROSE = "Gneiss is banded. Its layers of quartz and mica were pressed together deep in the crust.\n"
JSONL = '{"text": "first"}\nnot json\n{"text": "second"}\n'


def tar_of(members: Iterable[tuple[str | tarfile.TarInfo, bytes | str]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members:
            data = content.encode() if isinstance(content, str) else content
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = info.size or len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def zip_of(members: Iterable[tuple[str | zipfile.ZipInfo, bytes | str]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data, None if isinstance(name, zipfile.ZipInfo) else method)
    return packed.getvalue()


PACK: dict[str, Callable[[Iterable[tuple[str, bytes | str]]], bytes]] = {
    ".zip": zip_of,
    ".tar": tar_of,
    ".tar.gz": lambda members: gzip.compress(tar_of(members)),
    ".tgz": lambda members: gzip.compress(tar_of(members)),
    ".tar.zst": lambda members: zstandard.compress(tar_of(members)),
    ".tar.xz": lambda members: lzma.compress(tar_of(members)),
    ".tar.bz2": lambda members: bz2.compress(tar_of(members)),
}


def read(path: Path, data: bytes, **options: object) -> tuple[dict[str, list[str]], list[tuple[str, Bad]], list[str]]:
    """Return texts by source, what is bad by source, and the format of every source."""
    path.write_bytes(data)
    options.setdefault("max_document_characters", 10**6)
    texts: dict[str, list[str]] = {}
    bad: list[tuple[str, Bad]] = []
    formats = []
    for source in sources(path, path.name, ReadOptions(**options)):  # type: ignore[arg-type]
        formats.append(source.format)
        for found in source.found:
            if isinstance(found, Record):
                texts.setdefault(source.name, []).append(found.text)
            elif isinstance(found, Bad):
                bad.append((source.name, found))
    return texts, bad, formats


@pytest.mark.parametrize("suffix", PACK)
def test_members_are_read_by_their_own_readers(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    members: list[tuple[str, bytes | str]] = [
        ("./notes/größe.txt", PROSE),
        ("notes/page.md", "# Slate\n\n" + PROSE),
        ("notes/records.jsonl", JSONL),
        ("notes/packed.txt.gz", gzip.compress(PROSE.encode())),
        ("photo.jpg", b"\xff\xd8\xff\xe0"),
        ("LICENSE", "Do as you like."),
        (".hidden.txt", "never read"),
        (".git/config.txt", "never read"),
        ("__MACOSX/notes/._page.md", b"\0\5\x16\7"),
    ]
    name = f"papers{suffix}"
    texts, bad, formats = read(tmp_path / name, PACK[suffix](members), exclude=("LICENSE*",))
    assert texts == {
        f"{name}:notes/größe.txt": [PROSE],
        f"{name}:notes/page.md": ["# Slate\n\n" + PROSE],
        f"{name}:notes/records.jsonl": ["first", "second"],
        f"{name}:notes/packed.txt.gz": [PROSE],
    }
    assert [(source, one.rule, one.position, one.harmless) for source, one in bad] == [
        (f"{name}:notes/records.jsonl", "invalid_json", "2", False),
        (f"{name}:photo.jpg", "unsupported_format", "", True),
        (f"{name}:LICENSE", "excluded", "", True),
    ]
    archive = "zip" if suffix == ".zip" else "tar"
    assert formats == ["text", "markdown", "jsonl", "text", "unsupported", "unsupported", archive]
    assert [path.name for path in tmp_path.iterdir()] == [name]  # nothing stays behind


def test_members_made_of_parts_are_known_too(tmp_path: Path) -> None:
    header = bytearray(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0"))
    header[30:32] = (9).to_bytes(2, "little")
    locked = bytes(header) + "EncryptedPackage".encode("utf-16-le").ljust(512, b"\0")
    table = zip_of([("[Content_Types].xml", "<Types/>"), ("xl/workbook.xml", "<workbook/>")])
    _, bad, formats = read(
        tmp_path / "a.zip", zip_of([("a.docx", locked), ("b.xlsx", table), ("c.doc", bytes(header))])
    )
    assert [(source, one.rule) for source, one in bad] == [
        ("a.zip:a.docx", "encrypted"), ("a.zip:b.xlsx", "unsupported_format"), ("a.zip:c.doc", "unsupported_format")
    ]  # fmt: skip
    assert formats == ["docx", "unsupported", "unsupported", "zip"]


@pytest.mark.parametrize("name", ["2001.00001.gz", "source", "paper.txt"])
def test_an_archive_is_known_by_its_bytes(tmp_path: Path, name: str) -> None:
    texts, bad, formats = read(tmp_path / name, gzip.compress(tar_of([("a.txt", PROSE)])))
    assert (texts, bad, formats) == ({f"{name}:a.txt": [PROSE]}, [], ["text", "tar"])


def test_files_with_the_parts_of_an_archive_are_not_looked_into(tmp_path: Path) -> None:
    for name in ("program.jar", "table.xlsx", "arrays.npz"):
        parts = [("[Content_Types].xml", "<Types/>"), ("xl/workbook.xml", "<workbook/>"), ("a.txt", PROSE)]
        texts, ((_, problem),), formats = read(tmp_path / name, zip_of(parts))
        assert (texts, formats) == ({}, ["unsupported"])
        known = " (Excel. Save it as .csv)" if name.endswith("xlsx") else ""
        detail = f"no reader for {Path(name).suffix}{known}"
        assert problem == Bad("unsupported_format", detail, harmless=not known)
    slides = zip_of([("[Content_Types].xml", "<Types/>"), ("ppt/presentation.xml", "<p/>")])
    assert read(tmp_path / "a.zip", slides)[1][0][1] == Bad(
        "unsupported_format",
        "is named .zip, but its content is not: no reader for .pptx (PowerPoint. Save it as PDF)",
    )


OUTSIDE = ("../up.txt", "/etc/up.txt", "a/../../up.txt", "C:/up.txt")


@pytest.mark.parametrize(("suffix", "name"), [*product((".zip", ".tar.gz"), OUTSIDE), (".zip", "..\\up.txt")])
def test_a_name_that_points_out_is_told_and_nothing_is_written_there(tmp_path: Path, suffix: str, name: str) -> None:
    texts, bad, _ = read(tmp_path / f"a{suffix}", PACK[suffix]([(name, PROSE), ("good.txt", PROSE)]))
    shown = name.replace("\\", "/")
    assert texts == {f"a{suffix}:good.txt": [PROSE]}
    assert bad == [(f"a{suffix}:{shown}", Bad("unsafe_path", "has a name that points out of the archive"))]
    assert not list(tmp_path.parent.rglob("up.txt"))


def test_links_and_devices_are_told_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a secret")
    link, hard, device = (tarfile.TarInfo(name) for name in ("link.txt", "hard.txt", "device.txt"))
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.txt")
    hard.type, hard.linkname = tarfile.LNKTYPE, "good.txt"
    device.type = tarfile.CHRTYPE
    data = tar_of([(link, b""), ("good.txt", PROSE), (hard, b""), (device, b""), ("link.txt/below.txt", PROSE)])
    texts, bad, _ = read(tmp_path / "a.tar", data)
    assert texts == {"a.tar:good.txt": [PROSE], "a.tar:link.txt/below.txt": [PROSE]}
    followed = Bad("unsafe_path", "is a link, and links in archives are not followed", harmless=True)
    assert bad == [
        ("a.tar:link.txt", followed),
        ("a.tar:hard.txt", followed),
        ("a.tar:device.txt", Bad("unsafe_path", "is a device, not a file")),
    ]
    info = zipfile.ZipInfo("link.txt")
    info.external_attr = 0o120777 << 16
    _, bad, _ = read(tmp_path / "b.zip", zip_of([(info, str(tmp_path / "secret.txt"))]))
    assert bad == [("b.zip:link.txt", followed)]


def test_a_nul_in_a_name_is_told(tmp_path: Path) -> None:
    data = zip_of([("a.tXt", PROSE), ("b.txt", PROSE)]).replace(b"a.tXt", b"a\0txt")
    texts, bad, _ = read(tmp_path / "a.zip", data)
    assert texts == {"a.zip:b.txt": [PROSE]}
    assert bad == [("a.zip:atxt", Bad("unsafe_path", "has a NUL character in its name"))]


def test_names_in_old_encodings_and_impossible_names(tmp_path: Path) -> None:
    def named(name: bytes) -> bytes:
        return zip_of([("x" * len(name), PROSE)]).replace(b"x" * len(name), name)

    assert list(read(tmp_path / "a.zip", named("größe.txt".encode()))[0]) == ["a.zip:größe.txt"]
    assert list(read(tmp_path / "a.zip", named("größe.txt".encode("cp437")))[0]) == ["a.zip:größe.txt"]
    assert list(read(tmp_path / "a.zip", named(b"deep\\er\\a.txt"))[0]) == ["a.zip:deep/er/a.txt"]
    long = "ü" * 300
    assert list(read(tmp_path / "a.zip", zip_of([(f"{long}.txt", PROSE)]))[0]) == [f"a.zip:{long}.txt"]
    tex = "x" * 300 + ".tex"
    assert read(tmp_path / "a.zip", zip_of([(tex, "\\documentclass{article}")]))[1] == [
        (f"a.zip:{tex}", Bad("unreadable", "cannot be read: File name too long"))
    ]
    raw = tar_of([("caf\udce9.txt", PROSE)])
    assert list(read(tmp_path / "a.tar", raw)[0]) == ["a.tar:caf\udce9.txt"]


def test_a_second_member_of_the_same_name_is_told(tmp_path: Path) -> None:
    texts, bad, _ = read(tmp_path / "a.tar", tar_of([("a.txt", "old"), ("b.txt", PROSE), ("./a.txt", "new")]))
    assert texts == {"a.tar:a.txt": ["old"], "a.tar:b.txt": [PROSE]}
    assert bad == [("a.tar:a.txt", Bad("repeated_name", "has the name of an earlier member, which was read"))]


def test_an_archive_in_an_archive_is_read_and_one_in_that_is_told(tmp_path: Path) -> None:
    inmost = zip_of([("c.txt", PROSE)])
    inner = gzip.compress(tar_of([("b.txt", PROSE), ("deep.zip", inmost)]))
    texts, bad, formats = read(tmp_path / "a.zip", zip_of([("inner/b.tgz", inner), ("a.txt", PROSE)]))
    assert texts == {"a.zip:inner/b.tgz:b.txt": [PROSE], "a.zip:a.txt": [PROSE]}
    problem = Bad("nested_archive", "is an archive in an archive in an archive; unpack the outermost")
    assert bad == [("a.zip:inner/b.tgz:deep.zip", problem)]
    assert formats == ["text", "zip", "tar", "text", "zip"]
    (tmp_path / "b.zip").write_bytes(inmost)
    alone = Bad("nested_archive", "is an archive, and is not looked into here")
    assert list(read_file(tmp_path / "b.zip", ReadOptions())) == [alone]


PAPER = [
    ("sections/method.tex", "\\section{Method}\nWe measured the \\rock.\n"),
    ("paper.tex", "\\documentclass{article}\n\\input{defs}\n\\begin{document}\n\\title{Slates}\\maketitle\n"
                  "It was known \\cite{k}.\n\\input{sections/method}\n\\bibliography{refs}\n\\end{document}\n"),
    ("refs.bib", "@article{k, title={On cleavage}, author={A. Person}, year={1999}}"),
    ("defs.tex", "\\newcommand{\\rock}{slate}\n"),
]  # fmt: skip


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_the_parts_of_a_paper_are_read_together(tmp_path: Path, suffix: str) -> None:
    texts, bad, _ = read(tmp_path / f"a{suffix}", PACK[suffix](PAPER))
    assert list(texts) == [f"a{suffix}:paper.tex"]
    ((text,),) = texts.values()
    for words in ("Slates", "It was known (On cleavage).", "Method", "We measured the slate."):
        assert words in text
    assert {(source.partition(":")[2], one.rule) for source, one in bad} == {
        ("sections/method.tex", "part_of_document"),
        ("defs.tex", "part_of_document"),
        ("refs.bib", "unsupported_format"),
    }
    assert all(one.harmless for _, one in bad)


def test_a_dump_of_papers_is_read_paper_by_paper(tmp_path: Path) -> None:
    """As arXiv packs them: a tar file of gzip files, each of which is one tar or TeX file, or a PDF."""
    single = b"\\documentclass{article}\\begin{document}One file about marl and chalk.\\end{document}"
    dump = [("2001/2001.00001.gz", gzip.compress(tar_of(PAPER))), ("2001/2001.00002.gz", gzip.compress(single))]
    texts, _, formats = read(tmp_path / "arXiv_src_2001_001.tar", tar_of(dump))
    assert list(texts) == [
        "arXiv_src_2001_001.tar:2001/2001.00001.gz:paper.tex",
        "arXiv_src_2001_001.tar:2001/2001.00002.gz",
    ]
    assert formats.count("tar") == 2


def test_the_parts_of_a_data_set_are_read_together(tmp_path: Path) -> None:
    packed = io.BytesIO()
    table = pa.table({"text": ["one", "two"]})
    with pa.ipc.new_stream(packed, table.schema) as writer:
        writer.write_table(table)
    members = [("set/data-00000-of-00001.arrow", packed.getvalue()),
               ("set/dataset_info.json", '{"features": {}, "license": "cc-by-4.0"}')]  # fmt: skip
    (tmp_path / "a.zip").write_bytes(zip_of(members))
    found = [one for source in sources(tmp_path / "a.zip", "a.zip", ReadOptions()) for one in source.found]
    assert [(one.text, one.license) for one in found if isinstance(one, Record)] == [
        ("one", "CC-BY-4.0"),
        ("two", "CC-BY-4.0"),
    ]
    assert [one.rule for one in found if isinstance(one, Bad)] == ["excluded"]


def test_empty_archives_are_told(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar", "a.tgz"):
        assert read(tmp_path / name, b"")[1] == [(name, Bad("empty", "is empty"))]
    for name, data in (("a.zip", zip_of([])), ("a.tar", tar_of([])), ("a.tgz", gzip.compress(tar_of([])))):
        assert read(tmp_path / name, data)[1] == [(name, Bad("empty", "holds no file"))]
    assert read(tmp_path / "a.zip", zip_of([("a.txt", "")]))[1] == [("a.zip:a.txt", Bad("empty", "is empty"))]


def noise(seed: int, size: int = 20_000) -> str:
    return " ".join(str(pow(seed + 3, n, 1_000_003)) for n in range(1, size))


MANY = [(f"{n}.txt", noise(n)) for n in range(8)]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.zst"])
def test_a_tar_file_that_breaks_off_keeps_what_came_before(tmp_path: Path, suffix: str) -> None:
    packed = PACK[suffix](MANY)
    texts, bad, _ = read(tmp_path / f"a{suffix}", packed[: len(packed) * 2 // 3])
    assert 2 <= len(texts) <= 5
    assert all(texts[f"a{suffix}:{name}"] == [text] for name, text in MANY[: len(texts)])
    ((source, problem),) = bad
    assert (source, problem.rule) == (f"a{suffix}", "truncated")
    if suffix == ".tar":
        assert problem.detail == f"breaks off in {len(texts)}.txt: unexpected end of data"
    else:
        assert problem.detail.endswith("data cannot be read to the end: Truncated compressed stream")


def test_a_damaged_tar_header_ends_the_archive_and_is_told(tmp_path: Path) -> None:
    packed = bytearray(tar_of([("a.txt", PROSE), ("b.txt", PROSE), ("c.txt", PROSE)]))
    packed[1024 + 148] ^= 1
    texts, bad, _ = read(tmp_path / "a.tar", bytes(packed))
    assert list(texts) == ["a.tar:a.txt"]
    assert bad == [("a.tar", Bad("broken_tar", "a header is damaged: bad checksum; the rest is left out"))]
    texts, bad, _ = read(tmp_path / "b.tar", b"no tar at all")
    assert bad == [("b.tar", Bad("broken_tar", "a header is damaged: truncated header; the rest is left out"))]


def test_a_tar_header_that_would_take_all_memory_or_lead_back_is_refused(tmp_path: Path) -> None:
    long = tarfile.TarInfo("x")
    long.type, long.size = tarfile.XHDTYPE, MAX_HEADER_BYTES + 1
    _, bad, _ = read(tmp_path / "a.tar", long.tobuf() + b"a" * 1024)
    detail = "a header is damaged: it says 1,048,577 bytes; the rest is left out"
    assert bad == [("a.tar", Bad("broken_tar", detail))]
    back = tarfile.TarInfo("x.txt")
    back.size = -1024
    _, bad, _ = read(tmp_path / "b.tar", back.tobuf(tarfile.GNU_FORMAT) + b"a" * 1024)
    detail = "a header is damaged: it says -1,024 bytes; the rest is left out"
    assert bad == [("b.tar", Bad("broken_tar", detail))]
    pax = tarfile.TarInfo("x.txt")
    pax.pax_headers = {"size": "-512"}
    _, bad, _ = read(tmp_path / "c.tar", pax.tobuf(tarfile.PAX_FORMAT) + b"a" * 1024)
    assert bad == [("c.tar", Bad("broken_tar", "a header says a negative size; the rest is left out"))]


class Pipe(io.BytesIO):
    """A zip file is written to it with every size after the data, as to a pipe."""

    def seek(self, *_: int) -> int:
        raise OSError("not here")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_zip_file_that_breaks_off_keeps_what_came_before(tmp_path: Path, method: int, streamed: bool) -> None:
    out = Pipe() if streamed else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, text in MANY:
            with archive.open(name, "w") as member:
                member.write(text.encode())
    packed = out.getvalue()
    texts, bad, _ = read(tmp_path / "a.zip", packed[: len(packed) * 2 // 3])
    detail = "its directory cannot be read (File is not a zip file): it was cut off or damaged; what was found is kept"
    assert bad[-1] == ("a.zip", Bad("broken_zip", detail))
    if streamed and method == zipfile.ZIP_STORED:
        assert texts == {}
        return
    assert 4 <= len(texts) <= 5
    assert all(texts[f"a.zip:{name}"] == [text] for name, text in MANY[: len(texts)])
    assert bad[0] == (f"a.zip:{len(texts)}.txt", Bad("broken_zip", "breaks off inside"))


def test_a_zip_member_that_lies_about_its_size_costs_itself(tmp_path: Path) -> None:
    text = PROSE * 50
    packed = bytearray(zip_of([("a.txt", text), ("b.txt", PROSE)]))
    directory = packed.index(b"PK\x01\x02")
    struct.pack_into("<I", packed, directory + 24, 10)
    texts, bad, _ = read(tmp_path / "a.zip", bytes(packed))
    assert texts == {"a.zip:b.txt": [PROSE]}
    assert bad == [("a.zip:a.txt", Bad("broken_zip", "cannot be unpacked: Bad CRC-32 for file 'a.txt'"))]
    struct.pack_into("<I", packed, directory + 24, 10**9)
    texts, bad, _ = read(tmp_path / "b.zip", bytes(packed))
    assert texts == {"b.zip:a.txt": [text], "b.zip:b.txt": [PROSE]}
    struct.pack_into("<H", packed, directory + 10, 9)
    texts, bad, _ = read(tmp_path / "c.zip", bytes(packed))
    unknown = Bad("broken_zip", "is packed with method 9, which cannot be unpacked here")
    assert (texts, bad) == ({"c.zip:b.txt": [PROSE]}, [("c.zip:a.txt", unknown)])


def test_an_encrypted_member_is_told(tmp_path: Path) -> None:
    packed = bytearray(zip_of([("a.txt", PROSE), ("b.txt", PROSE)]))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    texts, bad, _ = read(tmp_path / "a.zip", bytes(packed))
    assert texts == {"a.zip:b.txt": [PROSE]}
    assert bad == [("a.zip:a.txt", Bad("encrypted", "is encrypted; unpack the archive with its password"))]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_limits_end_an_archive_and_say_so(tmp_path: Path, suffix: str) -> None:
    packed = PACK[suffix](MANY)
    texts, bad, _ = read(tmp_path / f"a{suffix}", packed, max_archive_files=3)
    assert list(texts) == [f"a{suffix}:{n}.txt" for n in range(3)]
    few = Bad("too_large", "holds more than 3 files (max_archive_files); the rest is left out")
    assert bad == [(f"a{suffix}", few)]
    texts, bad, _ = read(tmp_path / f"a{suffix}", packed, max_archive_bytes=300_000)
    if suffix == ".zip":
        detail = "unpacks to more than 300,000 bytes (max_archive_bytes); the rest is left out"
    else:
        detail = "is larger than 300,000 bytes once decompressed; the rest is left out"
    assert list(texts) == [f"a{suffix}:{n}.txt" for n in range(2 if suffix == ".zip" else 1)]
    assert bad == [(f"a{suffix}", Bad("too_large", detail))]
    texts, bad, _ = read(tmp_path / f"a{suffix}", PACK[suffix]([*MANY[:2], ("big.txt", PROSE * 2000)]),
                         max_file_bytes=150_000)  # fmt: skip
    assert list(texts) == [f"a{suffix}:{n}.txt" for n in range(2)]
    assert bad == [(f"a{suffix}:big.txt", Bad("too_large", "is larger than 150,000 bytes once unpacked"))]


def test_a_directory_too_long_for_memory_is_not_read(tmp_path: Path) -> None:
    packed = zip_of([(f"{'x' * 200}{n}.txt", "a") for n in range(10)])
    _, bad, _ = read(tmp_path / "a.zip", packed, max_archive_files=5)
    assert bad == [("a.zip", Bad("too_large", "holds more than 5 files (max_archive_files), by its directory"))]


def test_bombs_are_taken_for_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_tools.extract.archives.FREE_BYTES", 100_000)
    monkeypatch.setattr("data_tools.extract.members.FREE_BYTES", 100_000)
    bomb = ("bomb.txt", b"a" * 3_000_000)
    texts, ((source, problem),), _ = read(tmp_path / "a.zip", zip_of([bomb, ("good.txt", PROSE)]))
    assert list(texts) == ["a.zip:good.txt"]
    assert (source, problem.rule) == ("a.zip:bomb.txt", "too_large")
    assert problem.detail.startswith("unpacks to more than 200 times its ")
    texts, ((source, problem),), _ = read(tmp_path / "a.tgz", gzip.compress(tar_of([("good.txt", PROSE), bomb])))
    assert list(texts) == ["a.tgz:good.txt"]
    assert (source, problem.rule) == ("a.tgz", "too_large")
    assert problem.detail.endswith(" bytes once decompressed; the rest is left out")


def test_an_archive_that_may_not_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone.zip").symlink_to(tmp_path / "nowhere.zip")
    ((source),) = sources(tmp_path / "gone.zip", "gone.zip", ReadOptions())
    assert list(source.found) == [Bad("unreadable", "cannot be read: No such file or directory")]
    assert source.format == "zip"


def test_a_full_disk_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of([("a.txt", PROSE * 1000)]))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            list(sources(tmp_path / "a.zip", "a.zip", ReadOptions()))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
