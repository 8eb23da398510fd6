"""Domain profiles on real text: what is kept, what web rules alone would have lost, and whether tables live on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.real_text import FOLDERS, Folder, read_folder
from data_tools.cleaning import Cleaned, Cleaner
from data_tools.documents import Document
from data_tools.rules import get_rules

MIN_WORDS = 20
"""Shorter documents are stubs (a title, one formula, "Contents"): counted apart, for nobody trains on them."""
_ROW = re.compile(r"^\|.*\|$|^[^\n\t]*(?:\t[^\n\t]*){2,}$", re.MULTILINE)
_FORMULA = re.compile(r"\$\$.+?\$\$|(?<![\\$])\$[^$\n]{1,400}\$", re.DOTALL)


def measure_profiles() -> dict[str, Any]:
    """Return, by folder, the share kept by its profile and by web rules, and what happened to tables and formulas."""
    rows = {folder.place: _measure(folder) for folder in FOLDERS}
    textbooks = [rows[folder.place] for folder in FOLDERS if folder.is_textbook]
    documents = sum(row["documents"] for row in textbooks)
    return {
        "profiles": rows,
        "textbooks_kept": round(sum(row["documents"] * row["kept"] for row in textbooks) / documents, 4),
        "textbooks_kept_by_web_rules": round(
            sum(row["documents"] * row["kept_by_web_rules"] for row in textbooks) / documents, 4
        ),
        "textbooks_least_kept": min(row["kept"] for row in textbooks),
    }


def _clean(documents: Sequence[Document], rules: str) -> list[Cleaned]:
    return list(Cleaner(get_rules(rules)).clean_all(documents))


def _measure(folder: Folder) -> dict[str, Any]:
    every = list(read_folder(folder))
    documents = [document for document in every if len(document.text.split()) >= MIN_WORDS]
    cleaned, by_web = _clean(documents, folder.rules), _clean(documents, "web")
    originals = {document.id: document.text for document in documents}
    kept = [one for one in cleaned if not one.verdict.rule]
    lost_by_web = Counter(
        web.verdict.rule for one, web in zip(cleaned, by_web, strict=True) if web.verdict.rule and not one.verdict.rule
    )
    return {
        "rules": folder.rules,
        "documents": len(documents),
        "stubs": len(every) - len(documents),
        "kept": round(len(kept) / len(documents), 4),
        "kept_by_web_rules": round(sum(not web.verdict.rule for web in by_web) / len(documents), 4),
        "lost_by_rule": dict(Counter(one.verdict.rule for one in cleaned if one.verdict.rule).most_common()),
        "kept_but_lost_by_web_rules": dict(lost_by_web.most_common()),
        "table_rows": _survival(kept, originals, _ROW),
        "formulas": _survival(kept, originals, _FORMULA),
    }


def _survival(kept: Sequence[Cleaned], originals: Mapping[str, str], pattern: re.Pattern[str]) -> dict[str, Any]:
    """Return how many pieces the kept documents had at first, and the share found again in them, spaces aside."""
    had = left = 0
    for one in kept:
        before = Counter(_plain(match) for match in pattern.findall(originals[one.document.id]))
        text = _plain(one.verdict.text)
        had += before.total()
        left += sum(min(count, text.count(piece)) for piece, count in before.items())
    return {"before": had, "unharmed": round(left / had, 4) if had else None}


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)
