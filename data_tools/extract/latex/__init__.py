"""LaTeX: macros, inputs and bibliography resolved, text and formulas kept."""
