"""Statements of licences, and the SPDX identifiers they name; what names none, or no version, gives none."""

from __future__ import annotations

import pytest

from data_tools.extract.dates import earliest, iso_date, month_number
from data_tools.extract.language_tags import language_of
from data_tools.extract.license_of import spdx_of


@pytest.mark.parametrize(
    ("statement", "identifier"),
    [
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/deed.en", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by-sa/3.0/legalcode", "CC-BY-SA-3.0"),
        ("http://creativecommons.org/licenses/by/3.0/us/", "CC-BY-3.0-US"),
        ("http://creativecommons.org/licenses/by/2.0/kr/", ""),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("http://creativecommons.org/publicdomain/mark/1.0/", "LicenseRef-PublicDomain"),
        ("Open access under CC BY-NC-ND 4.0.", "CC-BY-NC-ND-4.0"),
        ("CC BY NC SA 4.0", "CC-BY-NC-SA-4.0"),
        ("CC-BY 4.0", "CC-BY-4.0"),
        ("cc-by-4.0", "CC-BY-4.0"),
        ("apache-2.0", "Apache-2.0"),
        ("the Creative Commons Attribution 4.0 International License", "CC-BY-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("Creative Commons Attribution Non Commercial No Derivatives (CC BY-NC-ND) License 4.0", "CC-BY-NC-ND-4.0"),
        ("a Creative\n  Commons Attribution NonCommercial License 3.0", "CC-BY-NC-3.0"),
        ("under the Creative Commons CC0 public domain dedication", "CC0-1.0"),
        (
            "CC BY (http://creativecommons.org/licenses/by/4.0). The Creative Commons Public Domain Dedication waiver "
            "(http://creativecommons.org/publicdomain/zero/1.0/) applies to the data",
            "CC-BY-4.0",
        ),
        ("Licensed under the Apache License, Version 2.0", "Apache-2.0"),
        ("Open Government Licence v3.0", "OGL-UK-3.0"),
        ("the Creative Commons Attribution License, which permits unrestricted use", ""),
        ("Creative Commons Attribution-NonCommercial-NoDerivatives License (CC BY-NC-ND)", ""),
        ("CC BY", ""),
        ("CC BY 7.0", ""),
        ("© 2020 The Authors. All rights reserved. 4.0", ""),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", ""),
        ("", ""),
    ],
)
def test_a_statement_gives_its_identifier(statement: str, identifier: str) -> None:
    assert spdx_of(statement) == identifier


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("EN", "en"),
        ("eng", "en"),
        ("pt_br", "pt-BR"),
        ("zh-Hant-TW", "zh-TW"),
        ("de-DE-1996", "de-DE"),
        ("ger", "de"),
        ("deu", "de"),
        ("tlh", "tlh"),
        ("und", ""),
        ("English", ""),
        ("", ""),
    ],
)
def test_a_language_is_tagged_in_one_way(tag: str, language: str) -> None:
    assert language_of(tag) == language


def test_dates_are_as_precise_as_the_source_and_the_earliest_counts() -> None:
    assert [month_number(name) for name in ("4", "Apr", "April", "Spring", "")] == ["4", "4", "4", "", ""]
    assert iso_date("2004", "4", "7") == "2004-04-07"
    assert iso_date("2004", "13", "7") == "2004"
    assert iso_date("2004", "4", "40") == "2004-04"
    assert iso_date("04", "4") == ""
    assert earliest([("2010", "4", ""), ("2010", "4", "27"), ("2011", "", "")]) == "2010-04-27"
    assert earliest([("2010", "", ""), ("2009", "12", "")]) == "2009-12"
    assert earliest([("", "", "")]) == ""
