"""Characters of mathematics and the LaTeX commands that write them: Greek, operators, relations, arrows, accents."""

from __future__ import annotations

import unicodedata

_COMMANDS = """
α alpha β beta γ gamma δ delta ε varepsilon ϵ epsilon ζ zeta η eta θ theta ϑ vartheta ι iota κ kappa λ lambda μ mu
µ mu ν nu ξ xi π pi ϖ varpi ρ rho ϱ varrho σ sigma ς varsigma τ tau υ upsilon φ varphi ϕ phi χ chi ψ psi ω omega
Γ Gamma Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega ∆ Delta Ω Omega
∂ partial ∇ nabla ∞ infty ∅ emptyset ℓ ell ℏ hbar ħ hbar ℜ Re ℑ Im ℵ aleph ℘ wp ∀ forall ∃ exists ∄ nexists ¬ neg
± pm ∓ mp × times ⨯ times ÷ div · cdot ⋅ cdot ∙ cdot • bullet ∘ circ ° circ ∗ ast ⋆ star ⊕ oplus ⊖ ominus ⊗ otimes
⊙ odot † dagger ‡ ddagger ∧ wedge ∨ vee ∩ cap ∪ cup ⊎ uplus ⊓ sqcap ⊔ sqcup ∖ setminus ≀ wr ⨂ bigotimes ⨁ bigoplus
∑ sum ∏ prod ∐ coprod ∫ int ∬ iint ∭ iiint ∮ oint ⋂ bigcap ⋃ bigcup ⋀ bigwedge ⋁ bigvee √ surd
≤ leq ≥ geq ≦ leqq ≧ geqq ⩽ leqslant ⩾ geqslant ≪ ll ≫ gg ≠ neq ≡ equiv ≈ approx ≅ cong ≃ simeq ∼ sim ≲ lesssim
≳ gtrsim ∝ propto ≐ doteq ≜ triangleq ≺ prec ≻ succ ≼ preceq ≽ succeq ∈ in ∉ notin ∋ ni ⊂ subset ⊃ supset
⊆ subseteq ⊇ supseteq ⊊ subsetneq ⊄ nsubseteq ⊥ perp ∥ parallel ‖ | ∣ mid ∤ nmid ⊢ vdash ⊨ models ∴ therefore
∵ because ∠ angle △ triangle □ square ⊤ top ≮ nless ≯ ngtr
→ to ⟶ longrightarrow ← leftarrow ⟵ longleftarrow ↔ leftrightarrow ⟷ longleftrightarrow ⇒ Rightarrow ⟹ implies
⇐ Leftarrow ⇔ Leftrightarrow ⟺ iff ↦ mapsto ↑ uparrow ↓ downarrow ↕ updownarrow ↗ nearrow ↘ searrow
⇌ rightleftharpoons ⇄ rightleftarrows ⇀ rightharpoonup ↪ hookrightarrow
… ldots ⋯ cdots ⋮ vdots ⋱ ddots ⟨ langle ⟩ rangle 〈 langle 〉 rangle ⌈ lceil ⌉ rceil ⌊ lfloor ⌋ rfloor
{ { } } % % # # & & $ $ _ _
"""
_words = _COMMANDS.split()
COMMANDS = {sign: f"\\{name}" for sign, name in zip(_words[::2], _words[1::2], strict=True)}
"""By character: the command that writes it in a formula."""
COMMANDS |= {
    "\\": "\\backslash",
    "−": "-",
    "–": "-",
    "′": "'",
    "″": "''",
    "‴": "'''",
    "~": "\\sim",
    "∶": ":",
    "≔": ":=",
}
COMMANDS |= dict.fromkeys("\u2061\u2062\u2063\u2064\u200b\u2060", "")  # invisible operators
COMMANDS |= dict.fromkeys("\u00a0\u2002\u2003\u2004\u2005\u2009\u200a\u202f", " ")

ACCENTS = {
    "¯": "bar", "‾": "overline", "―": "overline", "─": "overline", "̄": "bar", "^": "hat", "ˆ": "hat", "̂": "hat",
    "~": "tilde", "˜": "tilde", "∼": "tilde", "̃": "tilde", "→": "vec", "⃗": "vec", "⇀": "vec", "˙": "dot", ".": "dot",
    "̇": "dot", "¨": "ddot", "..": "ddot", "ˇ": "check", "˘": "breve", "´": "acute", "`": "grave", "⏞": "overbrace",
    "︷": "overbrace", "_": "overline", "-": "bar", "−": "bar", "–": "bar", "°": "mathring", "˚": "mathring",
}  # fmt: skip
"""By the sign set over something: the command that sets it there."""
WIDE_ACCENTS = {"bar": "overline", "vec": "overrightarrow", "hat": "widehat", "tilde": "widetilde"}
"""By accent: its form over more than one letter."""
UNDERS = {"_": "underline", "̲": "underline", "¯": "underline", "‾": "underline", "⏟": "underbrace", "︸": "underbrace"}
UNDERS |= dict.fromkeys("-−–―", "underline")
FUNCTIONS = frozenset(
    ("arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "hom",
     "inf", "ker", "lg", "lim", "liminf", "limsup", "ln", "log", "max", "min", "Pr", "sec", "sin", "sinh", "sup", "tan",
     "tanh")
)  # fmt: skip
"""Names that LaTeX sets upright by a command of its own."""
ALPHABETS = {
    "bold": "mathbf", "bold-italic": "boldsymbol", "italic": "mathit", "double-struck": "mathbb", "script": "mathcal",
    "bold-script": "mathcal", "fraktur": "mathfrak", "bold-fraktur": "mathfrak", "sans-serif": "mathsf",
    "bold-sans-serif": "mathsf", "monospace": "mathtt", "normal": "mathrm",
}  # fmt: skip
"""By MathML's ``mathvariant``: the command of the alphabet."""
_STYLES = (
    ("DOUBLE-STRUCK", "mathbb"), ("BOLD ITALIC", "boldsymbol"), ("BOLD", "mathbf"), ("SCRIPT", "mathcal"),
    ("FRAKTUR", "mathfrak"), ("BLACK-LETTER", "mathfrak"), ("SANS-SERIF", "mathsf"), ("MONOSPACE", "mathtt"),
)  # fmt: skip


def command_of(character: str) -> str:
    """Return what writes one character in a formula; itself where LaTeX has no command for it."""
    if character.isascii() and character.isalnum():
        return character
    known = COMMANDS.get(character)
    if known is not None:
        return known
    name = unicodedata.name(character, "")
    plain = unicodedata.normalize("NFKC", character)
    if (
        len(plain) == 1
        and plain != character
        and (name.startswith("MATHEMATICAL ") or 0x2100 <= ord(character) < 0x2150)
    ):
        style = next((command for words, command in _STYLES if words in name), "")
        inner = COMMANDS.get(plain, plain)
        return f"\\{style}{{{inner}}}" if style else inner
    return character
