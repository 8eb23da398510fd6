"""How the medical world words its facts, and what it says around them (marks: see ``composing.parse_wordings``)."""

from __future__ import annotations

from data_tools.worlds.composing import Voice

DRUG_WORDINGS = """
## drug.class
{e} is {a}
{e} is a drug of the {v} class
{e} belongs to the {v} class
the class of {e} is {v}
{e} is of the {v} type
{v} is the class of {e}
by its class, {e} is {a}
as {a}, {e} has its place in the drug cupboard
the label of {e} gives the class {v}
under the heading {v} we find {e}
{e} acts as {a}
the {v} on the list is {e}
{e} works like every {v}
+ {l} belong to the {v} class
+ the class {v} includes {l}
+ {l} share the class {v}
+ under the heading {v} we find {l}
? To which group of medicines does {e} belong?
? What sort of medicine would a chemist call {e}?
? Which drug family has {e} as a member?
~ Any chemist would sort {e} under the family
~ In the exam, please classify {e} as
~ The pharmacology chapter that covers {e} carries the title
* Name some medicines of the {v} family.
= {E} belongs to the {v} class.
= The class of {e} is {v}.

## drug.indication
{e} is given for {v}
{e} is used for {v}
{e} is a drug for {v}
the usual reason to give {e} is {v}
patients with {v} often receive {e}
for {v} the doctor may choose {e}
{e} treats {v}
{v} is treated with {e}
{v} is a common reason for {e}
people take {e} for {v}
against {v} there is {e}
the main use of {e} is {v}
+ {l} are all used for {v}
+ for {v} the doctor may choose {l}
+ {v} may be treated with {l}
+ patients with {v} may receive {l}
? Which complaint calls for {e}?
? When a doctor prescribes {e}, what is the likely problem?
? What would you expect {e} to help with?
~ A prescription of {e} suggests that the problem is
~ The typical patient who swallows {e} suffers from
~ Doctors reach for {e} when they face
* Which medicines can help with {v}?
= {E} is used for {v}.
= {E} is given for {v}.

## drug.effect
{e} may cause {v}
{e} can lead to {v}
a known side effect of {e} is {v}
{v} is a side effect of {e}
patients on {e} may notice {v}
the typical side effect of {e} is {v}
with {e} we watch for {v}
{v} can follow treatment with {e}
the leaflet of {e} warns of {v}
{e} sometimes brings {v}
a patient who takes {e} may develop {v}
{v} is the well known price of {e}
+ {l} can all cause {v}
+ {v} is a side effect of {l}
+ with {l} we watch for {v}
? Which unwanted reaction is {e} known for?
? What harm should a nurse look out for after {e}?
? A patient dislikes {e} because of which trouble?
~ The unwanted reaction that {e} is famous for is
~ Nurses who hand out {e} look out for
~ Someone stopped {e} because it brought
* Which medicines are known to bring {v}?
= {E} may cause {v}.
= A known side effect of {e} is {v}.

## drug
@ {E}, {a_class}, is given for {indication} and may cause {effect}.
@ {E} belongs to the {class} class, is used for {indication}, and can lead to {effect}.
@ For {indication} there is {e}, {a_class} whose typical side effect is {effect}.
@ The {class} {e} treats {indication}; its side effect is {effect}.
@ {E}: class {class}, use {indication}, side effect {effect}.
@ {E} treats {indication}, but it may cause {effect}.
@ As {a_class}, {e} is used for {indication}.
@ The class of {e} is {class}, and a known side effect is {effect}.
@ With {e}, {a_class}, we watch for {effect}.
@ Patients with {indication} may receive {e}, which is {a_class}.
"""

