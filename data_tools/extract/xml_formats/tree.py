"""XML from files nobody vouches for: nothing is fetched, expansion and depth are bounded, small damage is put right.

libxml2 parses, with its own guards on: no network, no DTD, no external entity, an entity's expansion held to five times
the input (above a megabyte) and elements to 256 deep. Here is what it leaves to its caller: names of characters that
only an unloaded DTD declares (``&alpha;``) become those characters, by the table of HTML 5, which holds the ISO sets;
``&#150;`` is read as browsers read it, by Windows-1252. In what is not well-formed, a bare ``&`` or ``<`` is taken as
text, an end tag that ends nothing is dropped and one that is missing is put in; libxml2's recovery reads the rest, but
only if next to no text is lost by it.
"""

from __future__ import annotations

import codecs
import html
import re
from collections import Counter
from dataclasses import dataclass
from html.entities import html5
from typing import TYPE_CHECKING, Any

from data_tools.extract.encoding import decode
from data_tools.extract.records import Unreadable

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_DEPTH = 150
"""Elements nested deeper than this are refused: readers may then recurse, at up to four calls an element."""
MAX_LOST_SHARE = 0.005
"""A broken file is read if recovery keeps all but this share of its letters and digits."""
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"

_ENTITY_LOOP, _RESOURCE_LIMIT = 89, 114
"""libxml2's error codes XML_ERR_ENTITY_LOOP and XML_ERR_RESOURCE_LIMIT."""
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml\s[^>]*\?>")
_ENCODING = re.compile(rb"""\A\s*<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:-]{2,40})["']""")
_NO_CHARACTERS = ("undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape")
"""Codecs of Python that no file is written in; undoing one can take the square of its length."""
_AS_WEB = {"iso8859-1": "cp1252", "ascii": "cp1252"}
"""As the Encoding Standard of WHATWG reads what is declared so."""
# An unclosed section is taken to the end in one step, so that many of them cost no more than one.
_LITERAL = r"<!\[CDATA\[(?:.*?\]\]>|.*)|<!--(?:.*?-->|.*)|<\?(?:.*?\?>|.*)"
_NAME = r"[A-Za-z_:][\w.:-]*"
_LOCAL_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_PREDEFINED = ("amp", "lt", "gt", "quot", "apos")
_HAS_NAMES = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\w+);)|&#(?:1[2-5]\d|[xX]0*[89]\w);")
_NAMED = re.compile(rf"{_LITERAL}|(?P<found>&(?:(?P<name>{_NAME})|#1[2-5]\d|#[xX]0*[89][0-9A-Fa-f]);)", re.DOTALL)
_ENTITY = re.compile(rf"""<!ENTITY\s+({_NAME})\s+["']""")
_PARAMETER = re.compile(rf"%{_NAME};")
"""A reference to further declarations, mostly in another file: libxml2 takes one that it may not read for an error."""
_BARE = re.compile(
    rf"{_LITERAL}|(?P<found>&(?:amp|lt|gt|quot|apos);|&(?!{_NAME};|#\d+;|#x[0-9A-Fa-f]+;)|<(?![A-Za-z_:/!?]))",
    re.DOTALL,
)
"""Signs that are text, and references to them: after an error libxml2 drops ``&amp;``, but not ``&#38;``."""
_TAG = re.compile(
    rf"""{_LITERAL}|<(?P<end>/?)(?P<name>{_NAME})(?:[^<>"'/]|"[^"<]*"|'[^'<]*'|/(?!>))*+(?P<empty>/?)>|(?P<cut><[^<>]*\Z)""",
    re.DOTALL,
)
_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_MARKUP = re.compile(
    r"""<!--(?:.*?-->|.*)|<\?(?:.*?\?>|.*)|<!\[CDATA\[|\]\]>|<![^<>]*>|</?[A-Za-z_:](?:[^<>"']|"[^"<]*"|'[^'<]*')*+>?""",
    re.DOTALL,
)
_ROOT = re.compile(rf"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE\s[^\[<>]*(?:\[.*?\]\s*)?>)*+<({_NAME})", re.DOTALL)


@dataclass(frozen=True)
class XmlTree:
    root: _Element
    repaired: tuple[str, ...] = ()
    """``xml recovered``, ``xml truncated``, ``unknown entity``, ``encoding cp1252``."""


def parse_xml(data: bytes, encoding: str = "") -> XmlTree:
    """Return the tree of ``data``, without comments and processing instructions.

    ``encoding`` stands in for a declaration, where ``data`` is a part of a file. Unreadable with the rule
    ``entity_bomb``, ``too_deep`` or ``invalid_xml``, or where the bytes are no text in a known encoding.
    """
    from lxml import etree

    text, repaired = _decoded(data, encoding)
    begin, end = _subset(text)
    text = text[:begin] + _PARAMETER.sub("", text[begin:end]) + text[end:]
    text, num_unknown = _with_characters(text)
    repaired += ("unknown entity",) if num_unknown else ()
    parser = _parser()
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        _refuse_attack(error.code, error.msg)
        root, how = _recovered(text, error.msg)
        repaired += (how,)
    _refuse_depth(root)
    return XmlTree(root, repaired)


def drop_namespaces(root: _Element) -> None:
    """Leave every element its local name alone; attributes keep their namespaces."""
    for element in root.iter("*"):
        tag: Any = element.tag
        if tag[0] == "{" or ":" in tag:
            local = tag.rpartition("}")[2].rpartition(":")[2]  # with a prefix that is declared nowhere
            element.tag = local if _LOCAL_NAME.fullmatch(local) else "unnamed"


