"""What a file is: by its first bytes where they are plain about it, else by its name.

Names lie: error pages are saved as .pdf, arXiv's sources are tar files called .gz, Word documents are zip files. One
block is read. A format that the bytes give away and the name does not is counted as put right: ``format pdf``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

from data_tools.extract.decompression import SUFFIXES, compression_in
from data_tools.extract.records import Bad, Unreadable
from data_tools.extract.streams import BLOCK_BYTES, SNIFF_BYTES, blocks, refuse_binary

READERS: dict[str, tuple[str, str]] = {
    ".txt": ("text", "plain:read_plain"),
    ".text": ("text", "plain:read_plain"),
    ".utf8": ("text", "plain:read_plain"),
    ".utf-8": ("text", "plain:read_plain"),
    ".md": ("markdown", "markdown:read_markdown"),
    ".markdown": ("markdown", "markdown:read_markdown"),
    ".html": ("html", "web.web_page:read_web_page"),
    ".htm": ("html", "web.web_page:read_web_page"),
    ".xhtml": ("html", "web.web_page:read_web_page"),
    ".rst": ("restructuredtext", "restructured:read_restructured"),
    ".tex": ("latex", "latex.document:read_latex"),
    ".ltx": ("latex", "latex.document:read_latex"),
    ".pdf": ("pdf", "pdf.reader:read_pdf"),
    ".xml": ("xml", "xml_formats.documents:read_xml"),
    ".nxml": ("xml", "xml_formats.documents:read_xml"),
    ".cnxml": ("xml", "xml_formats.documents:read_xml"),
    ".docx": ("docx", "office.docx:read_docx"),
    ".epub": ("epub", "office.epub:read_epub"),
    ".jsonl": ("jsonl", "json_lines:read_json_lines"),
    ".ndjson": ("jsonl", "json_lines:read_json_lines"),
    ".json": ("json", "json_lines:read_json"),
    ".parquet": ("parquet", "parquet_rows:read_parquet"),
    ".arrow": ("arrow", "arrow_rows:read_arrow"),
    ".csv": ("csv", "csv_rows:read_csv"),
    ".tsv": ("csv", "csv_rows:read_csv"),
}
"""By suffix, in lower case: the format's name and its reader, imported when a file of that format is met.

