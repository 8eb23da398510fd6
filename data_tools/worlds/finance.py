"""The finance world: money, ratios, instruments, accounts and terms, and company reports whose numbers add up."""

from __future__ import annotations

import random
from dataclasses import dataclass

from data_tools.worlds import finance_facts as tables
from data_tools.worlds.composing import TableWorld, Writer
from data_tools.worlds.engine import capital
from data_tools.worlds.finance_texts import VOICE, WORDINGS
from data_tools.worlds.formats import FORMATS
from data_tools.worlds.names import place, words

_TRADES = words(
    "Foods Steel Paper Bricks Tools Shoes Energy Shipping Dairy Glass Textiles Motors Seeds Furniture Books"
)
UNIT = "million"


@dataclass(frozen=True)
class Books:
    """One year of a fictitious company, in millions; every sum holds."""

    company: str
    cash: int
    receivables: int
    inventory: int
    fixed_assets: int
    payables: int
    loans: int
    revenue: int
    cost: int
    overheads: int
    interest: int
    tax: int

    @property
    def current_assets(self) -> int:
        """Cash, receivables and inventory."""
        return self.cash + self.receivables + self.inventory

    @property
    def assets(self) -> int:
        """Current and fixed assets."""
        return self.current_assets + self.fixed_assets

    @property
    def equity(self) -> int:
        """Assets less debts: what makes the balance sheet balance."""
        return self.assets - self.payables - self.loans

    @property
    def gross_profit(self) -> int:
        """Revenue less cost of goods sold."""
        return self.revenue - self.cost

    @property
    def operating_profit(self) -> int:
        """Gross profit less overheads."""
        return self.gross_profit - self.overheads

    @property
    def net_profit(self) -> int:
        """Operating profit less interest and tax."""
        return self.operating_profit - self.interest - self.tax


