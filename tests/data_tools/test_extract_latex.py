"""Reading LaTeX: what comes out of papers, theses and slides, and what is told of files that are damaged or refused."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from data_tools.extract.dispatch import read_file
from data_tools.extract.latex.bibliography import Entry, read_bbl, read_bib
from data_tools.extract.latex.facts import iso_date
from data_tools.extract.latex.units import chemistry, in_formula, number, unit
from data_tools.extract.records import Bad, Found, ReadOptions, Record

REAL_PAPER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "raw" / "latex_eql"
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)


def found_in(path: Path, source: str | bytes, **options: object) -> list[Found]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.encode() if isinstance(source, str) else source)
    return list(read_file(path, ReadOptions(**options)))  # type: ignore[arg-type]


def record_of(path: Path, source: str | bytes, **options: object) -> Record:
    (record,) = found_in(path, source, **options)
    assert isinstance(record, Record), record
    return record


def bad_of(path: Path, source: str | bytes, **options: object) -> Bad:
    (problem,) = found_in(path, source, **options)
    assert isinstance(problem, Bad), problem
    return problem


def document(body: str, preamble: str = "", document_class: str = "article") -> str:
    return f"\\documentclass{{{document_class}}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    """The text of a document with this body and preamble."""

    def text_of(body: str, preamble: str = "", **options: object) -> str:
        return record_of(tmp_path / "paper.tex", document(body, preamble), **options).text

    return text_of


PAPER = r"""
% A synthetic paper.
\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[ngerman,english]{babel}
\usepackage[type={CC},modifier={by-sa},version={4.0}]{doclicense}
\title{Heat in a \textit{synthetic} basin\thanks{Paid for by nobody.}}
\author{Anna M\"uller\inst{1} \and Jos\'{e} Garc\'\i a$^{2,3}$ \\ University of Nowhere}
\date{12 March 2021}
\begin{document}
\maketitle
\tableofcontents
\begin{abstract}
  We heat a basin. % to 150 degrees
  It matures.
\end{abstract}
\section[Intro]{Introduction}
Sediment warms as it sinks.

It sinks slowly.
\subsection*{Aims}
To know \emph{when}.
\paragraph{Scope} One basin.
\section{Conclusions}
Late.
\section*{Acknowledgements}
We thank the rocks.
\appendix
\section{Tables}
None.
\end{document}
Notes to self.
"""


def test_a_paper_keeps_its_structure_and_says_who_wrote_it(tmp_path: Path) -> None:
    record = record_of(tmp_path / "paper.tex", PAPER)
    assert record.text == (
        "# Heat in a synthetic basin\n\n## Abstract\n\nWe heat a basin. It matures.\n\n## Introduction\n\n"
        "Sediment warms as it sinks.\n\nIt sinks slowly.\n\n### Aims\n\nTo know when.\n\n##### Scope\n\nOne basin.\n\n"
        "## Conclusions\n\nLate.\n\n## Acknowledgements\n\nWe thank the rocks.\n\n## Tables\n\nNone."
    )
    assert (record.title, record.date, record.language) == ("Heat in a synthetic basin", "2021-03-12", "en")
    assert (record.license, record.meta) == ("CC-BY-SA-4.0", {"authors": ["Anna Müller", "José García"]})
    assert record.repaired == ()


def test_letters_signs_and_spaces_are_those_that_are_printed(read) -> None:  # type: ignore[no-untyped-def]
    assert read(r"na\"{\i}ve fa\c{c}ade, \o re, \ss, \v{S}, \'{e}\`a\^{o}, \AA{}ngstr\"om, \H{o}, \'\i") == (
        "naïve façade, øre, ß, Š, éàô, Ångström, ő, í"
    )
    assert read("``Deep'' water---or `shallow'---on pages 3--7, Fig.~2; the basin's edge") == (
        "“Deep” water—or ‘shallow’—on pages 3–7, Fig. 2; the basin’s edge"
    )
    assert read(r"50\,\% of \$5 \& \#1 \_ \{x\} 7\textdegree{} \S 3 \copyright\ 2020 hy\-phen \ldots{} \today x") == (
        "50 % of $5 & #1 _ {x} 7° §3 © 2020 hyphen … x"
    )
    assert read(
        r"m\textsuperscript{2}, H\textsubscript{2}, 10$^{-3}$, CO$_2$, 45$^\circ$C, 5$\,$km, x$^{\mathrm{a}}$"
    ) == (r"m², H₂, 10⁻³, CO₂, 45°C, 5 km, x$^{\mathrm{a}}$")


def test_german_shorthands_are_letters(read) -> None:  # type: ignore[no-untyped-def]
    assert read('"Uber "`Gr"o"se"\'', r"\usepackage[english,ngerman]{babel}") == "Über „Größe“"
    assert read('"Uber', r"\usepackage[english]{babel}") == '"Uber'


def test_comments_and_what_is_switched_off_are_left_out(read) -> None:  # type: ignore[no-untyped-def]
    assert read("One%\n  two 5\\% % three\n\n% four\n\\begin{comment}\nfive\n\\end{comment}\nsix") == "Onetwo 5%\n\nsix"
    assert read("a\n%\nb % c\n\nd") == "a b\n\nd"
    assert read(r"a \iffalse b \ifx\x\y c \else d \fi e \fi f") == "a f"
    switches = r"\newif\ifdraft \drafttrue \newif\iflong"
    assert read(
        r"\ifdraft draft\else final\fi; \iflong long\else short\fi; \draftfalse\ifdraft a\else b\fi", switches
    ) == ("draft; short; b")
    assert read(r"\ifthenelse{\equal{a}{a}}{yes}{no} \ifnum1<2 less\fi \ifdefined\nothing x\else y\fi") == "yes less y"
    assert read("Kept.\\end{document} Not kept.") == "Kept."


def test_verbatim_text_stays_as_it_stands(read) -> None:  # type: ignore[no-untyped-def]
    assert read(r"Type \verb|\section{x} % y|, \verb*+a$b+ or \lstinline[language=C]!a % b!.") == (
        r"Type \section{x} % y, a$b or a % b."
    )
    assert read("\\begin{verbatim}\n\\x  % y\n  $z\n\\end{verbatim}\nafter") == "```\n\\x  % y\n  $z\n```\n\nafter"
    listing = "\\begin{lstlisting}[language=C, caption={A \\emph{loop}.}]\nfor (;;) {} % x\n\\end{lstlisting}"
    assert read(listing) == "A loop.\n\n```\nfor (;;) {} % x\n```"
    assert read("\\begin{minted}[linenos]{python}\nx = 1\n\\end{minted}") == "```\nx = 1\n```"
    assert read("\\begin{code}\n$x\n\\end{code}", r"\lstnewenvironment{code}{}{}") == "```\n$x\n```"
    assert read("\\begin{tikzpicture}\\node{Lost};\\end{tikzpicture} Kept") == "Kept"


def test_addresses_are_kept_and_links_are_their_text(read) -> None:  # type: ignore[no-untyped-def]
    assert read(r"See \url{https://example.org/a%20b_c#d} and \href{https://example.org/x%y}{our \emph{page}}.") == (
        "See https://example.org/a%20b_c#d and our page."
    )
    assert read(r"\texttt{--option 'x'} and \texttt{\textbf{y}}") == "--option 'x' and y"


def test_own_commands_are_expanded(read) -> None:  # type: ignore[no-untyped-def]
    preamble = r"""
    \newcommand{\basin}{North Basin}
    \newcommand*\unitname[1]{#1 unit}
    \newcommand{\aged}[2][old]{#1 #2}
    \providecommand{\basin}{Never}
    \renewcommand{\section}{Never}
    \def\pair(#1,#2){#1--#2}
    \def\until#1.{<#1>}
    \let\alias\basin
    \DeclareRobustCommand{\eg}{e.g.\xspace}
    \NewDocumentCommand{\both}{s O{x} m}{\IfBooleanTF{#1}{star}{none} #2 #3}
    \newenvironment{keypoint}[1]{\begin{quote}\textbf{Key #1.} }{\end{quote}}
    """
    body = (
        r"\basin{} and \unitname{a} \aged{rock} \aged[young]{rock} \pair(1,2) \until now. "
        r"\alias; \eg this, \both*[y]{z} \both{w}"
    )
    assert read(body, preamble) == (
        "North Basin and a unit old rock young rock 1–2 <now> North Basin; e.g. this, star y z none x w"
    )
    assert read(r"Before \begin{keypoint}{one}Heat flows.\end{keypoint} after", preamble) == (
        "Before\n\nKey one. Heat flows.\n\nafter"
    )
    assert read(r"\section{Kept}x", preamble) == "## Kept\n\nx"
    assert read(r"a \unknowncommand[opt]{b}{c} \unknownspace{2cm} d \unknown{colour=red, width=2cm} e") == "a b c d e"


def test_own_commands_in_formulas_are_expanded_and_standard_ones_stay(read) -> None:  # type: ignore[no-untyped-def]
    preamble = r"""
    \newcommand{\vect}[1]{\mathbf{#1}}
    \newcommand{\pd}[2][x]{\frac{\partial #2}{\partial #1}}
    \def\half{\tfrac{1}{2}}
    \newcommand{\al}{\alpha}
    \newcommand{\trans}{^{\text{T}}}
    \DeclareMathOperator*{\argmin}{arg\,min}
    \DeclarePairedDelimiter{\abs}{\lvert}{\rvert}
    \newcommand{\be}{\begin{equation}} \newcommand{\ee}{\end{equation}}
    \newcommand{\R}{\ensuremath{\mathbb{R}}\xspace}
    """
    assert read(
        r"$\vect{v}\trans \in \R$ and $\pd{T} = \pd[t]{q}$, $\half\al x$, $\argmin_x \abs{y}$; \R too", preamble
    ) == (
        r"$\mathbf{v}^{\text{T}}\in {\mathbb{R}}$ and $\frac{\partial T}{\partial x} = \frac{\partial q}{\partial t}$, "
        r"$\tfrac{1}{2}\alpha x$, $\operatorname*{arg\,min}_x \lvert y \rvert$; $\mathbb{R}$ too"
    )
    assert read(r"So \be\label{a} E = \vect{e} \ee by \ref{a}.", preamble) == "So\n\n$$E = \\mathbf{e}$$\n\nby 1."


def test_displayed_formulas_lose_labels_and_numbers_and_keep_the_rest(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""Here
    \begin{align}
      a &= b \label{eq:a}\\
      c &= d \nonumber\\
      e &= f \text{ if $x>0$ holds} \label{eq:e}
    \end{align}
    \begin{equation*} \begin{cases} 1 & x \\ 2 & y \end{cases} \end{equation*}
    \[ E = mc^2 \] $$ p = \frac{1}{2} $$
    \begin{gather} g \\ h \tag{A}\label{eq:h} \end{gather}
    \begin{multline} k \\ l \end{multline}
    by \eqref{eq:e}, (\ref{eq:a}) and \eqref{eq:h}; \(i\)$j$."""
    assert read(body) == "\n\n".join(
        [
            "Here",
            r"$$\begin{aligned} a &= b \\ c &= d \\ e &= f {\text{ if }x>0\text{ holds}} \end{aligned}$$",
            r"$$\begin{cases} 1 & x \\ 2 & y \end{cases}$$",
            "$$E = mc^2$$",
            r"$$p = \frac{1}{2}$$",
            r"$$\begin{gathered} g \\ h \end{gathered}$$",
            r"$$\begin{gathered} k \\ l \end{gathered}$$",
            "by (2), (1) and (A); $i j$.",
        ]
    )


def test_marks_are_written_where_they_are_asked_for(read) -> None:  # type: ignore[no-untyped-def]
    text = read(r"$x$\footnote{A note.} \begin{figure}\caption{A map.}\end{figure}", marks=True)
    assert text == (
        "[START_FORMULA] x [END_FORMULA] [START_NOTE] A note. [END_NOTE]\n\n[START_FIGURE] A map. [END_FIGURE]"
    )


def test_quantities_and_chemical_formulas(read) -> None:  # type: ignore[no-untyped-def]
    body = (
        r"\SI{9.81}{\metre\per\second\squared}, \qty[mode=text]{2.5e-3}{\W\m^{-2}}, \si{\micro\gram}, \num{1e6}, "
        r"\ang{45}, \SIrange{1}{3}{\km}, \SI{20}{\celsius}, \SI{3}{\mgal}; "
        r"\ce{SO4^2- + 2H+ -> H2SO4}, $T = \SI{300}{K}$, $\ce{CO2}$"
    )
    assert read(body, r"\DeclareSIUnit\mgal{mGal}") == (
        "9.81 m s⁻², 2.5 × 10⁻³ W m⁻², µg, 1 × 10⁶, 45°, 1–3 km, 20 °C, 3 mGal; "
        r"SO₄²⁻ + 2H⁺ → H₂SO₄, $T = \mathrm{300\,K}$, $\mathrm{CO_{2}}$"
    )


@pytest.mark.parametrize(
    ("function", "source", "written"),
    [
        (number, "1.2(3)", "1.2(3)"),
        (number, "10 +- 2", "10 ± 2"),
        (number, "-3x4e5", "-3 × 4 × 10⁵"),
        (chemistry, "^{227}_{90}Th+", "²²⁷₉₀Th⁺"),
        (chemistry, "CaSO4 * 2 H2O", "CaSO₄·2 H₂O"),
        (chemistry, "A <=>[k] B", "A ⇌ B"),
        (in_formula, "SO₄²⁻ → x", r"\mathrm{SO_{4}^{2-}\rightarrow\,x}"),
        (lambda source: unit(source, {}), r"\gram\per\cubic\centi\metre", "g cm⁻³"),
        (lambda source: unit(source, {}), "kg/m^3", "kg/m³"),
    ],
)
def test_parts_of_quantities(function, source: str, written: str) -> None:  # type: ignore[no-untyped-def]
    assert function(source) == written


def test_lists_keep_their_numbers_and_their_depth(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""
    \begin{itemize}
      \item First,
        with more
        \begin{enumerate}
          \item one \label{it:one}
          \item two
        \end{enumerate}
      \item[Term] described
    \end{itemize}
    After \ref{it:one}: \begin{inparaenum} \item x; \item y \end{inparaenum}"""
    assert read(body) == ("- First, with more\n  1. one\n  2. two\n- Term: described\n\nAfter 1: (1) x; (2) y")


def test_theorems_are_named_and_numbered(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\section{One}
    \begin{thm}[Fourier]\label{t} Heat flows. \end{thm} \begin{lem} So does cold. \end{lem}
    \begin{proof} By \ref{t}. \end{proof}
    \begin{proof}[Proof of \ref{t}] Again. \end{proof} \begin{note} N. \end{note}"""
    preamble = r"\newtheorem{thm}{Theorem}[section]\newtheorem{lem}[thm]{Lemma}\newtheorem*{note}{Note}"
    assert read(body, preamble) == (
        "## One\n\nTheorem 1.1 (Fourier). Heat flows.\n\nLemma 1.2. So does cold.\n\nProof. By 1.1.\n\n"
        "Proof of 1.1. Again.\n\nNote. N."
    )


def test_tables_become_markdown_under_their_caption(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\begin{table}[tb]\centering
    \caption[Short]{Values of $a$.}\label{tab:v}
    \begin{tabular}{l r@{.}l c}
    \toprule
    Name & \multicolumn{2}{c}{Value} & $|a|$ \\
    \midrule
    A & 1&5 & $\|b\|$ \\
    \multirow{2}{*}{B} & 2&5 & x | y \\[2pt]
     & \multicolumn{3}{c}{none} \\ \cmidrule(lr){2-3}
    \bottomrule
    \end{tabular}
    \small Note: made up.
    \end{table}
    In Table~\ref{tab:v}."""
    assert read(body) == "\n".join(
        [
            "Values of $a$.\n",
            r"| Name | Value | $\vert a\vert$ |",
            "| --- | --- | --- |",
            r"| A | 1.5 | $\Vert b\Vert$ |",
            r"| B | 2.5 | x \| y |",
            "|  | none |  |\n",
            "Note: made up.\n",
            "In Table 1.",
        ]
    )


def test_long_tables_have_one_head_and_layout_tables_are_lines(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\begin{longtable}{ll}
    \caption{Long.}\label{l}\\ \hline a & b \\ \endfirsthead a & b (cont.) \\ \endhead
    \multicolumn{2}{r}{continued} \\ \endfoot \endlastfoot
    1 & 2 \\ 3 & \shortstack{4\\5} \end{longtable}
    \begin{tabular}{c} Street \\ Town \end{tabular}, \ref{l}"""
    assert read(body) == "Long.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n| 3 | 4 5 |\n\nStreet\nTown, 1"


def test_a_hostile_table_does_not_fill_the_memory(read) -> None:  # type: ignore[no-untyped-def]
    text = read(
        r"\begin{tabular}{c}" + "a & " * 5000 + r"\\" + r"b \\ " * 5000 + r"\end{tabular} end",
        max_document_characters=10**9,
    )
    assert text.endswith("end")
    assert len(text) < 5_000_000


def test_figures_leave_their_captions_once(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\begin{figure}[t]
    \includegraphics[width=\textwidth]{map}
    \caption[Short]{A map.\label{fig:map}}
    \end{figure}
    \begin{figure}
    \begin{subfigure}{0.5\textwidth}\includegraphics{a}\caption{Left.}\label{fig:l}\end{subfigure}
    \subfloat[Right.\label{fig:r}]{\includegraphics{b}}
    \caption{Two.}\label{fig:two}
    \end{figure}
    See Figs.~\ref{fig:map}, \ref{fig:l}, \ref{fig:r} and~\cref{fig:two}."""
    assert read(body) == "A map.\n\nLeft.\n\nRight.\n\nTwo.\n\nSee Figs. 1, 2a, 2b and Fig. 2."


def test_algorithms_are_read_line_by_line(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\begin{algorithm} \DontPrintSemicolon
    Start \; \For{$k = 1$ \KwTo $K$}{

      add $k$ \nllabel{line} \;
    }
    \caption{Sum.}\label{alg}
    \end{algorithm} Step \ref{line} of Algorithm~\ref{alg}."""
    assert read(body) == ("Sum.\n\nStart\nfor $k = 1$ to $K$\nadd $k$\n\nStep 3 of Algorithm 1.")


def test_footnotes_stand_where_they_are_called(read) -> None:  # type: ignore[no-untyped-def]
    assert read(r"A word\footnote{With \emph{inner} text.}, another\footnotemark[1].") == (
        "A word (With inner text.), another."
    )


def test_abbreviations_are_spelt_out_once(read) -> None:  # type: ignore[no-untyped-def]
    preamble = r"\newacronym{hf}{HF}{heat flow}\newglossaryentry{moho}{name={Moho},description={x}}"
    assert read(r"\gls{hf} and \gls{hf}; \acrlong{hf}, \gls{moho}, \ac{none}", preamble) == (
        "heat flow (HF) and HF; heat flow, Moho, none"
    )


def test_references_are_numbers_as_the_classes_count_them(read) -> None:  # type: ignore[no-untyped-def]
    body = r"""\section{A}\label{a} \subsection{B}\label{b} \section*{C}\label{c} \appendix \section{D\label{d}}
    Sections \ref{a}, \ref{b}, \ref{c}, \ref{d}; \nameref{b}; \autoref{a}."""
    assert read(body).splitlines()[-1] == "Sections 1, 1.1, C, A; B; Section 1."
    assert read(
        r"\begin{subequations}\begin{align}a\label{p}\\b\label{q}\end{align}\end{subequations} \eqref{q} x"
    ).endswith("(1b) x")


def test_chapters_stand_above_sections(tmp_path: Path) -> None:
    body = r"\chapter{One}\section{Two}\label{s} \begin{figure}\caption{F}\label{f}\end{figure} At \ref{s}, \ref{f}."
    record = record_of(tmp_path / "a.tex", document(body, document_class="book"))
    assert record.text == "## One\n\n### Two\n\nF\n\nAt 1.1, 1.1."


@pytest.mark.parametrize(
    ("source", "written"),
    [
        (r"The fault dips (see Fig.~\ref{x}).", "The fault dips."),
        (r"The fault dips, as in Section~\ref{x}.", "The fault dips."),
        (r"It dips (e.g. Figs~\ref{x} and~\ref{y}; Table~\ref{z}) north.", "It dips north."),
        (r"It dips north \cite{nokey}, then south \citep[see][p.~3]{nokey}.", "It dips north, then south."),
        (r"It is seen on page~\pageref{x}.", "It is seen."),
        (r"Section~\ref{sec:heat_flow} shows it.", "Section heat flow shows it."),
        (r"As \citet{smith2001} say, it dips.", "As Smith (2001) say, it dips."),
        (r"It dips (north) in 2001.", "It dips (north) in 2001."),
    ],
)
def test_what_leads_nowhere_leaves_no_stump(tmp_path: Path, source: str, written: str) -> None:
    assert record_of(tmp_path / "a.tex", document(source)).text == written


BIB = r"""
@string{jog = "Journal of Geo"}
@comment{ignored}
@article{smith2001, title = {The {Basin} of Caf{\'e}s \& heat}, author = {Smith, John and M{\"u}ller, K.}, year=2001}
@book{doe99, author="Jane van Doe", title="Rocks of " # jog, year = 1999 }
@article{broken, title = {No end
@misc{three, title={Third.}, author={A. One and B. Two and C. Three}}
"""


def test_citations_become_titles_and_the_list_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "refs.bib").write_text(BIB)
    body = r"""As \citet{smith2001} show \citep[e.g.][p.~2]{doe99,three,nokey}, and others (\citealp{doe99})
    do, \citeauthor{three} did in \citeyear{smith2001}. \nocite{*}
    \section*{References} \bibliographystyle{plain}\bibliography{refs}"""
    record = record_of(tmp_path / "a.tex", document(body))
    assert record.text == (
        "As Smith and Müller (The Basin of Cafés & heat) show (Rocks of Journal of Geo; Third), and others "
        "(Rocks of Journal of Geo) do, One et al. did in 2001."
    )
    assert record.meta["num_references"] == 3
    marked = record_of(tmp_path / "a.tex", document(r"x \cite{doe99,three} \bibliography{refs}"), marks=True)
    assert marked.text == "x [START_REF] Rocks of Journal of Geo [END_REF] [START_REF] Third [END_REF]"


def test_damaged_bibliographies_cost_what_is_damaged() -> None:
    entries = read_bib(BIB)
    assert sorted(entries) == ["broken", "doe99", "smith2001", "three"]
    assert entries["doe99"] == Entry("Rocks of Journal of Geo", ("van Doe",), "1999")
    assert read_bib('@article{a, title = "no end') == {"a": Entry("no end")}
    assert read_bib("@article{") == {}
    names = r"@misc{k, title={T}, author={Ann Lee and Bo {Van Dyk} and {Survey of A and B} and Jo Kov{\' a}cs}}"
    assert read_bib(names)["k"].authors == ("Lee", "{Van Dyk}", "{Survey of A and B}", r"Kov{\' a}cs")
    letters = "abcdefghijklmnopqrstuvwxyz"
    doubling = '@string{a="0123456789"}' + "".join(f"@string{{{b} = {a} # {a}}}" for a, b in pairwise(letters))
    assert read_bib(doubling + "@misc{k, title = z}") == {"k": Entry()}


def test_formatted_bibliographies_are_read_from_the_text_and_from_beside_it(tmp_path: Path) -> None:
    items = r"""\begin{thebibliography}{9}
    \bibitem[Smith(2001)]{s} J. Smith. \newblock Deep basins. \newblock \emph{Geo}, 1, 2001.
    \bibitem{d} J. Doe, ``Shallow basins,'' \emph{Geo}, 1999.
    \end{thebibliography}"""
    inside = record_of(
        tmp_path / "a.tex", document(rf"By \cite{{s}} and \citet{{s}}, \cite{{d}}. {items} \section{{More}} x")
    )
    assert inside.text == "By (Deep basins) and Smith (Deep basins), (Shallow basins).\n\n## More\n\nx"
    assert inside.meta == {"num_references": 2}
    (tmp_path / "b.bbl").write_text(items)
    beside = record_of(tmp_path / "b.tex", document(r"By \cite{s}. \bibliography{lost}"))
    assert (beside.text, beside.repaired) == ("By (Deep basins).", ())
    lost = record_of(tmp_path / "c.tex", document(r"By \cite{s}. \bibliography{lost}"))
    assert (lost.text, lost.repaired) == ("By.", ("missing bibliography",))


def test_biblatex_and_revtex_bibliographies_are_read() -> None:
    biblatex = (
        r"\entry{k}{article}{} \name{author}{1}{}{{{family={Smith},given={J.}}}} \field{title}{Deep} \field{year}{2001}"
    )
    assert read_bbl(biblatex) == {"k": Entry("Deep", ("Smith",), "2001")}
    revtex = r"\bibitem [{\citenamefont {Smith}(2001)}]{k} \bibfield {title} {\bibinfo {title} {Deep}} x"
    assert read_bbl(revtex)["k"].title == "Deep"


def test_slides_are_read_frame_by_frame(tmp_path: Path) -> None:
    body = r"""\begin{frame}<1>[fragile]{Heat}{flows} \begin{block}{Why} \only<2>{Because.} \pause \end{block}
    \begin{itemize}\item<1-> hot \item < 5 and > 3\end{itemize}\end{frame}
    \begin{frame}\frametitle{Next} Text. \end{frame}"""
    text = record_of(tmp_path / "a.tex", document(body, document_class="beamer")).text
    assert text == "### Heat\n\nflows\n\nWhy\n\nBecause.\n\n- hot\n- < 5 and > 3\n\n### Next\n\nText."


def test_journals_own_headings_and_keywords(tmp_path: Path) -> None:
    body = r"""\title{T} \Author[1]{Ann}{Lee} \affil[1]{Nowhere} \abstract{Short.}
    \introduction Long. \conclusions[Summary] So.
    \codedataavailability{Open.} \begin{acknowledgements} Thanks. \end{acknowledgements} \keywords{a, b}"""
    record = record_of(tmp_path / "a.tex", document(body, document_class="copernicus"))
    assert record.text == (
        "# T\n\n## Abstract\n\nShort.\n\n## Introduction\n\nLong.\n\n## Summary\n\nSo.\n\n"
        "## Code and data availability\n\nOpen.\n\n## Acknowledgements\n\nThanks.\n\nKeywords: a, b"
    )
    assert record.meta["authors"] == ["Ann Lee"]


def test_plain_tex_and_old_latex_are_read(tmp_path: Path) -> None:
    ams = (
        r"\input amstex \documentstyle{amsppt} \topmatter \title Heat \endtitle \author A. Bee \endauthor \endtopmatter"
        "\n"
    )
    ams += r"\head Cold\endhead \proclaim{Theorem 1} $x$ is \rm small. \endproclaim "
    ams += r"\vskip 1cm plus 2pt \hskip-3pt End. \bye x"
    text = record_of(tmp_path / "ams.tex", ams).text
    assert text == "# Heat\n\n## Cold\n\nTheorem 1. $x$ is small. End."
    old = record_of(tmp_path / "old.tex", r"\documentstyle[12pt]{article}\begin{document}{\bf Old} text.\end{document}")
    assert old.text == "Old text."
    assert record_of(tmp_path / "none.tex", "No command at all.\n\nNone.").text == "No command at all.\n\nNone."


# files that are put together


def test_included_files_are_read_in_their_places(tmp_path: Path) -> None:
    for name, text in {
        "intro.tex": "Intro. \\input{sub/deep}",
        "sub/deep.tex": "Deep.",
        "sub/more.tex": "More. \\subimport{}{leaf}",
        "sub/leaf.tex": "Leaf.",
        "part.tex": "\\documentclass[a]{subfiles}\n\\newcommand{\\x}{}\\begin{document}Sub.\\end{document}ignored",
        "macros.tex": "\\newcommand{\\basin}{Basin}",
        "cut.tex": "Cut.\\endinput Never.",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    body = r"\input{intro} \include{part} \import{sub/}{more} \input cut.tex \basin."
    record = record_of(tmp_path / "main.tex", document(body, r"\input{macros}\usepackage{gone}\input{style.sty}"))
    assert record.text == "Intro. Deep.\n\nSub.\n\nMore. Leaf. Cut. Basin."
    assert record.repaired == ()


def test_files_outside_the_root_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.tex").write_text("Secret.")
    (tmp_path / "papers/shared").mkdir(parents=True)
    (tmp_path / "papers/shared/ok.tex").write_text("Allowed.")
    (tmp_path / "papers/one").mkdir()
    os.symlink(tmp_path / "secret.tex", tmp_path / "papers/one/link.tex")
    os.symlink(tmp_path / "papers/one/loop.tex", tmp_path / "papers/one/loop.tex")
    main = tmp_path / "papers/one/main.tex"
    for name in ("../../secret", str(tmp_path / "secret.tex"), "../../../../../../etc/passwd", "link", r"|ls"):
        record = record_of(main, document(rf"Kept. \input{{{name}}} Too."), root=tmp_path / "papers")
        assert (record.text, record.repaired) == ("Kept. Too.", ("refused input",)), name
    loop = record_of(main, document(r"Kept. \input{loop}"), root=tmp_path / "papers")
    assert (loop.text, loop.repaired) == ("Kept.", ("missing input",))
    shared = document(r"\input{../shared/ok}")
    assert record_of(main, shared, root=tmp_path / "papers").text == "Allowed."
    assert bad_of(main, shared).detail == "holds no text once its commands are taken away"


def test_missing_circular_and_unreadable_inputs_cost_themselves_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tex")
    (tmp_path / "binary.tex").write_bytes(b"\0\1\2\3" * 50)
    (tmp_path / "large.tex").write_text("x" * 5000)
    (tmp_path / "a.tex").write_text(r"A \input{b}")
    (tmp_path / "b.tex").write_text(r"B \input{a}")
    expected = {
        r"\input{gone}": "missing input",
        r"\input{pipe}": "missing input",
        rf"\input{{{'x' * 5000}}}": "missing input",
        r"\input{binary}": "unreadable input",
        r"\input{large}": "input too large",
        r"\input{main}": "input cycle",
    }
    for source, repair in expected.items():
        size = 4000 if "large" in repair else 50_000
        record = record_of(tmp_path / "main.tex", document(f"Kept. {source} Too."), max_document_bytes=size)
        assert (record.text, record.repaired) == ("Kept. Too.", (repair,)), source
    circle = record_of(tmp_path / "main.tex", document(r"\input{a} Kept."))
    assert (circle.text, circle.repaired) == ("A B Kept.", ("input cycle",))


def test_inputs_are_bounded_in_depth_and_number(tmp_path: Path) -> None:
    for number_ in range(30):
        (tmp_path / f"p{number_}.tex").write_text(rf"{number_} \input{{p{number_ + 1}}}")
    deep = record_of(tmp_path / "main.tex", document(r"\input{p0} Kept."))
    assert deep.repaired == ("inputs too deep",)
    assert deep.text.endswith("13 Kept.")
    (tmp_path / "one.tex").write_text("x ")
    many = record_of(tmp_path / "main.tex", document(r"\input{one}" * 1100 + "Kept."))
    assert many.repaired == ("too many inputs",)
    assert many.text.endswith("x Kept.")


def test_a_part_is_read_with_its_main_file(tmp_path: Path) -> None:
    (tmp_path / "main.tex").write_text(document(r"\input{chapters/one} % \input{alone}"))
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/deep.tex").write_text("Deep.")
    part = bad_of(tmp_path / "chapters/one.tex", r"One. \input{chapters/deep}", root=tmp_path)
    assert part == Bad("part_of_document", "is part of main.tex, with which it is read", harmless=True)
    assert bad_of(tmp_path / "chapters/deep.tex", "Deep.", root=tmp_path).rule == "part_of_document"
    assert record_of(tmp_path / "alone.tex", "Alone.", root=tmp_path).text == "Alone."
    outside = record_of(tmp_path / "chapters/one.tex", "One.", root=tmp_path / "chapters")
    assert outside.text == "One."
    wrapper = record_of(tmp_path / "wrapper.tex", r"\newcommand{\x}{y} \input{main}", root=tmp_path)
    assert wrapper.text == "One."


# damage


def test_macro_bombs_are_told(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrst"
    doubling = "".join(rf"\def\{one}{{\{two}\{two}\{two}\{two}}}" for one, two in pairwise(letters))
    bomb = bad_of(tmp_path / "a.tex", document(r"Text. \a", doubling + r"\def\t{lots of text}"))
    assert bomb.rule == "macro_bomb"
    assert re.fullmatch(r"its commands expand to more than [\d,]+ characters", bomb.detail)
    growing = document(r"\x{1234567890}", r"\def\x#1{\x{#1#1}}")
    assert bad_of(tmp_path / "a.tex", growing).rule == "macro_bomb"


def test_commands_that_call_themselves_end(tmp_path: Path) -> None:
    preamble = r"\def\a{x\a} \newcommand{\emph}[1]{\emph{#1}} \let\b\c \let\c\b"
    record = record_of(tmp_path / "a.tex", document(r"One \b\c two. \a", preamble))
    assert record.text == "One two. " + "x" * 100
    assert record.repaired == ("command calls itself",)


@pytest.mark.parametrize(
    ("body", "text", "repaired"),
    [
        (r"A {b \textbf{c. D", "A b c. D", "unbalanced braces"),
        (r"A } b.", "A b.", "unbalanced braces"),
        (r"\section{A" "\n\nText.", "## A\n\nText.", "unbalanced braces"),
        (r"A\footnote{b. \section{C} d", "A (b.)\n\n## C\n\nd", "unbalanced braces"),
        (r"\begin{itemize}\item a \section{B} c", "- a\n\n## B\n\nc", "missing end"),
        (r"\begin{figure}\caption{M} \section{B} c", "M\n\n## B\n\nc", "missing end"),
        (r"\begin{figure}\caption{M} lost no more", "M\n\nlost no more", "missing end"),
        (r"\begin{tabular}{cc} a & b \\ c \section{B} d", "| c |  |\n\n## B\n\nd", "missing end"),
        (r"\begin{quote} a", "a", "missing end"),
        (r"a \end{quote} b", "a b", "missing begin"),
        (r"Costs 5$ now." "\n\nNext.", "Costs 5$now.$\n\nNext.", "unbalanced formula"),
        (r"\emph{costs 5$} and more", "costs 5 and more", "unbalanced formula"),
        (r"\begin{equation} x = {y \end{equation} b", "$$x = {y }$$\n\nb", "unbalanced braces"),
        (r"\begin{equation} x = y" "\n" r"\section{B} b", "$$x = y$$\n\n## B\n\nb", "unbalanced formula"),
        (r"\iffalse a", "a", "missing fi"),
        (r"a \begin{thebibliography}{9} \bibitem{x} y. \section{B} c", "a\n\n## B\n\nc", "missing end"),
        (
            r"\begin{tabular}{cc} {\bf a & b \\ c & d \end{tabular}",
            "| a | b |\n| --- | --- |\n| c | d |",
            "unbalanced braces",
        ),
        (r"\footnote{" * 60 + "x", None, "nested too deep"),
    ],
)
def test_damage_is_put_right_and_counted(tmp_path: Path, body: str, text: str | None, repaired: str) -> None:
    record = record_of(tmp_path / "a.tex", document(body))
    assert text is None or text in record.text
    assert repaired in record.repaired


def test_encodings_are_those_that_are_declared(tmp_path: Path) -> None:
    latin = document("Größe").encode("latin-1")
    assert record_of(tmp_path / "a.tex", latin).repaired == ("encoding cp1252",)
    russian = document("Кварц твёрже кальцита.", r"\usepackage[koi8-r]{inputenc}").encode("koi8-r")
    record = record_of(tmp_path / "b.tex", russian)
    assert (record.text, record.repaired) == ("Кварц твёрже кальцита.", ("encoding koi8-r",))
    assert record_of(tmp_path / "c.tex", document("Größe", r"\usepackage[latin1]{inputenc}")).text == "Größe"
    wrong = document("x", r"\usepackage[cp1257]{inputenc}").encode() + b"\xa1\xa5 \xff"
    assert bad_of(tmp_path / "d.tex", wrong) == Bad("unknown_encoding", "declares cp1257, which byte 88 is not")


def test_files_without_text_are_told(tmp_path: Path) -> None:
    empty = bad_of(tmp_path / "a.tex", document(r"\maketitle \section{Empty} % nothing"))
    assert empty == Bad("empty", "holds no text once its commands are taken away")
    only_commands = bad_of(tmp_path / "b.tex", r"\newcommand{\x}{y}")
    assert (only_commands.rule, only_commands.harmless) == ("empty", True)
    texinfo = bad_of(tmp_path / "c.tex", "\\input texinfo @c x\n@chapter One\nText.")
    assert texinfo == Bad("not_latex", "is Texinfo, for which there is no reader", harmless=True)
    without = record_of(tmp_path / "d.tex", "\\documentclass{article}\n\\newcommand{\\x}{y}\n\nText \\x.")
    assert (without.text, without.repaired) == ("Text y.", ("missing begin",))
    large = bad_of(tmp_path / "e.tex", "x" * 2000, max_document_bytes=1000)
    assert (large.rule, large.detail) == ("too_large", "is larger than 1,000 bytes")


@pytest.mark.parametrize(
    "piece",
    ["{", r"\footnote{", r"\begin{itemize}\item ", r"\iffalse ", "$", r"\cite[", r"\def\a#1{", r"\verb|",
     r"\begin{verbatim}",
     r"\begin{tabular}{c}& ", r"\section{", r"(\ref{a}", r"\input{a}", r"$\text{$"],
)  # fmt: skip
def test_a_sign_repeated_ten_thousand_times_is_read_to_the_end(tmp_path: Path, piece: str) -> None:
    source = document(f"Words before.\n\n{piece * 10_000}\n\nWords after.")
    (found,) = found_in(tmp_path / "a.tex", source, max_document_characters=10**9)
    assert isinstance(found, Record)
    assert "Words before." in found.text
    assert "Words after." in found.text


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021-03-12", "2021-03-12"),
        ("Received: 12th March, 2021", "2021-03-12"),
        ("March 3, 2021", "2021-03-03"),
        ("Spring 2021, Sept. 2020", "2020-09"),
        ("(2021)", "2021"),
        ("submitted to X", ""),
        ("32 March 2021", ""),
    ],
)
def test_dates_are_those_that_are_stated(text: str, date: str) -> None:
    assert iso_date(text) == date


def test_a_real_paper_is_read_whole() -> None:
    if not REAL_PAPER.exists():
        pytest.skip("the paper in ../shared/data/raw/latex_eql is not here")
    (record,) = read_file(REAL_PAPER / "gji.tex", ReadOptions(max_document_characters=10**9))
    assert isinstance(record, Record)
    sources = [(REAL_PAPER / name).read_text() for name in ("content.tex", "appendix.tex", "variables.tex")]
    sources += [path.read_text() for path in sorted((REAL_PAPER / "results").glob("*.tex"))]
    written = re.findall(r"^\\(?:sub)*section\{([^}]*)\}", sources[0] + "\n" + sources[1], re.MULTILINE)
    headings = re.findall(r"^#{2,} (.*)", record.text, re.MULTILINE)
    assert headings == ["Summary", *(" ".join(title.split()) for title in written)]
    outside = FORMULA.sub("F", record.text)
    assert "\\" not in outside
    assert not re.search(r"(?<!\d)%|[{}]", outside)
    own = set(re.findall(r"\\newcommand\{\\(\w+)\}", "\n".join(sources)))
    used = set(re.findall(r"\\([A-Za-z]+)", record.text))
    assert len(own) > 100
    assert not own & used
    numbered = sources[0].count(r"\begin{equation}")
    assert record.text.count("$$") == 2 * numbered
    assert all(formula.count("{") == formula.count("}") for formula in FORMULA.findall(record.text))
    assert not re.search(r"\b(?:Fig|Eq|Section|Table)s?[.,]? [.,)]|\(\s*\)", outside)
    main = (REAL_PAPER / "gji.tex").read_text()
    authors = [re.search(rf"\\{name}\}}\{{(.*)\}}", sources[2])[1] for name in re.findall(r"\\(\w+)\$\^", main)]  # type: ignore[index]
    assert len(authors) == 2
    assert record.meta == {"authors": authors, "num_references": 48}
    assert record.repaired == ()
    for part in ("content.tex", "appendix.tex", "abstract.tex", "variables.tex"):
        (problem,) = read_file(REAL_PAPER / part, ReadOptions())
        assert isinstance(problem, Bad)
        assert (problem.rule, problem.harmless) == ("part_of_document", True)
