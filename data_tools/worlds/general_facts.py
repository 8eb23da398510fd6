"""Tables of everyday facts: one entity per line, cells divided by ``|`` (see ``composing.parse_table``).

A column ``also`` lists further values that are true of the entity, so that no question offers them as wrong answers.
"""

from __future__ import annotations

from data_tools.worlds.writing import in_words

ANIMALS = """
name | class | home | food | young | also
the cow | mammal | barn | grass | calf | meadow
the horse | mammal | stable | hay | foal | grass, meadow
the sheep | mammal | meadow | grass | lamb | barn, hay
the goat | mammal | mountain | leaves | kid | barn, grass, hay, meadow
the pig | mammal | sty | roots | piglet | barn
the dog | mammal | kennel | meat | puppy | house
the cat | mammal | house | mice | kitten | meat, fish, birds, barn
the lion | mammal | savanna | meat | cub |
the tiger | mammal | jungle | meat | cub | forest
the bear | mammal | forest | berries | cub | fish, meat, honey, mountain, roots, cave
the wolf | mammal | forest | meat | cub | puppy, mountain
the fox | mammal | den | mice | cub | forest, berries, kit, meat, birds
the deer | mammal | forest | leaves | fawn | grass, meadow, berries
the elephant | mammal | savanna | leaves | calf | grass, jungle, roots, fruit
the giraffe | mammal | savanna | leaves | calf |
the zebra | mammal | savanna | grass | foal |
the camel | mammal | desert | thorns | calf | leaves, grass
the kangaroo | mammal | grassland | grass | joey | leaves
the rabbit | mammal | burrow | carrots | kit | grass, meadow, leaves, roots
the mouse | mammal | hole | seeds | pup | house, barn, fruit, grain
the bat | mammal | cave | insects | pup | fruit, forest, barn
the whale | mammal | ocean | krill | calf | fish
the seal | mammal | coast | fish | pup | ocean
the otter | mammal | river | fish | pup | coast
the monkey | mammal | jungle | fruit | infant | leaves, insects, forest
the squirrel | mammal | tree | nuts | kit | forest, seeds, pup
the hedgehog | mammal | garden | insects | hoglet | worms, snails, forest
the eagle | bird | cliff | meat | eaglet | fish, mountain, rabbits, mice, birds
the owl | bird | hollow tree | mice | owlet | forest, barn, insects, tree, birds, meat
the hen | bird | coop | grain | chick | worms, seeds, insects
the duck | bird | pond | water plants | duckling | lake, seeds, insects, worms, snails, river
the goose | bird | lake | grass | gosling | pond, grain, water plants, seeds, meadow
the swan | bird | lake | water plants | cygnet | pond, river, grass
the stork | bird | rooftop | frogs | chick | fish, insects, meadow, mice
the penguin | bird | ice | fish | chick | krill, ocean, coast
the ostrich | bird | savanna | seeds | chick | desert, grass, roots, insects, leaves
the parrot | bird | jungle | nuts | chick | seeds, fruit, forest
the pigeon | bird | city roof | seeds | squab | rooftop, grain, chick
the frog | amphibian | pond | flies | tadpole | insects, worms, river, lake
the newt | amphibian | pond | worms | larva | insects
the salamander | amphibian | forest | worms | larva | insects, snails
the snake | reptile | hole | mice | snakelet | desert, frogs, grassland, forest, meat, birds
the crocodile | reptile | river | meat | hatchling | fish, birds
the tortoise | reptile | desert | leaves | hatchling | grass, garden, fruit
the lizard | reptile | stone wall | insects | hatchling | desert, flies, garden
the salmon | fish | river | shrimps | fry | ocean, insects
the shark | fish | ocean | fish | pup | meat
the bee | insect | hive | nectar | larva | pollen, garden
the ant | insect | anthill | seeds | larva | sugar, forest, garden, insects
the butterfly | insect | meadow | nectar | caterpillar | garden, larva
"""

