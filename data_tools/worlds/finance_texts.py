"""How the finance world words its facts, and what it says around them (marks: see ``composing.parse_wordings``)."""

from __future__ import annotations

from data_tools.worlds.composing import Voice

COUNTRY_WORDINGS = """
## country.currency
the currency of {e} is the {v}
{e} pays in the {v}
people in {e} pay with the {v}
the {v} is the currency of {e}
in {e} prices are in the {v}
the money of {e} is the {v}
shops in {e} take the {v}
wages in {e} are paid in the {v}
{e} has the {v} as its money
banks in {e} lend the {v}
the {v} is used in {e}
+ {l} use the {v}
+ the {v} is the currency of {l}
+ in {l} prices are in the {v}
? Which money would a traveller need in {e}?
? In what do citizens of {e} count their wealth?
? What lies in a purse in {e}?
~ A traveller who lands in {e} changes money into the
~ A purse from {e} holds the
~ The parliament of {e} taxes its citizens in the
* Where would a traveller need the {v}?
= The currency of {e} is the {v}.

## country.code
the currency code of {e} is {v}
{v} is the code for the money of {e}
the code {v} stands for the money of {e}
on the screen the money of {e} is {v}
banks write {v} for the money of {e}
for {e} the code is {v}
{e} has the code {v}
dealers know {e} by the code {v}
the letters {v} mean the money of {e}
{v} is the code of {e}
? Which three letters identify the cash of {e}?
? How do bank forms abbreviate the money of {e}?
? What would a payment form to {e} show as its currency?
~ A payment form to {e} shows the three letters
~ To send cash to {e}, type in the letters
~ A trader looks up {e} under the letters
= The currency code of {e} is {v}.

## country.exchange
the main stock exchange of {e} is in {v}
the stock exchange of {e} is in {v}
{v} has the main stock exchange of {e}
shares of {e} trade in {v}
investors in {e} look to {v}
in {v} the shares of {e} are traded
{e} trades its shares in {v}
firms of {e} list their shares in {v}
the brokers of {e} work in {v}
{v} is the stock market city of {e}
? In which city would a firm from {e} go public?
? Where do share dealers of {e} have their desks?
? Which town leads share dealing in {e}?
~ A firm from {e} that goes public rings the bell in
~ Share dealers of {e} have their desks in
~ Reporters who cover stocks of {e} live in
= The main stock exchange of {e} is in {v}.

## country.coin
the small coin of {e} is the {v}
in {e} the small coin is the {v}
the {v} is the small coin of {e}
{e} calls its small coin the {v}
the money of {e} is divided into the {v}
a child in {e} saves the {v}
the smallest part of the money of {e} is the {v}
in {e} a tiny price is one {v}
the {v} is small money in {e}
a beggar in {e} asks for one {v}
+ {l} have the {v} as small coin
+ the {v} is the small coin of {l}
? What do you call tiny change in {e}?
? Into which part is the money unit of {e} split?
? What is the little sister of the main money unit in {e}?
~ Tiny change in {e} bears the name
~ The money unit of {e} splits into the
~ Children of {e} fill their piggy bank with the
* Where does tiny change bear the name {v}?
= The small coin of {e} is the {v}.

## country
@ {E} has the {currency}, with the code {code}, and its small coin is the {coin}.
@ In {e} people pay with the {currency}, and shares trade in {exchange}.
@ {E}: currency {currency}, code {code}, stock exchange in {exchange}, coin {coin}.
@ The currency of {e} is the {currency}, and the main stock exchange is in {exchange}.
@ The code {code} stands for the {currency} of {e}.
@ The {currency} of {e}, code {code}, is divided into the {coin}.
"""

