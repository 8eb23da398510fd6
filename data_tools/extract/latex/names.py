r"""What the commands and environments of LaTeX and its usual packages and classes do to a text, as tables.

A command's arguments are written as a string: ``*`` a star, ``o`` one in ``[]``, ``m`` a mandatory one, ``d`` one in
``<>``, ``p`` one in ``()``. They are dropped with the command; arguments that are not listed stay in the text.
"""

from __future__ import annotations

from typing import TypeVar

_Value = TypeVar("_Value")


def names(text: str) -> frozenset[str]:
    """Return the names that ``text`` lists."""
    return frozenset(text.split())


def each(text: str, value: _Value) -> dict[str, _Value]:
    """Return ``value`` under each of the names that ``text`` lists."""
    return dict.fromkeys(text.split(), value)


def _by_name(groups: dict[str, str]) -> dict[str, str]:
    return {name: arguments for arguments, listed in groups.items() for name in listed.split()}


DROPPED = _by_name(
    {
        # fonts, spacing, page layout, tables of contents: what they are given is text, or nothing
        "": "emph textbf textit textsl textsc textrm textsf textmd textup textnormal underline uline uuline uwave "
        "dashuline sout bf it sl sc rm sf tt em bfseries itshape slshape scshape upshape rmfamily sffamily ttfamily "
        "mdseries normalfont tiny scriptsize footnotesize small normalsize large Large LARGE huge Huge centering "
        "raggedright raggedleft justifying noindent indent maketitle listoffigures listoftables listofalgorithms "
        "newpage clearpage cleardoublepage smallskip medskip bigskip smallbreak medbreak bigbreak filbreak goodbreak "
        "hfill vfill hfil vfil hrulefill dotfill hss vss null strut leavevmode protect relax noexpand expandafter "
        "ignorespaces unskip begingroup endgroup bgroup egroup frontmatter mainmatter backmatter makeatletter "
        "makeatother sloppy fussy flushbottom raggedbottom singlespacing doublespacing onehalfspacing nolinenumbers "
        "balance FloatBarrier allowbreak nobreak mbox hbox vbox vtop fbox hl added uppercase lowercase MakeUppercase "
        "MakeLowercase boldmath unboldmath displaystyle textstyle long outer global protected phantomsection "
        "printindex makeindex makeglossaries printglossaries qedhere qed hline eject frenchspacing nonfrenchspacing "
        "selectfont boldsymbol bm mathrm mathbf mathit mathsf so ul BlankLine DontPrintSemicolon SetAlgoLined "
        "nointerlineskip newblock alert structure shortstack makecell thead centerline leftline rightline onecolumn "
        "displaybreak raggedcolumns noalign nohyphens hologo noopsort twocolumn textquote left right",
        "o": "footnotemark pagebreak nopagebreak linebreak nolinebreak minitoc pause printbibliography "
        "tableofcontents printnomenclature toprule midrule bottomrule addlinespace allowdisplaybreaks linenumbers "
        "sidenotemark",
        "oo": "makebox framebox",
        "ooom": "parbox",
        "moo": "raisebox",
        "*m": "vspace hspace",
        "*mm": "resizebox",
        # what is said about the pages, the fonts, the journal and the authors
        "m": "pagestyle thispagestyle pagenumbering bibliographystyle usetikzlibrary hyphenation fontfamily "
        "fontseries fontshape fontencoding selectlanguage includeonly hypersetup lstset sisetup captionsetup geometry "
        "newgeometry glossary graphicspath DeclareGraphicsExtensions newcount newdimen newskip newtoks newbox "
        "newlength newsavebox usebox phantom hphantom vphantom urlstyle missingfigure institution institutes "
        "orcidlink orcidID correspondence corres thanksref runningtitle runningauthor titlerunning authorrunning "
        "received revised accepted published pubdiscuss firstpage journal journalname volume tocauthor toctitle "
        "mailto pacs PACS preprint copyrightyear acmYear acmVolume acmNumber acmDOI acmPrice acmISBN acmJournal "
        "acmArticle acmMonth setcopyright ccsdesc settopmatter curraddr dedicatory issn history authornote contrib "
        "tikzset pgfplotsset usepgfplotslibrary usecolortheme usetheme useoutertheme useinnertheme usefonttheme "
        "setstretch fancyhf lhead chead rhead lfoot cfoot rfoot shortauthors shorttitle authorsaddress editor msc "
        "cormark fnmark numberofauthors citestyle setcitestyle pubyear pubnum articletype jyear jname jvol jnum "
        "linespread fontspec includeversion excludecomment cline hhline arrayrulecolor href foreignlanguage colorbox "
        "stepcounter refstepcounter newcounter arabic roman Roman alph Alph fnsymbol value hyperlink hypertarget "
        "enlargethispage sidecaptionvpos titlegraphic logo raisetag nocite DIFdel adjustbox bibliographyunit "
        "copyrightinfo SetKwData SetKwFunction email address keywordname",
        "mm": "thankstext setlength addtolength setcounter addtocounter settowidth settoheight settodepth "
        "DeclareMathSizes markboth fcolorbox addtocontents setkeys colorlet setkomafont addtokomafont SetKwInOut "
        "SetKw setbeamercolor setbeamerfont fontsize sbox savebox DeclareUnicodeCharacter DeclareSIUnit crefname "
        "Crefname crefformat pgfmathsetmacro fancypagestyle AtBeginEnvironment newfontfamily",
        "mmm": "definecolor addcontentsline providecolor DeclareFontFamily pgfmathtruncatemacro SetKwProg",
        "mmmm": "DeclareMathSymbol DeclareFontShape DeclareSymbolFont",
        "om": "deleted usepackage documentclass documentstyle RequirePackage pagecolor verbatiminput lstinputlisting "
        "includepdf setmainfont setsansfont setmonofont setmathfont setmainlanguage setdefaultlanguage "
        "setotherlanguage corref cortext fnref fntext tnoteref tnotetext ead affil affiliation institute todo inst "
        "thanks includesvg includestandalone textcolor color setbeamertemplate index orcid glsadd loadglsentries "
        "rotatebox PassOptionsToPackage subjclass bibpunct setlist pgfimage correspondingauthor corresponding "
        "marginpar tcbset tcbuselibrary hyperref fancyhead fancyfoot ohead ihead DeclareGraphicsRule",
        "mo": "scalebox",
        "omm": "inputminted DeclareFieldFormat",
        "mom": "newcolumntype",
        "*om": "includegraphics marginnote epsfig psfig",
        "*mommmm": "titleformat",
        "*mmmm": "titlespacing",
        "o*m": "rowcolor cellcolor columncolor",
        "pm": "cmidrule",
        "d": "only uncover visible invisible alt onslide action",
    }
)
DROPPED_AS_ASSIGNMENT = names(
    "vskip hskip kern mskip mkern lower raise moveleft moveright vglue hglue hsize vsize parindent parskip "
    "baselineskip lineskip leftskip rightskip topskip hoffset voffset textwidth textheight oddsidemargin "
    "evensidemargin topmargin headheight headsep footskip tolerance pretolerance hbadness vbadness widowpenalty "
    "clubpenalty penalty hangindent hangafter abovedisplayskip belowdisplayskip columnsep tabcolsep arraystretch "
    "floatsep textfloatsep intextsep magnification pageno count dimen skip spacefactor catcode everypar looseness "
    "overfullrule lineskiplimit advance by itemsep topsep parsep emergencystretch linepenalty binoppenalty relpenalty "
    "exhyphenpenalty hyphenpenalty jot displayindent parfillskip mathsurround fontdimen interlinepenalty unitlength"
)
"""Plain TeX's registers: what follows, if it is a number or a length, is dropped with them."""