OBJECTS = """
name | material | use | room | also
a knife | steel | cutting bread | kitchen | wood
a spoon | steel | eating soup | kitchen | wood, silver, stirring
a frying pan | iron | frying eggs | kitchen | steel
a kettle | steel | boiling water | kitchen | iron
a cup | china | drinking tea | kitchen | clay, glass
a bottle | glass | keeping milk | cellar | kitchen, plastic
a barrel | wood | storing wine | cellar |
a candle | wax | giving light | church | dining room
a table | wood | serving dinner | dining room | kitchen
a chair | wood | sitting | dining room | kitchen
a napkin | cloth | wiping the mouth | dining room | paper, kitchen
a carpet | wool | covering the floor | living room | bedroom
a sofa | leather | resting | living room | cloth, sitting
a curtain | cloth | shutting out the sun | living room | bedroom
a mirror | glass | looking at oneself | bathroom | bedroom, hall
a towel | cloth | drying the hands | bathroom | kitchen, cotton
a soap dish | china | holding soap | bathroom | clay
a toothbrush | plastic | cleaning teeth | bathroom |
a comb | plastic | tidying hair | bathroom | bedroom
a bathtub | iron | washing the body | bathroom |
a pillow | feathers | resting the head | bedroom | cloth
a blanket | wool | keeping warm | bedroom | living room
a sheet | cotton | covering the bed | bedroom | cloth
a wardrobe | wood | hanging clothes | bedroom |
a book | paper | reading | library | school, bedroom, living room
a newspaper | paper | learning the news | library | living room, reading
a bookshelf | wood | holding books | library | living room, office
a pencil | wood | drawing | school | office, writing
a chalkboard | slate | showing letters | school |
a ruler | wood | measuring lines | school | plastic, office
a schoolbag | leather | carrying books | school | cloth
a stapler | steel | joining papers | office |
a stamp | paper | sending letters | post office | office
a hammer | iron | driving nails | workshop | wood, steel
a saw | steel | cutting wood | workshop | iron
a screwdriver | steel | turning screws | workshop |
a rope | hemp | tying boats | harbor |
a sail | cloth | catching the wind | harbor |
an anchor | iron | holding a ship | harbor | steel
a spade | iron | digging holes | garden | steel, wood
a rake | wood | gathering leaves | garden | iron
a flowerpot | clay | growing plants | garden |
a hose | rubber | watering flowers | garden |
a wheelbarrow | wood | moving earth | garden | iron
a tyre | rubber | rolling on the road | garage |
a ladder | wood | reaching the roof | garage | garden
a coat | wool | keeping out the cold | hall | keeping warm, wardrobe
an umbrella | nylon | keeping off rain | hall | cloth
a boot | leather | walking in mud | hall | rubber
a saddle | leather | riding a horse | stable |
a horseshoe | iron | guarding a hoof | stable | steel
a bell | bronze | calling people | church | school
an organ pipe | tin | making music | church | wood
a drum | skin | beating time | music room | wood, making music
a violin | wood | playing tunes | music room | making music
a vase | china | holding flowers | living room | glass, clay
a window pane | glass | letting in light | hall | living room, kitchen, bedroom, school
a brick | clay | building walls | building site |
a helmet | plastic | guarding the head | building site | steel
a tent | canvas | sleeping outdoors | campsite | cloth, nylon
"""

FOODS = """
name | kind | colour | taste | also
the lemon | fruit | yellow | sour |
the banana | fruit | yellow | sweet |
the strawberry | fruit | red | sweet |
the cherry | fruit | red | sweet | sour
the lime | fruit | green | sour |
the plum | fruit | purple | sweet | sour
the blueberry | fruit | blue | sweet |
the grapefruit | fruit | yellow | bitter | sour, pink
the carrot | vegetable | orange | sweet |
the pea | vegetable | green | sweet |
the cucumber | vegetable | green | mild |
the spinach leaf | vegetable | green | bitter | mild
the beetroot | vegetable | red | sweet | purple, earthy
the potato | vegetable | brown | mild | earthy, yellow
the onion | vegetable | white | sharp | sweet, brown
the garlic clove | vegetable | white | sharp |
the radish | vegetable | red | sharp |
the aubergine | vegetable | purple | mild | bitter
the chilli | spice | red | hot | sharp
cinnamon | spice | brown | sweet |
turmeric | spice | yellow | bitter | earthy
ginger | spice | yellow | hot | sharp, brown
salt | spice | white | salty |
black pepper | spice | black | hot | sharp
sugar | sweet thing | white | sweet |
honey | sweet thing | golden | sweet | yellow
dark chocolate | sweet thing | brown | bitter | sweet, black
liquorice | sweet thing | black | sweet |
milk | drink | white | mild | sweet
coffee | drink | black | bitter | brown
cocoa | drink | brown | sweet | bitter
tomato juice | drink | red | salty | sour
yoghurt | dairy food | white | sour | mild
butter | dairy food | yellow | mild | salty
cheddar cheese | dairy food | orange | salty | yellow, sharp
cream | dairy food | white | mild | sweet
"""

