"""The medical world: drugs, organs, laboratory tests, vitamins and germs, in notes, talks and case records."""

from __future__ import annotations

from data_tools.worlds import medical_facts as tables
from data_tools.worlds.composing import TableWorld, Writer
from data_tools.worlds.engine import capital
from data_tools.worlds.formats import FORMATS
from data_tools.worlds.medical_texts import VOICE, WORDINGS


def case_note(writer: Writer) -> str:
    """One patient: a complaint, treatment, laboratory values inside or outside their range, what was learned."""
    rng = writer.rng
    drug, other = writer.entity("drug"), writer.entity("drug")
    lines = [
        writer.scene("{P}, aged {n}, came to the clinic in {place} on {day}.")
        + f" The problem was {drug.facts['indication'].value}. {writer.single(drug)}",
        f"So the doctor chose {drug.name}. {writer.profile(drug)} {writer.reported(drug)}",
    ]
    checked = [laboratory_value(writer) for _ in range(rng.randint(2, 4))]
    lines.append(" ".join(checked))
    lines.append(
        f"The patient had taken {other.name} before. {writer.profile(other)} {writer.contrast(drug)}"
        f" {writer.single(other)}"
    )
    organ, germ = writer.entity("organ"), writer.entity("pathogen")
    lines.append(f"{writer.sentence(organ)} {writer.sentence(germ)} {writer.aside()}")
    if rng.random() < 0.5:
        lines.append(f"{writer.twofold(writer.entity('vitamin'))} {writer.sentence(writer.entity('drug'))}")
    return "\n\n".join(lines)


def laboratory_value(writer: Writer) -> str:
    """Return a sentence with a measured value and what it means against the normal range."""
    rng, lab = writer.rng, writer.entity("lab")
    text, unit = lab.facts["range"].value, lab.facts["unit"].value
    low, high = (float(part) for part in text.split(" to "))
    digits = max(len(part.partition(".")[2]) for part in text.split(" to "))
    value = rng.uniform(max(0.0, low - 0.4 * (high - low)), high + 0.4 * (high - low))
    shown = f"{value:.{digits}f}"
    verdict = "too low" if float(shown) < low else "too high" if float(shown) > high else "normal"
    writer.page.note(lab.facts["range"], lab.facts["unit"])
    name, before = capital(lab.name), rng.choice(("today", "at first", "in the morning", "after a week"))
    return rng.choice(
        (
            f"{name} {before} was {shown} {unit}, which is {verdict}, because the normal range is {text}.",
            f"{name} was {shown} {unit} {before}; normal is {text} {unit}, so this was {verdict}.",
            f"The laboratory found {lab.name} of {shown} {unit} {before}; with a range of {text} that is {verdict}.",
            f"{name}: {shown} {unit} {before}, range {text}, and so {verdict}.",
        )
    )


def laboratory_report(writer: Writer) -> str:
    """A report of several measured values with explanations."""
    rng = writer.rng
    blocks = [writer.scene("Laboratory report for {P} of {place}, taken on {day}, sample {m}.")]
    for _ in range(rng.randint(3, 6)):
        lab = writer.entity("lab")
        blocks.append(f"{laboratory_value(writer)} {writer.sentence(lab)} {laboratory_value(writer)}")
    blocks.append(writer.scene("{p} signed the report and sent it to {place} on {day}."))
    return "\n".join(blocks)


WORLD = TableWorld(
    name="medical",
    domain="medical",
    tables={
        "drug": tables.DRUGS,
        "organ": tables.ORGANS,
        "lab": tables.LABS,
        "vitamin": tables.VITAMINS,
        "pathogen": tables.PATHOGENS,
    },
    wordings=WORDINGS,
    voice=VOICE,
    formats=(*FORMATS, (case_note, 4), (laboratory_report, 1)),
)
