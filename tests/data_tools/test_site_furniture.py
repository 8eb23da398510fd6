"""Web furniture goes, whole or by the sentence; what looks like it in prose, verse, tables and notes stays."""

from __future__ import annotations

import pytest

from data_tools.repairs.site_furniture import MAX_WORDS, remove_site_furniture

BODY = "Granite is a coarse rock of quartz and feldspar.\nIt forms deep in the crust."


@pytest.mark.parametrize(
    ("before", "after", "num_pieces"),
    [
        (
            "Skip to content\nHome\nAbout\nServices\nContact\n\n",
            "\n\nPrevious Next\nShare on Facebook\nTweet\nPrint",
            9,
        ),
        ("Home > Rocks > Igneous rocks > Granite\n", "", 1),
        ("You are here: Home » Rocks » \n", "\nBack to top", 2),
        ("Home | About | Contact | Privacy Policy\n", "\nTerms of Use | Privacy Policy", 2),
        ("We use cookies to help you. By continuing you accept our privacy policy.\n", "", 1),
        ("This website uses cookies.\nPlease enable JavaScript to view the page.\n", "\nCookie settings", 3),
        ("", "\n© 2020 Rocks Inc. All rights reserved.\nFollow us on Twitter", 2),
        ("", "\nLeave a comment\nRelated posts\nGeology\nCategories\nArchives", 5),
        ("- Home\n- News\n- Contact us\n- Log in\n\n", "", 4),
        ("Sign up to our newsletter. Share this page. Click here to print.\n", "", 1),
    ],
)
def test_furniture_around_a_text_goes(before: str, after: str, num_pieces: int) -> None:
    assert remove_site_furniture(f"{before}{BODY}{after}") == (BODY, num_pieces)


def test_only_the_sentence_goes_from_a_line_that_says_more() -> None:
    text = "The disease is inherited from the mother. Click here to visit the centre's web site."
    assert remove_site_furniture(text) == ("The disease is inherited from the mother.", 1)


def test_furniture_inside_a_text_goes() -> None:
    assert remove_site_furniture(f"{BODY}\nShare on Facebook\n{BODY}") == (f"{BODY}\n{BODY}", 1)


@pytest.mark.parametrize(
    "text",
    [
        "Home\n\nHe went home.\n\nSearch\n\nThey searched the house.",
        "Home\nis where the heart\nis, and\nmore",
        "Products\nServices\nSupport\nTotal",
        "News\nEvents\nPress\nJobs\nLegal",
        "| Home | About | Contact |\n| --- | --- | --- |\n| 1 | 2 | 3 |",
        "a > b > c and so x > y",
        "BP 120/80\nHR 70\nTemp 37\nContact: daughter",
        "Rock > mineral > element: that is the order.",
        "The bank's privacy policy and its terms of use were changed in May.",
        "•modifies its terms of service or other policies, including fees;",
        "The use of cookies is regulated by a directive of 2009.",
        "JavaScript is a language. JavaScript is not Java.",
        "The dog would follow us on long walks, and share this page of history with us.",
        "Minerals that share this structure are rare.",
        "He asked me to share my bread with him. Print runs were short.",
        "Like to the lark at break of day\nPost on, my friend",
        "The bank says that it holds a copy and that\nall rights reserved to it by the law of the\nland are kept.",
        f"The bank describes its cookie policy, which you accept by reading our page {'and more ' * MAX_WORDS}",
    ],
)
def test_what_is_no_furniture_stays(text: str) -> None:
    assert remove_site_furniture(text) == (text, 0)