BODY_WORDINGS = """
## organ.system
{e} is part of the {v}
{e} belongs to the {v}
the {v} includes {e}
{e} is an organ of the {v}
in the {v} we find {e}
{e} works in the {v}
{e} is counted with the {v}
one part of the {v} is {e}
to the {v} belongs {e}
the {v} needs {e}
+ {l} are parts of the {v}
+ the {v} includes {l}
+ {l} belong to the {v}
? Of which body system is {e} a member?
? Which chapter on body systems would describe {e}?
? Into which system would an anatomist sort {e}?
~ An anatomist would sort {e} into the
~ The chapter that describes {e} bears the title
~ A disease of {e} is a disease of the
* Name some members of the {v}.
= {E} is part of the {v}.
= {E} belongs to the {v}.

## organ.place
{e} lies in the {v}
{e} is found in the {v}
the place of {e} is the {v}
in the {v} lies {e}
the {v} holds {e}
{e} has its place in the {v}
we find {e} in the {v}
look in the {v} for {e}
{e} sits in the {v}
the {v} is where {e} lies
+ {l} lie in the {v}
+ in the {v} we find {l}
+ the {v} holds {l}
? In which region of the body would a surgeon reach {e}?
? Where should one draw {e} on a picture of the body?
? Which body region contains {e}?
~ To reach {e}, a surgeon opens the
~ On a picture of the body, draw {e} inside the
~ Pain that comes from {e} is felt first in the
* Which organs would a surgeon meet in the {v}?
= {E} lies in the {v}.
= {E} is found in the {v}.

## organ.function
{e} {v}
the organ that {v} is {e}
it is {e} that {v}
the task of {e} is clear: it {v}
in a healthy body {e} {v}
what {v} is {e}
day and night {e} {v}
{e} is the part that {v}
we need {e} because it {v}
we know that {e} {v}
when all is well, {e} {v}
? What job does {e} do for us?
? How does {e} serve the body?
? What would stop if {e} failed?
~ The job of {e} can be put in a few words: it
~ Children learn about {e} that it
~ Without a working {e}, nothing
* Which part of the body {v}?
= {E} {v}.
= The task of {e} is clear: it {v}.

## organ
@ {E} lies in the {place}, belongs to the {system}, and {function}.
@ {E}, part of the {system}, {function}.
@ {E}, which lies in the {place}, {function}.
@ The {system} includes {e}, which {function}.
@ In the {place} we find {e}, which {function}.
@ {E}: {system}, {place}; it {function}.
@ {E} is an organ of the {system} in the {place}.
"""

