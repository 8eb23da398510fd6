"""Presentation MathML to LaTeX, and LaTeX out of its wrapping."""

from __future__ import annotations

import pytest
from lxml import etree

from data_tools.extract.xml_formats.mathml import latex_of, unwrapped_tex


def latex(inner: str) -> str:
    return latex_of(etree.fromstring(f"<math>{inner}</math>"))


def mi(*names: str) -> str:
    return "".join(f"<mi>{name}</mi>" for name in names)


@pytest.mark.parametrize(
    ("mathml", "tex"),
    [
        (mi("x"), "x"),
        (f"{mi('α')}{mi('x')}<mo>+</mo><mn>1.5</mn>", "\\alpha x+1.5"),
        (f"<mi>a</mi><mo>=</mo>{mi('b')}<mo>≤</mo><mi>c</mi>", "a = b \\leq c"),
        ("<mn>3</mn><mo>×</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>8</mn></mrow></msup>", "3 \\times 10^{-8}"),
        (f"<msub>{mi('x', 'i')}</msub><msubsup>{mi('x', 'i')}<mn>2</mn></msubsup>", "x_{i}x_{i}^{2}"),
        (f"<msup><mrow>{mi('a')}<mo>+</mo>{mi('b')}</mrow><mn>2</mn></msup>", "{a+b}^{2}"),
        ("<msup><mrow><mo>(</mo><mi>a</mi><mo>)</mo></mrow><mn>2</mn></msup>", "(a)^{2}"),
        ("<msup><mi>f</mi><mo>′</mo></msup>", "f'"),
        (f"<mfrac><mrow>{mi('a')}<mo>+</mo>{mi('b')}</mrow><mn>2</mn></mfrac>", "\\frac{a+b}{2}"),
        (f"<mfrac linethickness='0pt'>{mi('n', 'k')}</mfrac>", "\\binom{n}{k}"),
        ("<msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt><mroot><mi>x</mi><mn>3</mn></mroot>", "\\sqrt{x+1}\\sqrt[3]{x}"),
        (
            f"<munderover><mo>∑</mo><mrow>{mi('i')}<mo>=</mo><mn>1</mn></mrow>{mi('n')}</munderover>{mi('i')}",
            "\\sum_{i = 1}^{n}i",
        ),
        ("<munder><mi>lim</mi><mrow><mi>x</mi><mo>→</mo><mn>0</mn></mrow></munder>", "\\lim_{x \\to 0}"),
        (f"<munder>{mi('x', 'y')}</munder><mover>{mi('x', 'y')}</mover>", "\\underset{y}{x}\\overset{y}{x}"),
        ("<mover><mi>x</mi><mo>¯</mo></mover><mover><mi>v</mi><mo>→</mo></mover>", "\\bar{x}\\vec{v}"),
        (f"<mover><mrow>{mi('A', 'B')}</mrow><mo>→</mo></mover>", "\\overrightarrow{AB}"),
        (f"<munder><mrow>{mi('a', 'b')}</mrow><mo>⏟</mo></munder>", "\\underbrace{ab}"),
        (
            "<mmultiscripts><mi>C</mi><mn>2</mn><none/><mprescripts/><mn>6</mn><mn>14</mn></mmultiscripts>",
            "{}_{6}^{14}C_{2}",
        ),
        (mi("sin", "θ", "kg", "exp"), "\\sin\\theta\\mathrm{kg}\\exp"),
        (
            "<mi mathvariant='bold'>v</mi><mi mathvariant='bold'>μ</mi><mi mathvariant='normal'>d</mi>"
            "<mi mathvariant='italic'>ab</mi><mi>𝐱</mi><mi>ℝ</mi><mi>𝒩</mi><mi mathvariant='script'>L</mi>",
            "\\mathbf{v}\\boldsymbol{\\mu}\\mathrm{d}\\mathit{ab}\\mathbf{x}\\mathbb{R}\\mathcal{N}\\mathcal{L}",
        ),
        (
            "<mtext>if 5% of x_1 &amp; y</mtext><mspace width='2em'/><mi>z</mi>",
            "\\text{if 5\\% of x\\_1 \\& y} \\quad z",
        ),
        (f"<mfenced>{mi('a', 'b', 'c')}</mfenced>", "(a,b,c)"),
        (f"<mfenced open='[' close='}}' separators=';,'>{mi('a', 'b', 'c')}</mfenced>", "[a;b,c\\}"),
        (f"<mfenced open='|' close='|' separators=''>{mi('a', 'b')}</mfenced>", "|ab|"),
        (
            "<mi>f</mi><mo>=</mo><mrow><mo>{</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mi>a</mi></mtd></mtr><mtr><mtd>"
            "<mn>0</mn></mtd><mtd><mi>b</mi></mtd></mtr></mtable></mrow>",
            "f = \\begin{cases} 1 & a \\\\ 0 & b \\end{cases}",
        ),
        (
            "<mo>(</mo><mtable><mtr><mtd><mi>a</mi></mtd><mtd><mi>b</mi></mtd></mtr></mtable><mo>)</mo>",
            "(\\begin{matrix} a & b \\end{matrix})",
        ),
        (
            "<mtable><mlabeledtr><mtd>(1)</mtd><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd></mlabeledtr></mtable>",
            "\\begin{aligned} a & = b \\end{aligned}",
        ),
        ("<menclose notation='box'><mi>x</mi></menclose><mphantom><mi>y</mi></mphantom>", "\\boxed{x}"),
        (f"<mstyle><mpadded>{mi('x')}</mpadded></mstyle><maction>{mi('a', 'b')}</maction>", "xa"),
        ("<mi>x</mi><mo>\u2062</mo><mi>y</mi><mo>∘</mo><mo>⊛</mo>", "xy\\circ⊛"),
        (
            "<semantics><mi>x</mi><annotation-xml><ci>y</ci></annotation-xml><annotation encoding='StarMath'>z"
            "</annotation></semantics>",
            "x",
        ),
        (
            "<semantics><mi>x</mi><annotation encoding='application/x-tex'> \\frac{1}{2} </annotation></semantics>",
            "\\frac{1}{2}",
        ),
        ("<apply><plus/><ci>x</ci><cn>1</cn></apply>", "x1"),
        ("<mfrac/><msub><mi>x</mi></msub><mover/><mmultiscripts/><mroot/>", "\\frac{}{}x{}\\sqrt[]{}"),
        ("", ""),
    ],
)
def test_mathml_becomes_latex(mathml: str, tex: str) -> None:
    assert latex(mathml) == tex


