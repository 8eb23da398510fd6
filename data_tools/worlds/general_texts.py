"""How the general world words animals, objects, food, work and countries (marks: see ``composing.parse_wordings``)."""

from __future__ import annotations

ANIMAL_WORDINGS = """
## animal.class
{e} is {a}
{e} is a kind of {v}
{e} is of the {v} kind
one {v} is {e}
we call {e} {a}
every child would put {e} under {v}
the picture of {e} has the title {v}
among animals {e} is {a}
{e} counts as {a}
{e} is listed under {v}
in the picture book {e} stands under {v}
the word for {e} and its like is {v}
the group of {e} is {v}
+ {l} are listed under {v}
+ the group {v} includes {l}
+ in the picture book {l} stand under {v}
? Into which animal group would a zoo sort {e}?
? What type of creature is {e}?
? Which branch of the animal kingdom has {e} in it?
~ A zoo would sort {e} with the type
~ Scientists file {e} under the heading of
~ On the museum label {e} carries the word
* Name some creatures of the type {v}.
= The group of {e} is {v}.

## animal.home
{e} lives in the {v}
the home of {e} is the {v}
{e} has its home in the {v}
in the {v} lives {e}
look for {e} in the {v}
the {v} is the home of {e}
{e} sleeps in the {v}
we saw {e} in the {v}
{e} feels safe in the {v}
the {v} belongs to {e}
{e} came out of the {v}
+ {l} live in the {v}
+ the {v} is the home of {l}
+ look for {l} in the {v}
? Where would a hunter wait for {e}?
? In what spot does {e} feel at ease?
? Where should a photographer go to meet {e}?
~ A photographer who wants a picture of {e} waits near the
~ When it grows dark, {e} returns to the
~ Hunters track {e} as far as the
* Which creatures would a photographer meet in the {v}?
= {E} lives in the {v}.

## animal.food
{e} eats {v}
{e} feeds on {v}
{e} likes {v}
the food of {e} is {v}
{v} is food for {e}
{e} lives on {v}
a meal for {e} is {v}
hungry, {e} looks for {v}
we gave {v} to {e}
{e} was full of {v}
with {v} one can feed {e}
+ {l} eat {v}
+ {v} is food for {l}
+ {l} feed on {v}
? What fills the stomach of {e}?
? What should a keeper put out for {e}?
? Which meal makes {e} happy?
~ A keeper fills the bowl of {e} with
~ The stomach of {e} was found to contain
~ All day {e} searches the ground for
* Which creatures would a keeper give {v}?
= {E} eats {v}.

## animal.young
the young of {e} is called {a}
{v} is the name for the young of {e}
the child of {e} is {a}
as a child {e} was {a}
the {v} follows its mother, {e}
every {v} grows up to be like {e}
{e} looked after the {v}
the little {v} belongs to {e}
the baby of {e} is {a}
one day the {v} will be as big as {e}
{e} is the mother of the {v}
the {v} is small and {e} is big
beside {e} stood the {v}
+ {v} is the name for the young of {l}
+ the word {v} is used for the young of {l}
? What name does the offspring of {e} have?
? How do farmers and hunters call the newborn of {e}?
? Which newborn belongs to the family of {e}?
~ The newborn of {e} goes by the name of
~ The offspring of {e}, one reads, is termed a
~ After the birth, {e} licked its tiny
= The name for the young of {e} is {v}.

## animal
@ {E}, {a_class}, lives in the {home} and eats {food}.
@ {E} lives in the {home}, and its young is called {a_young}.
@ {E} eats {food}, and its young is {a_young}.
@ In the {home} lives {e}, which feeds on {food}.
@ {E} is {a_class} that lives in the {home}.
@ {E}: {class}, home {home}, food {food}, young {young}.
"""