def draw_books(rng: random.Random) -> Books:
    """Draw a company whose equity and profits are positive."""
    cash, receivables, inventory = rng.randint(10, 60), rng.randint(10, 60), rng.randint(10, 60)
    fixed = rng.randint(80, 400)
    payables = rng.choice((10, 20, 25, 40, 50))
    loans = rng.randint(20, (cash + receivables + inventory + fixed - payables) // 2)
    revenue = 10 * rng.randint(20, 90)
    cost = revenue * rng.randint(40, 65) // 100
    overheads = (revenue - cost) * rng.randint(30, 60) // 100
    interest = max(1, loans // 20)
    tax = (revenue - cost - overheads - interest) // 4
    company = f"{place(rng)} {rng.choice(_TRADES)}"
    return Books(company, cash, receivables, inventory, fixed, payables, loans, revenue, cost, overheads, interest, tax)


def balance_sheet(writer: Writer, books: Books) -> list[str]:
    """Return sentences of a balance sheet that add up."""
    debts = books.payables + books.loans
    return [
        f"{books.company} holds cash of {books.cash} {UNIT}, trade receivables of {books.receivables} {UNIT} and "
        f"inventory of {books.inventory} {UNIT}.",
        f"Together the current assets are {books.cash} plus {books.receivables} plus {books.inventory}, "
        f"which makes {books.current_assets} {UNIT}.",
        f"With fixed assets of {books.fixed_assets} {UNIT} the total assets come to {books.assets} {UNIT}.",
        f"On the other side stand trade payables of {books.payables} {UNIT} and long term loans of {books.loans} "
        f"{UNIT}, in all {debts} {UNIT}.",
        f"What is left for the owners is {books.assets} less {debts}, so equity is {books.equity} {UNIT}.",
    ]


def income_statement(writer: Writer, books: Books) -> list[str]:
    """Return sentences of an income statement that add up."""
    rng = writer.rng
    first = rng.choice(
        (
            f"In the year {books.company} had revenue of {books.revenue} {UNIT} and cost of goods sold of {books.cost}",
            f"{books.company} sold goods for {books.revenue} {UNIT} that had cost {books.cost}",
        )
    )
    return [
        f"{first} {UNIT}.",
        f"Gross profit was {books.revenue} less {books.cost}, or {books.gross_profit} {UNIT}.",
        f"After overheads of {books.overheads} {UNIT} the operating profit was {books.operating_profit} {UNIT}.",
        f"Interest took {books.interest} {UNIT} and tax took {books.tax} {UNIT}, "
        f"which left a net profit of {books.net_profit} {UNIT}.",
    ]


def cash_flow(writer: Writer, books: Books) -> list[str]:
    """Return sentences of a cash flow statement that add up."""
    rng = writer.rng
    start, operating = rng.randint(20, 60), books.net_profit + rng.randint(5, 30)
    investing, financing = rng.randint(5, 40), rng.randint(1, 15)
    end = start + operating - investing - financing
    return [
        f"{books.company} began the year with {start} {UNIT} in cash.",
        f"Operating activities brought in {operating} {UNIT}.",
        f"Investing activities used {investing} {UNIT}, and financing activities used {financing} {UNIT}.",
        f"So cash at the end was {start} plus {operating} less {investing} less {financing}, which is {end} {UNIT}.",
    ]


def worked_ratio(writer: Writer, books: Books) -> str:
    """Return a worked example of one ratio with the company's numbers."""
    parts = {
        "current assets": books.current_assets,
        "current liabilities": books.payables,
        "cash": books.cash,
        "total debt": books.payables + books.loans,
        "total assets": books.assets,
        "equity": books.equity,
        "operating profit": books.operating_profit,
        "interest expense": books.interest,
        "gross profit": books.gross_profit,
        "revenue": books.revenue,
        "net profit": books.net_profit,
        "cost of goods sold": books.cost,
        "average inventory": books.inventory,
        "trade receivables": books.receivables,
        "trade payables": books.payables,
        "fixed assets": books.fixed_assets,
    }
    known = [e for e in writer.kinds["ratio"].entities if {e.facts["top"].value, e.facts["bottom"].value} <= set(parts)]
    ratio = writer.page.pick("worked ratio", known)
    top, bottom, form = (ratio.facts[column].value for column in ("top", "bottom", "form"))
    writer.page.note(*(ratio.facts[column] for column in ("top", "bottom", "form")))
    value = parts[top] / parts[bottom]
    result = f"{100 * value:.0f} percent" if form == "percent" else f"{value:.1f} times"
    return writer.rng.choice(
        (
            f"For {books.company}, {ratio.name} is {top} of {parts[top]} divided by {bottom} of {parts[bottom]}, "
            f"which gives about {result}.",
            f"{capital(ratio.name)} of {books.company} divides {parts[top]} by {parts[bottom]}, {top} by {bottom}, "
            f"and comes to about {result}.",
            f"Take {top} of {parts[top]}, divide it by {bottom} of {parts[bottom]}, and {ratio.name} of "
            f"{books.company} is about {result}.",
        )
    )


def company_report(writer: Writer) -> str:
    """A fictitious company's year: statements that add up, ratios worked out, and facts beside them."""
    rng = writer.rng
    books = draw_books(rng)
    opening = writer.scene("{P} of {place} wrote this report on ") + f"{books.company} for the owners."
    blocks = [f"{opening} {writer.sentence(writer.entity('account'))}"]
    for statement in rng.sample((balance_sheet, income_statement, cash_flow), rng.randint(1, 2)):
        blocks.append(" ".join([*statement(writer, books), writer.sentence(writer.entity("account"))]))
    examples = []
    for _ in range(rng.randint(1, 3)):
        examples += [worked_ratio(writer, books), writer.sentence(writer.entity("ratio"))]
    blocks.append(" ".join(examples))
    if rng.random() < 0.6:
        blocks.append(f"{writer.aside()} {writer.sentence(writer.entity())} {writer.sentence(writer.entity())}")
    return "\n\n".join(blocks)


def exercise(writer: Writer) -> str:
    """Short exercises with worked solutions: interest, exchange, ratios."""
    rng = writer.rng
    lines = [writer.scene("{P} set these exercises for the trainees in {place} on {day}, with solutions.")]
    for _ in range(rng.randint(3, 5)):
        lines.append(f"{rng.choice(_EXERCISES)(writer)} {writer.sentence(writer.entity())}")
    lines.append(f"{worked_ratio(writer, draw_books(rng))} {writer.sentence(writer.entity('ratio'))}")
    return "\n".join(lines)


def _interest(writer: Writer) -> str:
    rng = writer.rng
    amount, rate, years = 100 * rng.randint(1, 40), rng.randint(2, 9), rng.randint(2, 9)
    interest = amount * rate * years // 100
    return (
        f"A loan of {amount} at {rate} percent simple interest runs for {years} years. "
        f"Each year costs {amount * rate // 100}, so {years} years cost {interest}, and {amount + interest} is due."
    )


def _exchange(writer: Writer) -> str:
    rng = writer.rng
    first, second = rng.sample(writer.kinds["country"].entities, 2)
    rate, amount = rng.randint(2, 30), rng.randint(3, 60)
    mine, theirs = first.facts["currency"], second.facts["currency"]
    if mine.value == theirs.value:
        return _interest(writer)
    writer.page.note(mine, theirs)
    return (
        f"A traveller from {first.name}, where one pays with the {mine.value}, goes to {second.name}, where one pays "
        f"with the {theirs.value}. If one {mine.value} buys {rate} of the other, then {amount} buy {rate * amount}."
    )


def _dividend(writer: Writer) -> str:
    rng = writer.rng
    shares, each = 10 * rng.randint(2, 60), rng.randint(2, 12)
    return (
        f"{writer.scene('{P}')} owns {shares} shares, and each pays a dividend of {each}. "
        f"The dividends come to {shares} times {each}, which is {shares * each}."
    )


_EXERCISES = (_interest, _exchange, _exchange, _dividend)


WORLD = TableWorld(
    name="finance",
    domain="finance",
    tables={
        "country": tables.COUNTRIES,
        "ratio": tables.RATIOS,
        "instrument": tables.INSTRUMENTS,
        "account": tables.ACCOUNTS,
        "term": tables.TERMS,
    },
    wordings=WORDINGS,
    voice=VOICE,
    formats=(*FORMATS, (company_report, 4), (exercise, 2)),
)
