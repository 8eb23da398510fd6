"""How the general world words the calendar, units, kin, colours, opposites and sums, and what it says around them."""

from __future__ import annotations

from data_tools.worlds.composing import Voice

CALENDAR_WORDINGS = """
## month.next
after {e} comes {v}
{v} comes after {e}
the month after {e} is {v}
{v} is the month after {e}
{e} is followed by {v}
{v} follows {e}
the next month after {e} is {v}
when {e} ends, {v} begins
{e} comes before {v}
first {e} comes, then {v}
? Which page of a calendar comes up once {e} is torn off?
? What month is it thirty-five days after the start of {e}?
? Which month waits at the end of {e}?
~ Tear {e} off the calendar and you read
~ Whoever was born on the last day of {e} sleeps a night and wakes up in
~ Rent for {e} is paid, so the landlord now asks for
= After {e} comes {v}.

## month.season
{e} is in {v}
{e} belongs to {v}
{e} is a month of {v}
{v} has the month {e}
in {v} comes {e}
one month of {v} is {e}
the season of {e} is {v}
{v} is the season of {e}
weather in {e} is the weather of {v}
{e} falls in {v}
+ {l} are months of {v}
+ {v} has the months {l}
+ the season of {l} is {v}
? What time of year does {e} mean in Europe?
? In which quarter of nature's year is {e}?
? What kind of clothes would Europeans wear in {e}, those of which season?
~ In Europe, clothes for {e} are those of
~ Poets in Europe praise {e} as a time of
~ European leaves and skies of {e} tell us that it must be
= {E} is a month of {v}.

## month.holiday
{v} is in {e}
in {e} people celebrate {v}
{v} comes in {e}
the holiday of {e} is {v}
{e} is the month of {v}
in {e} there is {v}
{e} brings {v}
we look forward to {v} in {e}
the month of {v} is {e}
{v} falls in {e}
? Which feast marks {e}?
? Why might people feast during {e}?
? What day do calendars print in red during {e}?
~ The feast that marks {e} bears the name
~ Families who travel home during {e} do so because of
~ During {e}, shops put up posters about
= In {e} people celebrate {v}.

## month.days
{e} has {v} days
the month {e} has {v} days
there are {v} days in {e}
{v} days make {e}
{e} is {v} days long
{e} lasts {v} days
it takes {v} days for {e} to pass
in {e} we count {v} days
the days of {e} are {v}
{v} is the number of days in {e}
+ {l} have {v} days
+ there are {v} days in {l}
= {E} has {v} days.

## month
@ {E}, a month of {season}, has {days} days.
@ After {e} comes {next}, and {e} has {days} days.
@ In {e} people celebrate {holiday}, and then comes {next}.
@ {E} is in {season}, and its holiday is {holiday}.

## weekday.next
after {e} comes {v}
{v} comes after {e}
the day after {e} is {v}
{v} is the day after {e}
{e} is followed by {v}
{v} follows {e}
when {e} is over, {v} begins
if today is {e}, tomorrow is {v}
first comes {e}, then {v}
from {e} to {v} is one day
? Someone falls asleep late on {e}; on what day is breakfast?
? Which day does midnight bring at the end of {e}?
? A parcel sent on {e} travels one day and arrives when?
~ Midnight at the end of {e} is the start of
~ Bread bought on {e} and eaten a day later is eaten on
~ Whoever says "tomorrow" on {e} refers to
= After {e} comes {v}.

## weekday.before
before {e} comes {v}
{v} comes before {e}
the day before {e} is {v}
{v} is the day before {e}
if today is {e}, yesterday was {v}
{e} comes after {v}
the night before {e} belongs to {v}
{e} was one day after {v}
on the eve of {e} it is {v}
a day earlier than {e} is {v}
? Someone says "yesterday" on {e} and means what day?
? Which day had to end so that {e} could start?
? A letter that needs one day arrived on {e}; when was it sent?
~ Whoever says "yesterday" on {e} refers to
~ For {e} to start, first had to end the day called
~ Soup cooked one day ahead of {e} was cooked on
= Before {e} comes {v}.
"""