JOBS = """
name | place | tool | task | also
a baker | bakery | oven | makes bread |
a butcher | butcher shop | cleaver | sells meat | knife
a cook | restaurant | frying pan | prepares meals | knife, oven
a waiter | restaurant | tray | brings food to tables |
a farmer | farm | plough | grows crops | tractor
a shepherd | pasture | crook | watches sheep |
a gardener | park | spade | plants flowers | shears
a fisher | boat | net | catches fish |
a sailor | ship | compass | steers across the sea | boat, rope
a pilot | airport | cockpit | flies planes |
a driver | bus | steering wheel | takes people to town |
a mechanic | garage | wrench | repairs cars |
a carpenter | workshop | saw | makes furniture | hammer, plane, chisel
a blacksmith | forge | anvil | shapes iron | hammer
a mason | building site | trowel | lays bricks | hammer
a painter | studio | brush | makes pictures |
a potter | pottery | wheel | shapes clay |
a tailor | tailor shop | needle | sews clothes | scissors
a shoemaker | shoe shop | awl | mends shoes | needle, hammer
a barber | barber shop | razor | cuts hair | scissors, comb
a teacher | school | chalk | teaches children | red pen
a librarian | library | catalogue | lends books |
a doctor | hospital | stethoscope | heals the sick |
a dentist | dental clinic | drill | mends teeth |
a judge | court | gavel | decides cases |
a firefighter | fire station | hose | puts out fires | ladder
a postman | post office | bicycle | delivers letters |
a miner | mine | pickaxe | digs coal | drill
a lumberjack | forest | axe | fells trees | saw
a beekeeper | apiary | smoker | harvests honey |
an astronomer | observatory | telescope | studies stars |
a conductor | concert hall | baton | leads an orchestra |
"""

COUNTRIES = """
name | capital | continent | also
France | Paris | Europe |
Spain | Madrid | Europe |
Portugal | Lisbon | Europe |
Italy | Rome | Europe |
Greece | Athens | Europe |
Austria | Vienna | Europe |
Germany | Berlin | Europe |
Poland | Warsaw | Europe |
Hungary | Budapest | Europe |
Norway | Oslo | Europe |
Sweden | Stockholm | Europe |
Finland | Helsinki | Europe |
Denmark | Copenhagen | Europe |
Ireland | Dublin | Europe |
Iceland | Reykjavik | Europe |
Egypt | Cairo | Africa |
Morocco | Rabat | Africa |
Kenya | Nairobi | Africa |
Ghana | Accra | Africa |
Senegal | Dakar | Africa |
Ethiopia | Addis Ababa | Africa |
Nigeria | Abuja | Africa |
Uganda | Kampala | Africa |
Zambia | Lusaka | Africa |
Japan | Tokyo | Asia |
China | Beijing | Asia |
India | New Delhi | Asia |
Thailand | Bangkok | Asia |
Vietnam | Hanoi | Asia |
Nepal | Kathmandu | Asia |
Iran | Tehran | Asia |
Iraq | Baghdad | Asia |
Mongolia | Ulaanbaatar | Asia |
South Korea | Seoul | Asia |
Canada | Ottawa | North America |
Cuba | Havana | North America |
Costa Rica | San José | North America |
Jamaica | Kingston | North America |
Brazil | Brasília | South America |
Argentina | Buenos Aires | South America |
Chile | Santiago | South America |
Peru | Lima | South America |
Colombia | Bogotá | South America |
Uruguay | Montevideo | South America |
Australia | Canberra | Oceania |
New Zealand | Wellington | Oceania |
Fiji | Suva | Oceania |
"""

MONTHS = """
name | next | season | holiday | days | also
January | February | winter | New Year | thirty-one |
February | March | winter | Valentine's Day | twenty-eight | twenty-nine
March | April | spring | Saint Patrick's Day | thirty-one | winter
April | May | spring | April Fools' Day | thirty |
May | June | spring | May Day | thirty-one |
June | July | summer | midsummer | thirty | spring
July | August | summer | Bastille Day | thirty-one |
August | September | summer | Assumption Day | thirty-one |
September | October | autumn | Michaelmas | thirty | summer
October | November | autumn | Halloween | thirty-one |
November | December | autumn | All Saints' Day | thirty |
December | January | winter | Christmas | thirty-one | autumn
"""