LAB_WORDINGS = """
## lab.range
{e} is normally {v}
the normal range of {e} is {v}
a healthy adult has {e} of {v}
normal values of {e} are {v}
{e} should be {v}
the range for {e} is {v}
a value of {v} is normal for {e}
{v} is the normal range of {e}
for {e} the laboratory prints {v}
we expect {e} of {v}
the healthy range {v} belongs to {e}
? Between which limits does {e} stay in good health?
? What span would a chemist accept for {e}?
? Which numbers frame a healthy {e}?
~ The laboratory accepts {e} when it stays within
~ No alarm rings as long as {e} stays within
~ A chemist has learned by heart that {e} spans
= The normal range of {e} is {v}.
= {E} is normally {v}.

## lab.unit
{e} is measured in {v}
the unit of {e} is {v}
{v} is the unit of {e}
we give {e} in {v}
the laboratory reports {e} in {v}
results of {e} come in {v}
for {e} the unit is {v}
the number for {e} is followed by {v}
{e} is written in {v}
in {v} we write {e}
+ {l} are measured in {v}
+ the unit {v} is used for {l}
+ {v} is the unit of {l}
? Which measure stands behind the figure for {e}?
? How does a laboratory express {e}?
? Which unit would complete a report of {e}?
~ Behind the figure for {e} the printer puts
~ A report that lists {e} expresses it by
~ A student forgot that {e} is expressed by
* Which tests come with {v} behind the figure?
= {E} is measured in {v}.
= The unit of {e} is {v}.

## lab.checks
{e} tells us about {v}
{e} is a test of {v}
to check {v} we measure {e}
{v} is checked with {e}
{e} is measured to check {v}
doctors order {e} to check {v}
the test {e} is about {v}
{e} says something about {v}
for {v} one looks at {e}
a question of {v} leads to {e}
+ {l} tell us about {v}
+ to check {v} we measure {l}
+ {l} are tests of {v}
? About what does {e} inform a doctor?
? Why would a doctor ask for {e}?
? What is a doctor worried about who orders {e}?
~ A doctor who wants {e} is thinking of
~ An odd figure for {e} raises doubts about
~ The reason behind a test of {e} is
* Which tests inform a doctor about {v}?
= {E} is a test of {v}.
= {E} tells us about {v}.

## lab
@ {E} is normally {range} {unit} and tells us about {checks}.
@ The normal range of {e} is {range} {unit}.
@ To check {checks} we measure {e}, normally {range} {unit}.
@ {E} is measured in {unit}, and {range} is normal.
@ {E}: {range} {unit}, a test of {checks}.
@ A test of {checks} is {e}, which should be {range} {unit}.

## vitamin.chemical
{e} is also called {v}
{v} is another name for {e}
the chemical name of {e} is {v}
{e} and {v} are the same
chemists call {e} {v}
{v} is the chemical name of {e}
on labels {e} is written as {v}
the name {v} means {e}
{e} has the chemical name {v}
on the packet {v} stands for {e}
? Under which other name would a chemist sell {e}?
? Which substance hides behind {e}?
? What do scientists say instead of {e}?
~ A chemist who sells {e} prints on the box the word
~ Scientists who mean {e} rather say
~ The substance behind {e} is
= The chemical name of {e} is {v}.
= {E} is also called {v}.

## vitamin.deficiency
too little {e} causes {v}
a lack of {e} leads to {v}
{v} is caused by a lack of {e}
{v} follows when {e} is missing
without {e} people get {v}
people with too little {e} may suffer from {v}
a diet poor in {e} leads to {v}
{v} is a sign of too little {e}
to prevent {v} we need {e}
{e} prevents {v}
? What illness threatens those who get no {e}?
? Which trouble did sailors or farmers without {e} face?
? What goes wrong when food holds hardly any {e}?
~ Food that holds hardly any {e} brings on
~ A doctor prescribes {e} to cure
~ Whoever goes without {e} risks
= A lack of {e} leads to {v}.
= Too little {e} causes {v}.

## vitamin.source
a good source of {e} is {v}
{v} is rich in {e}
{e} comes from {v}
we get {e} from {v}
{v} gives us {e}
much {e} is found in {v}
people who need {e} should eat {v}
for {e} eat {v}
{e} is found in {v}
the food for {e} is {v}
? Which food should a cook serve to provide {e}?
? What could you eat to raise your {e}?
? On which plate is plenty of {e}?
~ A cook who wants to provide {e} serves
~ A tired patient low on {e} should buy
~ Plenty of {e} awaits those who like
= A good source of {e} is {v}.
= We get {e} from {v}.

## vitamin
@ {E}, also called {chemical}, is found in {source}, and a lack of it leads to {deficiency}.
@ {E}, or {chemical}, comes from {source}.
@ Too little {e} causes {deficiency}, so eat {source}.
@ {E}: {chemical}, source {source}, prevents {deficiency}.
@ The chemical name of {e} is {chemical}, and it prevents {deficiency}.
@ To prevent {deficiency} we need {e}, which is found in {source}.
"""