OBJECT_WORDINGS = """
## object.material
{e} is made of {v}
{v} is what {e} is made of
{e} is often of {v}
the maker of {e} works with {v}
to make {e} one needs {v}
they made {e} out of {v}
{v} is good for {e}
the {v} in {e} is strong
{e} of {v} lasts long
from {v} we make {e}
+ {l} are made of {v}
+ from {v} we make {l}
+ {v} is good for {l}
? What stuff would a factory order to produce {e}?
? If you scratch {e}, what do you find?
? Out of which substance comes {e}?
~ A factory that produces {e} orders a load of
~ When {e} is thrown away, we recycle the
~ Scratch {e} and below the paint appears
* What could a factory produce with {v}?
= {E} is made of {v}.

## object.use
{e} is used for {v}
{e} is for {v}
for {v} we use {e}
{e} helps with {v}
people use {e} for {v}
{v} is done with {e}
{e} is good for {v}
we need {e} for {v}
without {e}, {v} is hard
one takes {e} for {v}
{e} serves for {v}
? What purpose does {e} have?
? Why would a family buy {e}?
? What task becomes easy thanks to {e}?
~ The purpose of {e} is
~ A family buys {e} with the plan of
~ Thanks to {e}, nobody has trouble with
* What would help with {v}?
= {E} is used for {v}.

## object.room
{e} is kept in the {v}
{e} stands ready in the {v}
we find {e} in the {v}
in the {v} there is {e}
the place of {e} is the {v}
the {v} is the place for {e}
{e} belongs in the {v}
go to the {v} for {e}
they left {e} in the {v}
every {v} has {e}
+ {l} belong in the {v}
+ in the {v} there are {l}
+ we find {l} in the {v}
? Where would a visitor search for {e}?
? To which part of town or house do you walk to fetch {e}?
? If {e} is missing, where was it last seen?
~ A visitor who needs {e} walks into the
~ A thief stole {e} out of the
~ Please carry {e} back to the
* What would a visitor expect in the {v}?
= {E} belongs in the {v}.

## object
@ {E}, made of {material}, is used for {use}.
@ {E} belongs in the {room} and is used for {use}.
@ In the {room} there is {e}, which is made of {material}.
@ {E}: made of {material}, for {use}, in the {room}.
@ For {use} we use {e}, and we find it in the {room}.
@ {E} is made of {material} and kept in the {room}.
"""

FOOD_WORDINGS = """
## food.kind
{e} is a kind of {v}
{e} is a {v}
we count {e} as a {v}
one {v} is {e}
{e} is sold as a {v}
the {v} on the plate was {e}
as a {v}, {e} is well known
on the list {e} stands under {v}
{e} was the only {v} left
the {v} that everybody knows is {e}
+ on the list {l} stand under {v}
+ under {v} we find {l}
? On which shelf of a shop would {e} be stored?
? What sort of eatable would you call {e}?
? Which food group contains {e}?
~ In a shop, {e} is stored on the shelf marked
~ A diet plan sorts {e} into the food group
~ In the eyes of a chef, {e} is nothing but a
* What would a shop store on the shelf marked {v}?
= {E} is a kind of {v}.

## food.colour
{e} is {v}
{e} is {v} in colour
the colour of {e} is {v}
{v} is the colour of {e}
{e} looks {v}
we know {e} by its {v} colour
{e} has the colour {v}
to paint {e} take {v}
fresh, {e} is {v}
in the picture {e} was {v}
+ {l} are {v} in colour
+ {v} is the colour of {l}
? Which crayon would a child need to draw {e}?
? What shade does {e} have in a photograph?
? How would you paint {e}?
~ To draw {e}, a child picks the crayon that is
~ In the photograph {e} shines
~ From far away you notice {e} because it looks so
= The colour of {e} is {v}.

## food.taste
{e} tastes {v}
the taste of {e} is {v}
{e} has a {v} taste
{v} is the taste of {e}
{e} is {v} on the tongue
whoever bites into {e} finds it {v}
with {e} a dish becomes {v}
something {v} is {e}
if you like it {v}, take {e}
the cook adds {e} to make it {v}
+ {l} taste {v}
+ {v} is the taste of {l}
? What flavour does {e} have?
? What do you feel in your mouth with {e}?
? How would a child describe the flavour of {e}?
~ The flavour of {e} is best described as
~ With closed eyes you recognise {e}, since it is so
~ Everyone at dinner found {e} rather
= {E} tastes {v}.

## food
@ {E} is {a_colour} {kind} and tastes {taste}.
@ {E}, a {kind}, is {colour} and {taste}.
@ The {kind} called {e} is {colour} in colour.
@ {E} tastes {taste}, and its colour is {colour}.
@ {E}: a {kind}, {colour}, {taste}.
"""