NUMBER_WORDINGS = """
## unit.equals
{e} is {v}
{e} has {v}
there are {v} in {e}
{v} make {e}
{v} are {e}
{e} is the same as {v}
{e} is made of {v}
{e} is equal to {v}
in {e} we count {v}
it takes {v} to make {e}
whoever counts {v} has {e}
? How much does {e} amount to in smaller measure?
? Into what can {e} be split?
? What must be added up to get {e}?
~ Split into smaller measure, {e} gives
~ Instead of {e} you may just as well say
~ A teacher drew {e} and marked on it
= {E} is {v}.

## kin.word
{e} is called {a}
the {v} is {e}
we call {e} the {v}
the word for {e} is {v}
{v} means {e}
{v} is the word for {e}
{e} is {a}
in a family {e} is the {v}
whoever is {e} is {a}
for {e} one says {v}
the name {v} belongs to {e}
in short, {e} bears the name {v}
the {v} of somebody is {e}
? What relative are we talking about with {e}?
? How would a family tree label {e}?
? Which short name fits {e}?
~ A family tree puts beside {e} the label
~ Children shorten {e} to the single word
~ At a wedding, {e} is introduced as the
= The word for {e} is {v}.

## thing.colour
{e} is {v}
the colour of {e} is {v}
{v} is the colour of {e}
{e} is as {v} as can be
to paint {e} one needs {v}
{e} looks {v}
it is {v}, the colour of {e}, that children like
everyone knows that {e} is {v}
in the picture {e} was {v}
{e} has the colour {v}
+ {l} are {v}
+ {v} is the colour of {l}
? Which crayon suits {e}?
? What shade would a printer choose for {e}?
? If you saw {e} in daylight, what hue would it be?
~ The crayon that suits {e} is labelled
~ A printer who shows {e} mixes the shade
~ Seen in daylight, {e} has the hue
* What would a child draw with the {v} crayon?
= {E} is {v}.

## opposite.opposite
the opposite of {e} is {v}
{e} is the opposite of {v}
{v} is the opposite of {e}
{e} and {v} are opposites
one of them says {e}, the other says {v}
what is not {e} may be {v}
the word {v} is the opposite of the word {e}
turn {e} around and you get {v}
from {e} to {v} is a long way
between {e} and {v} there is a great difference
{e} is one thing, {v} is another
? Which word contradicts {e}?
? What term is contrary to {e}?
? Which antonym belongs with {e}?
~ The antonym that belongs with {e} is
~ The term contrary to {e} reads
~ A poet who rejects {e} writes instead
= The opposite of {e} is {v}.

## sum.result
{e} is {v}
{e} makes {v}
{e} equals {v}
{v} is {e}
the sum {e} gives {v}
{e} comes to {v}
the answer to {e} is {v}
{v} is the answer to {e}
if you count {e} you get {v}
{e} gives {v}
? What total results from {e}?
? Which number should stand behind the sign after {e}?
? What does an abacus show for {e}?
~ An abacus set to {e} shows the total
~ A pupil was praised for computing {e} as
~ The cash desk rings up {e} with a total of
= {E} is {v}.

## product.result
{e} is {v}
{e} makes {v}
{e} equals {v}
{v} is {e}
the product {e} gives {v}
{e} comes to {v}
the answer to {e} is {v}
{v} is the answer to {e}
in the table {e} gives {v}
{e} gives {v}
? What total results from {e}?
? Which number should stand behind the sign after {e}?
? What does an abacus show for {e}?
~ An abacus set to {e} shows the total
~ A pupil was praised for computing {e} as
~ Laid out in rows, {e} stones number
= {E} is {v}.
"""

WORDINGS = (CALENDAR_WORDINGS, NUMBER_WORDINGS)

VOICE = Voice(
    reports=(
        "{p} noticed that {c}.",
        "{p} told {q} that {c}.",
        "{q} asked why, and {p} explained that {c}.",
        "On {day} {p} wrote in a diary that {c}.",
        "At the school in {place}, {P} taught that {c}.",
        "Old {P} of {place} says that {c}.",
        "{P} explained to {n} children that {c}.",
        "{p} read on page {m} of a picture book that {c}.",
        "The people of {place} know that {c}.",
        "On {day} {p} reminded {q} that {c}.",
        "The newspaper of {place} wrote that {c}.",
        "Everyone agreed with {P} that {c}.",
        "{p} had forgotten that {c}, but {q} had not.",
        "{p} was {n} years old when somebody said that {c}.",
        "In the market of {place} one hears that {c}.",
        "{q} laughed because {c}.",
        "{p} was sure that {c}, and {q} agreed.",
        "It was {day}, and {p} thought about how {c}.",
    ),
    openers=(
        "This little text from {place} is about {t}.",
        "On {day} {P} told the children about {t}.",
        "{p} and {q} made a page on {t} for the school in {place}.",
        "Lesson {n} in {place} begins with {t}.",
        "{P} of {place} likes to talk about {t}.",
        "In the morning {p} had a question about {t}.",
        "Page {m} of the book is about {t}.",
        "{p} walked from {place} to town and thought of {t}.",
        "The children of {place} wanted to hear about {t}.",
        "When {p} was small, {q} spoke often about {t}.",
        "There is much to say about {t}, said {P}.",
        "It rained in {place}, so {p} and {q} stayed inside and talked about {t}.",
    ),
    closers=(
        "That is enough about {t} for one day.",
        "{p} will tell more about {t} on {day}.",
        "So much for {t}, said {P}.",
        "{q} copied the page and took it home to {place}.",
        "The next page, number {m}, goes on from here.",
        "Then {p} closed the book and went to bed.",
        "{P} signed the page on {day}.",
        "The children of {place} repeated it {n} times.",
        "After that, {p} and {q} went home to {place}.",
        "Nobody in {place} had known so much about {t}.",
        "{q} thanked {p} and promised to come again on {day}.",
    ),
    asides=(
        "The house in {place} had {n} windows, and {P} painted every one.",
        "{p} opened the door and called {q}.",
        "Outside, the bus from {place} was {n} minutes late.",
        "{q} made tea for {n} guests.",
        "The walk to {place} took {n} minutes.",
        "{P} drew a picture and hung it on the wall.",
        "There were {m} children in the yard on {day}.",
        "{p} came to {place} on {day} and stayed for {n} weeks.",
        "The library of {place} lent the book for {n} days.",
        "It was cold in {place}, and {q} put on a second coat.",
        "{p} counted {n} boats on the lake near {place}.",
        "A dog ran past the house of {P}.",
        "The wind was strong that {day}, and {p} held on to the hat.",
        "{q} bought {n} apples from {P} in {place}.",
        "The train to {place} had {n} carriages and was nearly empty.",
        "{P} lost a key in {place} and found it {n} days later.",
        "In the evening {p} lit a lamp and sat down beside {q}.",
        "{q} had {n} cousins in {place} and wrote to all of them.",
        "The sun came out over {place}, and {p} opened the window.",
        "{p} paid {m} coins for the ticket to {place}.",
    ),
)