GERM_WORDINGS = """
## pathogen.kind
{e} is {a}
{e} is a kind of {v}
{e} is known as {a}
among germs, {e} is {a}
the germ {e} is {a}
seen closely, {e} is {a}
{e} counts as {a}
the kind of {e} is {v}
{e} is of the kind {v}
{v} is the kind of germ that {e} is
in the list of germs {e} has the entry {v}
the entry of {e} reads {v}
by its kind, {e} is one {v} more
the word {v} describes {e}
the {v} in question is {e}
+ the word {v} describes {l}
+ the entry of {l} reads {v}
+ {l} are listed under {v}
? Which type of microbe are we dealing with in {e}?
? How would a biologist classify {e}?
? What creature is {e}?
~ A biologist would classify {e} as a
~ Under the microscope {e} turns out to be a
~ Textbooks on microbes introduce {e} as a
* Name some germs of the type {v}.
= The kind of {e} is {v}.
= {E} is of the kind {v}.

## pathogen.disease
{e} causes {v}
{v} is caused by {e}
the cause of {v} is {e}
{e} is the germ of {v}
an infection with {e} leads to {v}
{e} brings {v}
patients with {v} carry {e}
behind {v} stands {e}
the germ {e} gives people {v}
{v} comes from {e}
the disease of {e} is {v}
? What illness does a person with {e} have?
? Which diagnosis fits a sample that grows {e}?
? From what would a person infected by {e} suffer?
~ When a sample shows {e}, the diagnosis is
~ A person infected by {e} falls ill with
~ An outbreak of {e} means many cases of
= {E} causes {v}.
= {V} is caused by {e}.

## pathogen.spread
{e} is spread by {v}
{e} spreads through {v}
{v} can spread {e}
people catch {e} through {v}
the way of {e} to people is {v}
{e} reaches people through {v}
through {v} people catch {e}
{v} is how {e} spreads
to stop {e} we must beware of {v}
the danger with {e} is {v}
+ {l} spread through {v}
+ through {v} people catch {l}
+ {v} can spread {l}
? What brings {e} from one victim to the next?
? How does {e} find new victims?
? Against which route of {e} must travellers protect themselves?
~ Travellers who fear {e} protect themselves against
~ New victims of {e} were exposed to
~ Health officers trace {e} back to
* Which germs travel by way of {v}?
= {E} spreads through {v}.
= {E} is spread by {v}.

## pathogen
@ {E}, {a_kind}, causes {disease} and spreads through {spread}.
@ {E} causes {disease} and is spread by {spread}.
@ {E}: {kind}, disease {disease}, spread by {spread}.
@ The cause of {disease} is {e}, {a_kind}.
@ People catch {disease} through {spread}; the germ is {e}.
@ {E} is {a_kind} that causes {disease}.
"""

WORDINGS = (DRUG_WORDINGS, BODY_WORDINGS, LAB_WORDINGS, GERM_WORDINGS)

VOICE = Voice(
    reports=(
        "{p} noted that {c}.",
        "{p} told {q} that {c}.",
        "On {day} {p} wrote in the ward book that {c}.",
        "At the clinic in {place}, {P} taught that {c}.",
        "Doctor {P} of {place} says that {c}.",
        "{P} explained to {n} students that {c}.",
        "{p} read on page {m} that {c}.",
        "The nurses of {place} know that {c}.",
        "On {day} {P} asked {q} to remember that {c}.",
        "The handbook of {place} hospital says on page {m} that {c}.",
        "Most books agree with {P} that {c}.",
        "{p} had forgotten that {c}, but {q} had not.",
    ),
    openers=(
        "This note from {place} hospital is about {t}.",
        "On {day} {P} gave a short talk about {t}.",
        "{p} and {q} prepared a page on {t} for the students of {place}.",
        "Lesson {n} of the course in {place} begins with {t}.",
        "Doctor {P} keeps a card about {t} in the top drawer.",
        "In the clinic of {place} the morning began with a question about {t}.",
        "The examiner {P} likes to ask about {t}.",
        "Page {m} of the handbook is about {t}.",
    ),
    closers=(
        "That is enough about {t} for one lesson.",
        "{p} will ask about {t} again on {day}.",
        "So much for {t}, said {P}.",
        "{q} copied the page and took it home to {place}.",
        "The next page, number {m}, goes on from here.",
        "With this the card of {t} is complete.",
        "{P} signed the page on {day}.",
        "The students of {place} repeated these points {n} times.",
    ),
    asides=(
        "The ward in {place} had {n} beds, and {P} knew every patient.",
        "{p} washed the hands with care and called the next patient.",
        "Outside, the bus from {place} was {n} minutes late.",
        "{q} made tea for the {n} people on the night shift.",
        "The lecture in room {m} lasted {n} minutes.",
        "{P} drew a picture on the board and waited.",
        "There were {m} students in the hall on {day}.",
        "{p} came to {place} on {day} and stayed for {n} weeks.",
        "The library of {place} lent the book for {n} days.",
    ),
)