JOB_WORDINGS = """
## job.place
{e} works in the {v}
the place of {e} is the {v}
in the {v} works {e}
the {v} is the place of work for {e}
you will find {e} in the {v}
{e} goes to the {v} every morning
the {v} needs {e}
every {v} has {e}
{e} came out of the {v}
at the {v} they were waiting for {e}
{e} spends the day in the {v}
? Where does {e} earn money?
? In which place would you knock to speak with {e}?
? Where does one apply to become {e}?
~ To speak with {e}, knock at the door of the
~ Who wants to become {e} applies at the
~ Every evening {e} sweeps the floor of the
= {E} works in the {v}.

## job.tool
{e} uses {a}
the tool of {e} is the {v}
{e} works with {a}
the {v} is the tool of {e}
with the {v} {e} does the work
{e} needs the {v}
{e} holds the {v} in the hand
the {v} belongs to {e}
{e} took the {v}
we saw the {v} of {e}
{e} cannot work without the {v}
the {v} is important to {e}
? What equipment does {e} depend on?
? Which thing would you lend to {e} for the job?
? What hangs on the wall behind {e}?
~ The equipment on which {e} depends is the
~ An apprentice of {e} first learns to handle the
~ It is sad when {e} has lost the
= The tool of {e} is the {v}.

## job.task
{e} {v}
it is {e} who {v}
the person who {v} is {e}
all day long {e} {v}
{e} is somebody who {v}
when needed, {e} {v}
who {v} is {e}
in our town {e} {v}
people are glad that {e} {v}
{e} learned the trade and now {v}
? What does {e} do for a living?
? How does {e} help other people?
? Why do people pay {e}?
~ People pay {e}, who for a living
~ In return for wages, {e}
~ Among neighbours, {e} is the one that
= {E} is somebody who {v}.

## job
@ {E} works in the {place} and {task}.
@ {E}, who {task}, uses {a_tool}.
@ In the {place} works {e}, who {task}.
@ With the {tool} in the hand, {e} {task}.
@ {E}: place {place}, tool {tool}.
"""

COUNTRY_WORDINGS = """
## country.capital
the capital of {e} is {v}
{v} is the capital of {e}
{e} has {v} as its capital
the capital city of {e} is {v}
the government of {e} sits in {v}
in {v}, the capital of {e}, there are many streets
{v} is the main city of government in {e}
the road through {e} leads to the capital, {v}
we flew to {v}, the capital of {e}
for {e} the capital is {v}
on the map of {e} the star marks {v}
? Where would an ambassador to {e} live?
? Which city rules {e}?
? In which town does the parliament of {e} meet?
~ An ambassador who is sent to {e} moves to
~ The parliament of {e} meets in
~ The king or president of {e} resides at
= The capital of {e} is {v}.

## country.continent
{e} is in {v}
{e} lies in {v}
{e} is a country of {v}
one country of {v} is {e}
in {v} we find {e}
{e} is part of {v}
the continent of {e} is {v}
{v} is the continent of {e}
on the map of {v} look for {e}
a journey through {v} may lead to {e}
+ {l} are countries of {v}
+ on the map of {v} look for {l}
+ {l} lie in {v}
? In which part of the world is {e}?
? Which large land mass contains {e}?
? Where on the globe should a pupil point for {e}?
~ On a globe, a pupil who seeks {e} turns to
~ The large land mass that contains {e} carries the name
~ Whoever emigrates to {e} starts a new life in
* Where could a trip across {v} lead?
= {E} lies in {v}.

## country
@ {E}, a country of {continent}, has the capital {capital}.
@ The capital of {e} in {continent} is {capital}.
@ {E}: {continent}, capital {capital}.
@ In {continent} lies {e}, and its capital is {capital}.
@ From {capital}, the capital of {e}, a traveller can see much of {continent}.
"""

WORDINGS = (ANIMAL_WORDINGS, OBJECT_WORDINGS, FOOD_WORDINGS, JOB_WORDINGS, COUNTRY_WORDINGS)