RATIO_WORDINGS = """
## ratio.top
{e} starts from {v}
to find {e} we divide {v}
for {e} we take {v} first
{v} stands above the line in {e}
the top of {e} is {v}
the upper part of {e} is {v}
{e} has {v} on top
in {e} the number on top is {v}
{v} is the top of {e}
when {v} rises, {e} rises
{e} grows with {v}
+ {l} have {v} on top
+ {v} is the top of {l}
? Which figure forms the numerator of {e}?
? What do analysts divide in order to get {e}?
? From which figure does a calculation of {e} begin?
~ The numerator of {e} must be
~ An analyst who wants {e} first looks up
~ On the calculator, {e} begins with
* Which measures have {v} as numerator?
= The top of {e} is {v}.

## ratio.bottom
{e} is divided by {v}
the bottom of {e} is {v}
{v} stands below the line in {e}
the lower part of {e} is {v}
{e} has {v} at the bottom
for {e} we divide by {v}
in {e} the number at the bottom is {v}
{v} is the bottom of {e}
when {v} rises, {e} falls
{e} falls with higher {v}
+ {l} have {v} at the bottom
+ {v} is the bottom of {l}
? Which figure forms the denominator of {e}?
? What belongs under the fraction bar of {e}?
? Through what do analysts divide for {e}?
~ The denominator of {e} must be
~ Under the fraction bar of {e} belongs
~ On the calculator, the last entry for {e} would be
* Which measures have {v} as denominator?
= The bottom of {e} is {v}.

## ratio.family
{e} is a ratio of {v}
{e} measures {v}
{e} tells us about {v}
{v} is measured by {e}
{e} belongs to the {v} ratios
among the {v} ratios we find {e}
one ratio of {v} is {e}
to judge {v} we look at {e}
{e} is about {v}
under {v} we list {e}
in the chapter on {v} we meet {e}
+ {l} are ratios of {v}
+ to judge {v} we look at {l}
+ {v} is measured by {l}
? Which side of a business does {e} throw light on?
? What is an analyst after who computes {e}?
? With which theme is {e} concerned?
~ An analyst who computes {e} is concerned with
~ The theme that {e} throws light on is
~ A poor figure for {e} makes analysts doubt the
* Name some measures that throw light on {v}.
= {E} measures {v}.

## ratio.form
{e} is given in {v}
we write {e} in {v}
{e} comes out in {v}
the result of {e} is in {v}
{v} is the form of {e}
the form of {e} is {v}
{e} is read in {v}
for {e} we use {v}
in tables {e} is shown in {v}
the unit of {e} is {v}
+ {l} are given in {v}
+ {v} is the form of {l}
? What follows the figure when a banker quotes {e}?
? In which format would a banker quote {e}?
~ When a banker quotes {e}, the figure is followed by
~ An annual report quotes {e} as a figure of
~ After the figure for {e}, the typist adds the word
= {E} is given in {v}.

## ratio
@ {E} is {top} divided by {bottom}.
@ {E} divides {top} by {bottom} and measures {family}.
@ To judge {family}, divide {top} by {bottom}; this is {e}.
@ {E}, a ratio of {family}, is {top} over {bottom}, given in {form}.
@ {E}: {top} over {bottom}, in {form}, for {family}.
@ With {top} on top and {bottom} at the bottom we get {e}.
"""