WEEKDAYS = """
name | next | before
Monday | Tuesday | Sunday
Tuesday | Wednesday | Monday
Wednesday | Thursday | Tuesday
Thursday | Friday | Wednesday
Friday | Saturday | Thursday
Saturday | Sunday | Friday
Sunday | Monday | Saturday
"""

UNITS = """
name | equals
a minute | sixty seconds
an hour | sixty minutes
a day | twenty-four hours
a week | seven days
a fortnight | fourteen days
a year | twelve months
a decade | ten years
a century | one hundred years
a metre | one hundred centimetres
a centimetre | ten millimetres
a kilometre | one thousand metres
a foot | twelve inches
a yard | three feet
a kilogram | one thousand grams
a tonne | one thousand kilograms
a pound | sixteen ounces
a litre | one thousand millilitres
a dozen | twelve pieces
a score | twenty pieces
a right angle | ninety degrees
"""

KIN = """
name | word
the mother of a parent | grandmother
the father of a parent | grandfather
the brother of a parent | uncle
the sister of a parent | aunt
the child of an uncle | cousin
the son of a brother | nephew
the daughter of a brother | niece
the son of a child | grandson
the daughter of a child | granddaughter
the mother of a wife | mother-in-law
the father of a wife | father-in-law
the brother of a wife | brother-in-law
the husband of a daughter | son-in-law
the wife of a son | daughter-in-law
the new husband of a mother | stepfather
the new wife of a father | stepmother
"""

THINGS = """
name | colour | also
snow | white |
grass | green |
the clear sky | blue |
coal | black |
fresh blood | red |
a lemon peel | yellow |
a ripe orange | orange |
an elephant hide | grey | brown
tree bark | brown | grey
a flamingo | pink |
a raven | black |
a polar bear | white |
an emerald | green |
a ruby | red |
a sapphire | blue |
an amethyst | purple |
a fire engine | red |
a canary | yellow |
a sunflower | yellow |
lavender | purple |
a swan feather | white |
ash | grey | white
a piglet | pink |
a frog | green | brown
a chestnut | brown |
a rain cloud | grey | black
a pumpkin | orange |
a cornflower | blue |
"""

OPPOSITES = """
hot cold, big small, old young, fast slow, high low, long short, wide narrow, thick thin, heavy light, full
empty, wet dry, clean dirty, rich poor, strong weak, hard soft, early late, open closed, happy sad, loud
quiet, near far, deep shallow, right wrong, true false, alive dead, awake asleep, brave afraid, sharp blunt,
rough smooth, tight loose, cheap expensive, easy difficult, safe dangerous, polite rude, generous stingy, lazy
busy, first last, inside outside, above below, before after, begin end, buy sell, give take, push pull, laugh
cry, win lose, remember forget, arrive leave, rise fall, love hate, friend enemy, day night, summer winter,
north south, east west, question answer, always never, all none, succeed fail, attack defend, import export
"""


ALSO_OPPOSITE = {
    "hard": "easy",
    "easy": "hard",
    "soft": "loud, sharp, rough",
    "loud": "soft",
    "right": "false",
    "false": "right",
    "true": "wrong",
    "wrong": "true",
    "win": "fail",
    "fail": "win",
    "succeed": "lose",
    "lose": "succeed",
    "sharp": "soft, smooth",
    "rough": "soft",
    "smooth": "sharp",
    "thin": "wide",
    "wide": "thin",
    "weak": "hard",
}
"""Second opposites that a wrong choice must not be."""


def opposites_table() -> str:
    """Return the pairs of opposites as a table; each word of a pair has a line, so that both ways are facts."""
    rows = []
    for pair in OPPOSITES.replace("\n", " ").split(","):
        first, second = pair.split()
        rows += [f"{a} | {b} | {ALSO_OPPOSITE.get(a, '')}" for a, b in ((first, second), (second, first))]
    return "\n".join(["name | opposite | also", *rows])


def sums_table() -> str:
    """Return additions in words, ``seven plus five | twelve``, of every two numbers from two to eleven."""
    pairs = [(a, b) for a in range(2, 12) for b in range(a, 12)]
    rows = [f"{in_words(a)} plus {in_words(b)} | {in_words(a + b)}" for a, b in pairs]
    return "\n".join(["name | result", *rows])


def products_table() -> str:
    """Return multiplications in words, ``six times seven | forty-two``, of every two numbers from two to ten."""
    pairs = [(a, b) for a in range(2, 11) for b in range(a, 11)]
    rows = [f"{in_words(a)} times {in_words(b)} | {in_words(a * b)}" for a, b in pairs]
    return "\n".join(["name | result", *rows])