ENVIRONMENT_ARGUMENTS = _by_name(
    {
        "m": "multicols* spacing adjustbox subeqns otherlanguage otherlanguage* theindex tabnote "
        "thebibliography CJK* column onlyenv",
        "mo": "multicols",
        "mm": "adjustwidth addmargin CJK list",
        "om": "subfigure subtable",
        "o": "figure table figure* table* algorithm algorithm* algorithmic threeparttable tablenotes columns center "
        "sidewaysfigure sidewaystable wrapfloat landscape subequations framed mdframed tcolorbox keywords itemize "
        "enumerate description compactitem compactenum longlist SCfigure",
        "ooom": "minipage",
        "omom": "wrapfigure wraptable floatingfigure",
    }
)

FIGURES = names("figure figure* sidewaysfigure wrapfigure floatingfigure SCfigure marginfigure figwindow")
TABLES = names("table table* sidewaystable sidewaystable* wraptable margintable")
ALGORITHMS = names("algorithm algorithm* algorithm2e procedure")
INNER_FLOATS = names("subfigure subtable subfigure* subcaptionblock")

TABULARS = _by_name(
    {
        "om": "tabular array longtable supertabular NiceTabular longtable* tblr longtblr talltblr",
        "mom": "tabular* tabularx tabulary xltabular",
        "m": "tabu longtabu deluxetable deluxetable*",
    }
)
LONG_TABLES = names("longtable longtable* xltabular longtblr talltblr longtabu deluxetable deluxetable*")
"""Tables that hold their own caption."""
HEADINGS = {
    "part": 2, "chapter": 2, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5, "subparagraph": 6,
    "addsec": 2, "addchap": 2, "addpart": 2, "head": 2, "subhead": 3, "frametitle": 3, "framesubtitle": 4,
}  # fmt: skip
"""Below the title, which is of level 1. Where there are chapters, what is below them stands one level deeper."""
NAMED_HEADINGS = {
    "introduction": "Introduction", "conclusions": "Conclusions", "acknowledgments": "Acknowledgments",
    "acknowledgements": "Acknowledgements", "acknowledgement": "Acknowledgement", "acknowledgment": "Acknowledgment",
    "ack": "Acknowledgements", "acks": "Acknowledgments", "codeavailability": "Code availability",
    "dataavailability": "Data availability", "codedataavailability": "Code and data availability",
    "sampleavailability": "Sample availability", "videosupplement": "Video supplement",
    "authorcontribution": "Author contributions", "competinginterests": "Competing interests",
    "disclaimer": "Disclaimer", "financialsupport": "Financial support", "funding": "Funding",
    "authorcontributions": "Author contributions", "conflictsofinterest": "Conflicts of interest",
}  # fmt: skip
"""Commands and environments of journals' classes that write a heading of their own."""
ABSTRACTS = {
    "abstract": "Abstract", "summary": "Summary", "abstract*": "Abstract", "Abstract": "Abstract",
    "zusammenfassung": "Zusammenfassung", "resume": "Résumé", "resumen": "Resumen", "resumo": "Resumo",
    "IEEEabstract": "Abstract", "executivesummary": "Executive summary",
    "plainlanguagesummary": "Plain language summary",
}  # fmt: skip
THEOREMS = {
    "theorem": "Theorem", "thm": "Theorem", "lemma": "Lemma", "lem": "Lemma", "proposition": "Proposition",
    "prop": "Proposition", "corollary": "Corollary", "cor": "Corollary", "definition": "Definition",
    "defn": "Definition", "remark": "Remark", "rem": "Remark", "example": "Example", "conjecture": "Conjecture",
    "claim": "Claim", "exercise": "Exercise", "problem": "Problem", "assumption": "Assumption",
    "hypothesis": "Hypothesis", "axiom": "Axiom", "observation": "Observation", "property": "Property", "fact": "Fact",
    "question": "Question", "note": "Note", "notation": "Notation", "case": "Case",
}  # fmt: skip
"""What classes call theirs, for documents whose class declares them; those a document declares itself go first."""