Any of them may be followed by .gz, .bz2, .xz or .zst."""
ARCHIVES = {".zip": "zip", ".tar": "tar", ".tgz": "tar", ".tbz2": "tar", ".txz": "tar", ".tzst": "tar"}
"""By suffix: containers, whose members are read in place."""
_READER_OF = dict(READERS.values())
_NAMED = {suffix: name for suffix, (name, _) in READERS.items()} | ARCHIVES
_NO_READER = {
    ".doc": "Word 97-2003. Save it as .docx",
    ".rtf": "Rich Text Format. Save it as .docx",
    ".odt": "OpenDocument. Save it as .docx",
    ".xls": "Excel. Save it as .csv",
    ".xlsx": "Excel. Save it as .csv",
    ".ods": "OpenDocument. Save it as .csv",
    ".odp": "OpenDocument. Save it as PDF",
    ".eml": "an e-mail. Save its text as .txt",
    ".msg": "an Outlook message. Save its text as .txt",
    ".mht": "a web archive. Save it as .html",
    ".mhtml": "a web archive. Save it as .html",
    ".ipynb": "a Jupyter notebook. Export it as Markdown",
    ".ppt": "PowerPoint. Save it as PDF",
    ".pptx": "PowerPoint. Save it as PDF",
    ".ps": "PostScript. Convert it to PDF",
    ".djvu": "DjVu. Convert it to PDF",
    ".mobi": "Mobipocket. Convert it to .epub",
    ".rar": "an archive. Pack it as .zip",
    ".7z": "an archive. Pack it as .zip",
}
"""Documents that cannot be read; they count as bad, unlike pictures and the like."""
_OLD_OFFICE = ".doc"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAGIC = ((b"%PDF-", "pdf"), (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"PAR1", "parquet"),
          (b"ARROW1", "arrow"), (_OLE, _OLD_OFFICE), (b"{\\rtf", ".rtf"))  # fmt: skip
_BLANK = b"\xef\xbb\xbf \r\n\t"
_FIRST_PARTS = ("mimetype", "[Content_Types].xml", "_rels/", "word/", "xl/", "ppt/", "docProps/")
"""What the first member of an Office document or an e-book is called."""
_PACKED = {"word/document.xml": "docx", "xl/workbook.xml": ".xlsx", "ppt/presentation.xml": ".pptx"}
_HTML = re.compile(
    rb"\s*+(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.*?-->\s*)*+<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL
)
_XML = re.compile(rb"\s*<\?xml\s")
_SGML = re.compile(rb"[\xef\xbb\xbf\s]*(?:-----BEGIN PRIVACY|<(?:SEC-|IMS-|SUBMISSION>|DOCUMENT>))")
_LATEX = re.compile(rb"(?:\s|%[^\n]*\n)*+\\document(?:class|style)\b")
_DATA_SET_INFO = {
    "dataset_info.json": rb'"(?:features|splits|citation)"',
    "dataset_infos.json": rb'"(?:features|splits|citation)"',
    "dataset_dict.json": rb'"splits"',
    "state.json": rb'"_data_files"',
}
"""What the library ``datasets`` writes beside its data, and what shows that it did."""


@dataclass(frozen=True)
class Kind:
    """What a file is and how it is read."""

    format: str
    """``pdf``, ``zip``; ``unsupported`` where there is no reader."""
    reader: str = ""
    """``module:function`` below ``data_tools.extract``; empty for an archive and where there is none."""
    repaired: str = ""
    """``format pdf`` where the name says another format than the bytes."""
    problem: Bad | None = None

    @property
    def is_archive(self) -> bool:
        """Whether it holds other files."""
        return self.format in ("zip", "tar")


def suffix_of(path: PurePath) -> str:
    """Return the suffix that says the format: ``.jsonl`` for ``papers.jsonl.zst``; none for a mere number."""
    plain = path.with_suffix("") if path.suffix.lower() in SUFFIXES else path
    return "" if plain.suffix[1:].isdigit() else plain.suffix.lower()


def format_of(path: PurePath) -> str:
    """Return the format's name as a file's name says it, or ``unsupported``."""
    return _NAMED.get(suffix_of(path), "unsupported")


def identify(path: Path) -> Kind:
    """Return what a file is. Unreadable where it cannot be decompressed; OSError where it cannot be opened."""
    with path.open("rb") as stream:
        head = stream.read(SNIFF_BYTES)
    compression, promised = compression_in(head), SUFFIXES.get(path.suffix.lower(), "")
    if compression:
        head = next(blocks(path, BLOCK_BYTES), b"")[:SNIFF_BYTES]
    elif promised and head and _is_binary(head):
        raise Unreadable(f"broken_{promised}", f"is named {path.suffix} but does not begin as {promised} does")
    kind = identify_by(path, head)
    if kind.format == "zip" and head:
        kind = _of_zip(path, head)
    elif kind.problem and head.startswith(_OLE) and _is_encrypted(path, head):
        return Kind("docx", problem=Bad("encrypted", "is encrypted; save it without a password"))
    if kind.reader and head and not kind.repaired and compression != promised:
        return Kind(kind.format, kind.reader, f"compression {compression or 'none'}")
    return kind


def is_told_by(head: bytes) -> bool:
    """Whether a file's first bytes are enough for ``identify_by``: not if it is compressed, or made of parts."""
    return not (compression_in(head) or head.startswith((b"PK\x03\x04", _OLE)))