@pytest.mark.parametrize(
    ("source", "tex"),
    [
        (
            "\\documentclass[12pt]{minimal} \\usepackage{amsmath} \\setlength{\\oddsidemargin}{-69pt}\n"
            "\\begin{document}$$ E = mc^2 \\label{eq} $$\\end{document}",
            "E = mc^2",
        ),
        ("$x_1$", "x_1"),
        ("\\[ x \\]", "x"),
        ("\\( x \\)", "x"),
        ("\\begin{equation*} a \\end{equation*}", "a"),
        ("$$\\begin{align*}a&=b\\\\c&=d\\nonumber\\end{align*}$$", "\\begin{aligned}a&=b\\\\c&=d\\end{aligned}"),
        ("a % a comment\n + 50\\%", "a + 50\\%"),
        ("$a$ and $b$", "$a$ and $b$"),
        ("  ", ""),
    ],
)
def test_latex_is_taken_out_of_its_wrapping(source: str, tex: str) -> None:
    assert unwrapped_tex(source) == tex


def test_deep_scripts_cost_no_more_than_their_length() -> None:
    assert latex("<msup><mi>x</mi>" * 60 + "<mn>2</mn>" + "</msup>" * 60).count("^{") == 60


def test_hostile_latex_costs_no_more_than_its_length() -> None:
    for piece in ("$$", "\\setlength{", "\\usepackage[", "\\label{", "\\begin{equation}", "%"):
        assert isinstance(unwrapped_tex(piece * 50_000), str)