FORMULAS = {
    "equation": "", "displaymath": "", "math": "", "equation*": "", "dmath": "", "dmath*": "", "empheq": "",
    "align": "aligned", "align*": "aligned", "aligned": "aligned", "alignat": "aligned", "alignat*": "aligned",
    "flalign": "aligned", "flalign*": "aligned", "eqnarray": "aligned", "eqnarray*": "aligned", "xalignat": "aligned",
    "xalignat*": "aligned", "split": "aligned", "IEEEeqnarray": "aligned", "IEEEeqnarray*": "aligned",
    "dgroup": "aligned", "dgroup*": "aligned", "darray": "aligned", "gather": "gathered", "gather*": "gathered",
    "gathered": "gathered", "multline": "gathered", "multline*": "gathered", "multlined": "gathered",
}  # fmt: skip
"""Environments that are formulas of their own, and the one that stands inside ``$$`` for them where they have rows."""
FORMULA_ARGUMENTS = {"alignat": "m", "alignat*": "m", "xalignat": "m", "xalignat*": "m", "empheq": "om",
                     "IEEEeqnarray": "om", "IEEEeqnarray*": "om"}  # fmt: skip
UNNUMBERED = ("displaymath", "math", "aligned", "gathered", "split", "multlined")
TEXT_ENVIRONMENTS = (FIGURES | TABLES | ALGORITHMS | frozenset(ABSTRACTS) | frozenset(NAMED_HEADINGS)) | {
    "document", "itemize", "enumerate", "description", "thebibliography", "proof", "quote", "quotation",
}  # fmt: skip
"""Environments that keep their meaning whatever a document says, and that cannot stand in a formula."""