def identify_by(path: PurePath, head: bytes) -> Kind:
    """Return what a file is, by its name and its first bytes, decompressed."""
    suffix = suffix_of(path)
    pattern = _DATA_SET_INFO.get(path.name)
    if pattern and re.search(pattern, head):
        return Kind("json", problem=Bad("excluded", "describes a data set, and is no document", harmless=True))
    if _NAMED.get(suffix, "text") in ("text", "html", "xml") and _is_submission(head):
        return Kind("filing", "filings.submission:read_submission")
    found = _by_content(head, suffix)
    if found or format_of(path) != "unsupported":
        kind = _kind(found or format_of(path), suffix)
        return kind if head else Kind(kind.format, problem=Bad("empty", "is empty"))
    if head and not suffix and not _is_binary(head):
        return _kind("text", suffix)
    return _unsupported(suffix or path.suffix.lower())


def _by_content(head: bytes, suffix: str) -> str:
    """Return the format that the first bytes give away, or an empty string."""
    named = _NAMED.get(suffix, "")
    text = head.lstrip(_BLANK)
    found = next((name for magic, name in _MAGIC if text.startswith(magic)), "")
    if not found and head[257:262] == b"ustar":
        found = "tar"
    if found == "zip" and named in ("docx", "epub"):
        return named
    if found in ("zip", "tar", _OLD_OFFICE) and suffix and not named:
        return ""  # .jar, .whl, .xls: made of the same parts, for another purpose
    if found:
        return found
    if named != "html" and _HTML.match(text):
        return "html"
    if (not suffix or named in ("text", "markdown", "json", "csv", "pdf")) and _XML.match(text):
        return "xml"
    return "latex" if named in ("", "text") and _LATEX.match(text) else ""


def _is_submission(head: bytes) -> bool:
    """Whether a file is a submission to EDGAR, which is text, HTML and data in one; they are named .txt."""
    if not _SGML.match(head):
        return False
    from data_tools.extract.filings.submission import is_submission

    return is_submission(head)


def _kind(found: str, suffix: str) -> Kind:
    if found.startswith("."):
        return _unsupported(found, suffix)
    repaired = f"format {found}" if suffix and _NAMED.get(suffix, "") != found else ""
    return Kind(found, _READER_OF.get(found, ""), repaired)


def _unsupported(suffix: str, named: str = "") -> Kind:
    known = _NO_READER.get(suffix)
    detail = f"no reader for {suffix or 'a name without a suffix'}"
    if known:
        detail += f" ({known})"
    if named and named != suffix:
        detail = f"is named {named}, but its content is not: {detail}"
    return Kind("unsupported", problem=Bad("unsupported_format", detail, harmless=known is None))


def _of_zip(path: Path, head: bytes) -> Kind:
    """Return what a zip file is: an archive, or a format that is packed as one."""
    suffix = suffix_of(path)
    name_bytes = int.from_bytes(head[26:28], "little")
    first = head[30 : 30 + name_bytes].decode("latin-1")
    inner = _packed_format(path) if first.startswith(_FIRST_PARTS) else ""
    if not inner and suffix not in ("", ".zip") and suffix not in READERS:
        return _unsupported(suffix)
    return _kind(inner or "zip", suffix)


def _packed_format(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime = archive.open("mimetype").read(100).decode("latin-1") if "mimetype" in names else ""
    except (OSError, RuntimeError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return ""
    if mime.startswith("application/epub+zip"):
        return "epub"
    if mime.startswith("application/vnd.oasis.opendocument"):
        return ".odt"
    return next((name for part, name in _PACKED.items() if part in names), "")


def _is_encrypted(path: Path, head: bytes) -> bool:
    """Whether an OLE file is a wrapping of an encrypted Office document ([MS-OFFCRYPTO] 2.3): by its directory."""
    sector_bytes = 1 << min(int.from_bytes(head[30:32], "little"), 12)
    directory = int.from_bytes(head[48:52], "little")
    with path.open("rb") as stream:
        stream.seek((directory + 1) * sector_bytes)
        return "EncryptedPackage".encode("utf-16-le") in stream.read(8 * sector_bytes)


def _is_binary(head: bytes) -> bool:
    try:
        refuse_binary(head)
    except Unreadable:
        return True
    return False
