"""Cleaning, measured, each part by a module of its own.

``make bench only=clean`` runs every part in turn (about an hour on two cores); ``python -m benchmarks.clean rules``
runs one. Real text is read from ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.real_text import REAL_TEXT, is_there
from benchmarks.record import run_parts


def extraction() -> dict[str, Any]:
    from benchmarks.extraction import fed_speeches, filings

    return {
        "extraction_fed_speeches": fed_speeches(REAL_TEXT / "raw" / "fed_speech_html"),
        "extraction_filings": filings(REAL_TEXT / "raw" / "sec_html"),
    }


def hyphens() -> dict[str, Any]:
    from benchmarks.clean_hyphens import measure_hyphens

    return measure_hyphens()


def rules() -> dict[str, Any]:
    from benchmarks.clean_rules import measure_rules

    return measure_rules()


def profiles() -> dict[str, Any]:
    from benchmarks.clean_profiles import measure_profiles

    return measure_profiles()


def planted() -> dict[str, Any]:
    from benchmarks.clean_planted import measure_planted

    return measure_planted()


def personal_data() -> dict[str, Any]:
    from benchmarks.personal_data import figures

    return {f"personal_data_{name}": value for name, value in figures().items()}


def classifiers() -> dict[str, Any]:
    from benchmarks.classifiers import figures

    return {f"classifiers_{name}": value for name, value in figures().items()}


def speed() -> dict[str, Any]:
    from benchmarks.clean_speed import measure_speed

    with tempfile.TemporaryDirectory(prefix="strata-clean-") as place:
        return measure_speed(Path(place))


def kills() -> dict[str, Any]:
    from benchmarks.clean_speed import measure_kills

    with tempfile.TemporaryDirectory(prefix="strata-clean-") as place:
        return measure_kills(Path(place))


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "extraction": extraction,
    "hyphens": hyphens,
    "rules": rules,
    "profiles": profiles,
    "planted": planted,
    "personal_data": personal_data,
    "classifiers": classifiers,
    "speed": speed,
    "kills": kills,
}


def main() -> None:
    """Run the parts named on the command line, or all; keep the figures of each as it ends."""
    if not is_there():
        raise SystemExit(f"clean: {REAL_TEXT} is absent: real text is not part of the project")
    run_parts("clean", PARTS)


if __name__ == "__main__":
    main()