WORDS = {
    "LaTeX": "LaTeX", "LaTeXe": "LaTeX2e", "TeX": "TeX", "BibTeX": "BibTeX", "XeLaTeX": "XeLaTeX", "AmS": "AMS",
    "pdfLaTeX": "pdfLaTeX", "KOMAScript": "KOMA-Script", "copyright": "©", "pounds": "£", "S": "§", "P": "¶",
    "dag": "†", "ddag": "‡", "degree": "°", "degreeCelsius": "°C", "celsius": "°C", "euro": "€", "EUR": "€",
    "micro": "µ", "permil": "‰", "perthousand": "‰", "textperthousand": "‰", "textless": "<", "textgreater": ">",
    "textbar": "|", "textunderscore": "_", "textasciitilde": "~", "textasciicircum": "^", "textquotesingle": "'",
    "lq": "‘", "rq": "’", "og": "« ", "fg": " »", "ldots": "…", "dots": "…", "textellipsis": "…", "colon": ":",
    "slash": "/", "checkmark": "✓", "cmark": "✓", "xmark": "✗", "quad": " ", "qquad": " ", "enspace": " ",
    "enskip": " ", "thinspace": " ", "space": " ", "nobreakspace": " ", "thickspace": " ", "medspace": " ",
    "negthinspace": "", "textnumero": "№", "textmu": "µ", "textonehalf": "½", "textbackslash": "\\", "today": "",
    "eg": "e.g.", "ie": "i.e.", "etc": "etc.", "etal": "et al.", "phi": "φ", "epsilon": "ε", "textdegree": "°",
    "textregistered": "®", "texttrademark": "™", "newline": "\x07", "tabularnewline": "\x07", "cr": "\x07",
    "linebreakhere": "\x07", "glqq": "„", "grqq": "“", "glq": "‚", "grq": "‘", "flqq": "«", "frqq": "»", "flq": "‹",
    "frq": "›", "quotedblbase": "„", "quotesinglbase": "‚", "guillemotleft": "«", "guillemotright": "»",
}  # fmt: skip
"""Text that a command stands for, where pylatexenc's table has none or another."""
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331", "t": "\u0361", "textcommabelow": "\u0326", "G": "\u030f",
}  # fmt: skip
SYMBOLS = {
    "%": "%", "$": "$", "&": "&", "#": "#", "_": "_", "{": "{", "}": "}", " ": " ", ",": " ", ";": " ", ":": " ",
    ">": " ", "!": "", "/": "", "-": "", "@": "", "\n": " ", "\t": " ", "+": "", "<": "", "|": "‖", "*": "",
}  # fmt: skip
LANGUAGES = {
    "english": "en", "american": "en-US", "usenglish": "en-US", "british": "en-GB", "ukenglish": "en-GB",
    "canadian": "en-CA", "australian": "en-AU", "german": "de", "ngerman": "de", "austrian": "de-AT",
    "naustrian": "de-AT", "french": "fr", "francais": "fr", "frenchb": "fr", "spanish": "es", "portuguese": "pt",
    "brazil": "pt-BR", "brazilian": "pt-BR", "portuges": "pt", "italian": "it", "dutch": "nl", "swedish": "sv",
    "danish": "da", "norsk": "no", "nynorsk": "nn", "finnish": "fi", "polish": "pl", "czech": "cs", "slovak": "sk",
    "hungarian": "hu", "magyar": "hu", "russian": "ru", "ukrainian": "uk", "greek": "el", "turkish": "tr",
    "catalan": "ca", "romanian": "ro", "croatian": "hr", "slovene": "sl", "bulgarian": "bg", "icelandic": "is",
    "estonian": "et", "latvian": "lv", "lithuanian": "lt", "indonesian": "id", "vietnamese": "vi",
}  # fmt: skip
"""What the packages babel and polyglossia call them, and ISO 639-1."""