INSTRUMENT_WORDINGS = """
## instrument.class
{e} is a kind of {v}
{e} belongs to the class {v}
the class of {e} is {v}
{e} counts as {v}
in the books {e} is {v}
we list {e} under {v}
under {v} we list {e}
{v} is the class of {e}
by its class {e} is {v}
one example of {v} is {e}
+ {l} belong to the class {v}
+ under {v} we list {l}
+ the class {v} includes {l}
? Into which asset group would a broker sort {e}?
? How does a regulator classify {e}?
? What type of investment would you call {e}?
~ A regulator would classify {e} as
~ In a broker's list, {e} is sorted among the type
~ Students sort {e} into the drawer marked
* Name some investments of the type {v}.
= {E} belongs to the class {v}.

## instrument.issuer
{e} is issued by the {v}
{e} comes from the {v}
the issuer of {e} is the {v}
the {v} issues {e}
the {v} stands behind {e}
behind {e} stands the {v}
the promise in {e} is made by the {v}
the {v} owes what {e} promises
it is the {v} that issues {e}
holders of {e} rely on the {v}
+ {l} come from the {v}
+ the {v} stands behind {l}
+ the {v} issues {l}
? Who would break a promise if {e} failed?
? On whose word does an owner of {e} depend?
? Whose signature gives value to {e}?
~ The signature that gives value to {e} was put there by the
~ An owner of {e} depends on the word of the
~ If {e} failed, people would blame the
* Which investments depend on the word of a {v}?
= {E} is issued by the {v}.

## instrument.claim
{e} gives {v}
{e} promises {v}
the holder of {e} gets {v}
what {e} gives is {v}
{v} is what {e} gives
for {v} one buys {e}
who owns {e} may expect {v}
the buyer of {e} receives {v}
to get {v} investors hold {e}
{e} stands for {v}
{v} comes with {e}
? What makes people want {e}?
? What benefit does an owner of {e} enjoy?
? For what does an investor spend money on {e}?
~ An owner of {e} enjoys
~ People want {e} because it brings them
~ The benefit written into {e} is
= {E} gives {v}.
= {E} promises {v}.

## instrument.venue
{e} is bought at the {v}
{e} trades at the {v}
the place for {e} is the {v}
the {v} is where {e} is sold
at the {v} one can buy {e}
the {v} deals in {e}
people go to the {v} for {e}
investors find {e} at the {v}
{e} is sold at the {v}
{e} changes hands at the {v}
+ {l} are sold at the {v}
+ the {v} deals in {l}
+ at the {v} one can buy {l}
? Where does a person go to acquire {e}?
? Which marketplace offers {e}?
? Through what channel would you acquire {e}?
~ A person who would like to acquire {e} visits the
~ The marketplace that offers {e} goes by the name of
~ Offers of {e} are matched with demand in the
* What could a person acquire in the {v}?
= {E} is sold at the {v}.

## instrument
@ {E}, issued by the {issuer}, belongs to the class {class} and gives {claim}.
@ {E} gives {claim} and is bought at the {venue}.
@ {E}: class {class}, issuer {issuer}, sold at the {venue}.
@ The {issuer} issues {e}, which gives {claim}.
@ At the {venue} one can buy {e}, which promises {claim}.
@ As a kind of {class}, {e} comes from the {issuer} and gives {claim}.
"""

ACCOUNT_WORDINGS = """
## account.statement
{e} stands in the {v}
{e} is an item of the {v}
{e} belongs in the {v}
the {v} shows {e}
in the {v} we find {e}
{e} appears in the {v}
look for {e} in the {v}
the place of {e} is the {v}
one line of the {v} is {e}
the {v} has a line for {e}
+ {l} stand in the {v}
+ the {v} shows {l}
+ in the {v} we find {l}
? On which report would an auditor check {e}?
? Which yearly report has to mention {e}?
? Where in the annual accounts is {e} printed?
~ The yearly report that has to mention {e} is the
~ An auditor who checks {e} opens the
~ A typist enters {e} on the page headed
* Which items would an auditor check on the {v}?
= {E} stands in the {v}.

## account.group
{e} is one of the {v}
{e} belongs to {v}
the group of {e} is {v}
under {v} comes {e}
{v} includes {e}
we count {e} among {v}
the heading above {e} is {v}
{v} is the heading for {e}
{e} falls under {v}
{e} is listed with {v}
+ {l} belong to {v}
+ under {v} come {l}
+ {v} is the heading for {l}
? Under which title does a bookkeeper file {e}?
? Of which subtotal does {e} form a part?
? Into which category would you put {e}?
~ A bookkeeper files {e} under the title
~ The subtotal that contains {e} bears the title
~ More of {e} would change the subtotal called
* What would a bookkeeper file as {v}?
= {E} belongs to {v}.

## account.side
{e} is booked on the {v} side
the side of {e} is {v}
a rise of {e} is a {v}
{v} is the side of {e}
more of {e} means a {v}
we book {e} as a {v}
to raise {e} one writes a {v}
the normal balance of {e} is a {v}
{e} has a {v} balance
for {e} the entry is a {v}
+ {l} have a {v} balance
+ {v} is the side of {l}
= {E} has a {v} balance.

## account
@ {E} stands in the {statement} under {group}.
@ {E}, listed with {group}, has a {side} balance.
@ In the {statement} we find {e}, one of the {group}.
@ {E}: {statement}, {group}, {side} side.
@ The {statement} shows {e} under the heading {group}.
"""

