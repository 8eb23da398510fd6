"""Text from bytes: UTF-8, what a byte-order mark or a web page declares, and Windows-1252 where it is plainly that.

Statistical guessing was tried and left out: on 15 real pages in Windows-1252, charset_normalizer 3.5 named cp1250 first
15 times (the two differ in letters such as é and ½). The rule here is the one of the WHATWG Encoding Standard, whose
default for a page that declares nothing is windows-1252, behind a guard.
"""

from __future__ import annotations

import codecs
import re

from data_tools.extract.records import Unreadable

MAX_LEGACY_SHARE = 0.1
"""At most this share of bytes may lie outside ASCII for an undeclared text to be taken as Windows-1252."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_AS_WEB = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


def decode(data: bytes, web_page: bool = False) -> tuple[str, str]:
    """Return ``(text, encoding)``; the encoding is empty for UTF-8. Unreadable where the bytes are no known text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strictly(data, name), "" if mark == codecs.BOM_UTF8 else name
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        position = error.start
    name = encoding_of(data, position, web_page)
    return _strictly(data, name), name


def encoding_of(data: bytes, position: int, web_page: bool = False) -> str:
    """Return the encoding of bytes that are not UTF-8 from ``position`` on; Unreadable where none is plain."""
    if web_page and (declared := _DECLARED.search(data[:4096])):
        name = declared.group(1).decode("ascii").lower()
        try:
            name = codecs.lookup(_AS_WEB.get(name, name)).name
        except LookupError:
            raise Unreadable("unknown_encoding", f"declares the unknown encoding {name!r}") from None
        if name != "utf-8":
            return name
    outside = len(data) - len(data.translate(None, bytes(range(128, 256))))
    if 2 * len(_MULTIBYTE.findall(data)) > outside - sum(map(len, _MULTIBYTE.findall(data))):
        raise Unreadable("invalid_utf8", f"is UTF-8 with damage, first at byte {position:,}")
    if outside > len(data) * MAX_LEGACY_SHARE:
        raise Unreadable("unknown_encoding", f"is not UTF-8 (byte {position:,}) and declares no other encoding")
    return "cp1252"


def _strictly(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise Unreadable("unknown_encoding", f"is neither UTF-8 nor {name} (byte {error.start:,})") from None


def plain_lines(text: str) -> str:
    r"""Return ``text`` with ``\n`` line ends and without NUL characters."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