def root_name(head: bytes) -> str:
    """Return the root element's local name from a file's first bytes; empty where they do not reach it."""
    utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if utf16 else "utf-8", "replace").removeprefix("\ufeff")
    found = _ROOT.match(text)
    return found[1].rpartition(":")[2] if found else ""


def declared_encoding(head: bytes) -> str:
    """Return the encoding that an XML declaration names, by Python's name for it; empty where none is declared."""
    declared = _ENCODING.match(head[:400])
    if declared is None:
        return ""
    name = declared[1].decode("ascii")
    try:
        found = codecs.lookup(name).name
    except LookupError:
        found = _NO_CHARACTERS[0]
    if found in _NO_CHARACTERS:
        raise Unreadable("unknown_encoding", f"declares the unknown encoding {name!r}")
    return _AS_WEB.get(found, found)


def _decoded(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Return the text. UTF-8 that is valid is taken as such, whatever a stale declaration says."""
    name = encoding or declared_encoding(data)
    if name not in ("", "utf-8") and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode(name if data.isascii() or not _is_utf8(data) else "utf-8").encode("utf-8")
        except (UnicodeError, LookupError) as error:
            raise Unreadable("unknown_encoding", f"declares {name}, which it is not ({error})") from None
    text, found = decode(data)
    return _DECLARATION.sub("", text, count=1).lstrip("\ufeff"), (f"encoding {found}",) if found else ()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _with_characters(text: str) -> tuple[str, int]:
    """Return the text with named characters in place of their names, and the number of names that nobody knows."""
    if not _HAS_NAMES.search(text):
        return text, 0
    begin, end = _subset(text)
    own, num_unknown = frozenset(_ENTITY.findall(text[begin:end])), 0

    def character(match: re.Match[str]) -> str:
        nonlocal num_unknown
        name = match["name"]
        if match["found"] is None or name in _PREDEFINED or name in own:
            return match.group()
        if name is None:
            return html.unescape(match["found"])
        if (found := html5.get(f"{name};")) is not None:
            return html.escape(found)
        num_unknown += 1
        return f"&amp;{name};"

    return _NAMED.sub(character, text), num_unknown


def _subset(text: str) -> tuple[int, int]:
    """Return where the declarations begin and end that the document makes itself; 0, 0 where there are none."""
    start = text.find("<!DOCTYPE")
    begin = text.find("[", start) if start >= 0 else -1
    if begin < 0 or ">" in text[start:begin]:
        return 0, 0
    end = text.find("]", begin)
    return begin, end if end >= 0 else len(text)


def _parser(recover: bool = False) -> Any:
    from lxml import etree

    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities="internal",
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def _refuse_attack(code: int, message: str) -> None:
    if code == _ENTITY_LOOP or (code == _RESOURCE_LIMIT and "amplification" in message):
        raise Unreadable("entity_bomb", "declares entities that expand without reason; it is not read")
    if code == _RESOURCE_LIMIT and "depth" in message:
        raise Unreadable("too_deep", f"nests elements deeper than {MAX_DEPTH}")


def _refuse_depth(root: _Element) -> None:
    if root.xpath(f"boolean({'/*' * (MAX_DEPTH + 1)})"):
        raise Unreadable("too_deep", f"nests elements deeper than {MAX_DEPTH}")


def _recovered(text: str, message: str) -> tuple[_Element, str]:
    """Return the tree of a text that is not well-formed, and what was done about it."""
    from lxml import etree

    mended = _balanced(_BARE.sub(_as_number, _ILLEGAL.sub("", text)))
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(mended.encode("utf-8"), parser)
    except etree.XMLSyntaxError:  # nothing at all is left
        root = None
    for entry in parser.error_log:
        _refuse_attack(entry.type, entry.message)
    lost = _lost_share(mended, root) if root is not None else 1.0
    if lost > MAX_LOST_SHARE:
        raise Unreadable("invalid_xml", f"is not well-formed XML: {message}; reading on would lose {lost:.1%} of it")
    end = re.compile(rf"</(?:[\w.-]+:)?{re.escape(etree.QName(root).localname)}\s*>\s*\Z")
    return root, "xml recovered" if end.search(text[-1000:]) else "xml truncated"


def _as_number(match: re.Match[str]) -> str:
    return match.group() if match["found"] is None else f"&#{ord(html.unescape(match['found'])[0])};"


def _balanced(text: str) -> str:
    """Return the text with an end tag for every start tag, in the order of nesting, and no other end tags."""
    opened: list[str] = []
    num_open: Counter[str] = Counter()

    def balance(match: re.Match[str]) -> str:
        name = match["name"]
        if match["cut"]:
            return ""
        if name is None or match["empty"]:
            return match.group()
        if not match["end"]:
            opened.append(name)
            num_open[name] += 1
            return match.group()
        return ends(name) if num_open[name] else ""

    def ends(name: str) -> str:
        closed = [opened.pop()]
        while closed[-1] != name:
            closed.append(opened.pop())
        num_open.subtract(closed)
        return "".join(f"</{one}>" for one in closed)

    written = _TAG.sub(balance, text)
    return written + "".join(f"</{name}>" for name in reversed(opened))


def _lost_share(text: str, root: _Element) -> float:
    """Return the share of letters and digits between tags that did not reach the tree."""
    wanted = sum(map(str.isalnum, html.unescape(_MARKUP.sub(" ", text))))
    kept = sum(map(str.isalnum, "".join(map(str, root.itertext()))))
    return (wanted - kept) / wanted if wanted > kept else 0.0