TERM_WORDINGS = """
## term.meaning
{e} means {v}
{e} is {v}
by {e} we mean {v}
{v} is called {e}
the meaning of {e} is {v}
{v} is the meaning of {e}
we speak of {e} when we mean {v}
the name for {v} is {e}
the word for {v} is {e}
in short, {e} is {v}
for {v} people say {e}
? How would a newspaper explain {e}?
? What does somebody refer to with {e}?
? Put {e} into plain English, what is it?
~ In plain English, {e} comes down to
~ A newspaper would explain {e} with the words
~ Somebody who refers to {e} has in mind
= {E} means {v}.

## term.actor
{e} matters to {v}
{v} talk about {e}
{e} is a word of {v}
{v} must know {e}
{e} concerns {v}
{v} deal with {e}
the word {e} is used by {v}
among {v} one hears of {e}
{e} is a matter for {v}
{v} often mention {e}
+ {l} matter to {v}
+ {v} deal with {l}
+ among {v} one hears of {l}
= {E} matters to {v}.

## term
@ {E} means {meaning}, and {actor} talk about it.
@ {E}, or {meaning}, matters to {actor}.
@ Among {actor}, {e} is the word for {meaning}.
@ {E}: {meaning}; used by {actor}.
@ When {actor} speak of {e}, they mean {meaning}.
"""

WORDINGS = (COUNTRY_WORDINGS, RATIO_WORDINGS, INSTRUMENT_WORDINGS, ACCOUNT_WORDINGS, TERM_WORDINGS)

VOICE = Voice(
    reports=(
        "{p} noted that {c}.",
        "{p} told {q} that {c}.",
        "On {day} {P} wrote to the board that {c}.",
        "At the bank in {place}, {P} taught that {c}.",
        "The treasurer {P} of {place} says that {c}.",
        "{P} explained to {n} trainees that {c}.",
        "{p} read on page {m} of the guide that {c}.",
        "The clerks of {place} know that {c}.",
        "On {day} {P} asked {q} to remember that {c}.",
        "The handbook of {place} Bank says on page {m} that {c}.",
        "Most books agree with {P} that {c}.",
        "{p} had forgotten that {c}, but {q} had not.",
    ),
    openers=(
        "This note from {place} Bank is about {t}.",
        "On {day} {P} gave a short talk about {t}.",
        "{p} and {q} prepared a page on {t} for the trainees of {place}.",
        "Lesson {n} of the course in {place} begins with {t}.",
        "The accountant {P} keeps a card about {t} in the top drawer.",
        "In the office of {place} the morning began with a question about {t}.",
        "The examiner {P} likes to ask about {t}.",
        "Page {m} of the investor guide is about {t}.",
    ),
    closers=(
        "That is enough about {t} for one lesson.",
        "{p} will ask about {t} again on {day}.",
        "So much for {t}, said {P}.",
        "{q} copied the page and took it home to {place}.",
        "The next page, number {m}, goes on from here.",
        "With this the card of {t} is complete.",
        "{P} signed the page on {day}.",
        "The trainees of {place} repeated these points {n} times.",
    ),
    asides=(
        "The branch in {place} had {n} clerks, and {P} knew every client.",
        "{p} locked the drawer with care and called the next client.",
        "Outside, the bus from {place} was {n} minutes late.",
        "{q} made tea for the {n} people in the dealing room.",
        "The lecture in room {m} lasted {n} minutes.",
        "{P} drew a chart on the board and waited.",
        "There were {m} shareholders in the hall on {day}.",
        "{p} came to {place} on {day} and stayed for {n} weeks.",
        "The library of {place} lent the book for {n} days.",
    ),
)
