"""Tables of true facts about the solid Earth.

Minerals: formula, crystal system, Mohs hardness, density and colour as in standard references (Handbook of Mineralogy;
Deer, Howie and Zussman); a published range is represented by one value, and further values that hold as well stand after
a slash, so that they are never offered as wrong choices. Trigonal minerals are called hexagonal in part of the
literature, and the other way round. Time scale: International Chronostratigraphic Chart, version 2023/09, in million
years, rounded to one decimal where the chart is finer.
"""

# ruff: noqa: E501  (one row of a table is one line)

from __future__ import annotations

from collections.abc import Iterator

from data_tools.worlds.engine import Fact, make_fact

MINERAL_COLUMNS = (
    "formula",
    "crystal_system",
    "hardness",
    "density",
    "color",
    "luster",
    "streak",
    "group",
    "occurrence",
)
MINERALS = """
quartz|SiO2|trigonal|7|2.65|colorless/white/pink/purple/brown/gray/yellow/green/black|vitreous|white|oxide/silicate|granite and sandstone
talc|Mg3Si4O10(OH)2|triclinic/monoclinic|1|2.75|pale green/green/white/gray|pearly/greasy|white|silicate|altered ultramafic rocks
gypsum|CaSO4·2H2O|monoclinic|2|2.32|white/colorless/gray|vitreous/silky/pearly|white|sulfate|evaporite beds
calcite|CaCO3|trigonal|3|2.71|white/colorless/yellow/gray/pink|vitreous/pearly|white|carbonate|limestone and marble
fluorite|CaF2|cubic|4|3.18|purple/green/colorless/yellow/blue/pink|vitreous|white|halide|hydrothermal veins
apatite|Ca5(PO4)3F|hexagonal|5|3.19|green/blue/yellow/brown/colorless|vitreous/resinous|white|phosphate|igneous rocks and phosphate beds
orthoclase|KAlSi3O8|monoclinic|6|2.56|pink/white/colorless/yellow/gray|vitreous/pearly|white|silicate|granite and syenite
topaz|Al2SiO4F2|orthorhombic|8|3.55|yellow/colorless/blue/pink/brown|vitreous|white|silicate|granite pegmatites
corundum|Al2O3|trigonal|9|4.02|blue/red/gray/colorless/pink/yellow/brown|vitreous/adamantine|white|oxide|syenite and marble
diamond|C|cubic|10|3.52|colorless/yellow/brown/gray/black|adamantine|white|native element|kimberlite pipes
pyrite|FeS2|cubic|6.5/6|5.01|brass yellow/golden yellow/yellow|metallic|greenish black/black|sulfide|veins and black shale
galena|PbS|cubic|2.5|7.58|lead gray/gray|metallic|lead gray/gray|sulfide|lead and zinc veins
sphalerite|ZnS|cubic|3.5/4|4.05|brown/black/yellow/red|resinous/adamantine|pale yellow/brown|sulfide|lead and zinc veins
chalcopyrite|CuFeS2|tetragonal|3.5/4|4.19|golden yellow/brass yellow/yellow|metallic|greenish black/black|sulfide|porphyry copper deposits
magnetite|Fe3O4|cubic|6/5.5/6.5|5.18|black|metallic|black|oxide|basalt and banded iron
hematite|Fe2O3|trigonal|6/5.5/6.5|5.26|steel gray/red/black/gray/brown|metallic|red/brown|oxide|banded iron formations
halite|NaCl|cubic|2.5/2|2.17|colorless/white/pink/blue/gray|vitreous|white|halide|evaporite beds
sylvite|KCl|cubic|2/2.5|1.99|white/colorless/red/pink|vitreous|white|halide|evaporite beds
barite|BaSO4|orthorhombic|3/3.5|4.48|white/colorless/yellow/blue/brown/pale blue|vitreous/pearly|white|sulfate|hydrothermal veins
celestine|SrSO4|orthorhombic|3.5/3|3.97|pale blue/blue/white/colorless|vitreous/pearly|white|sulfate|cavities in limestone
anhydrite|CaSO4|orthorhombic|3.5/3|2.97|pale gray/white/gray/blue/pale blue/colorless|vitreous/pearly/greasy|white|sulfate|evaporite beds
dolomite|CaMg(CO3)2|trigonal|3.5/4|2.85|white/pink/gray/colorless/brown|vitreous/pearly|white|carbonate|dolostone and marble
aragonite|CaCO3|orthorhombic|3.5/4|2.93|white/colorless/gray/yellow|vitreous/resinous|white|carbonate|shells and hot spring deposits
siderite|FeCO3|trigonal|4/3.5/4.5|3.96|brown/yellow/gray|vitreous/pearly/silky|white|carbonate|ironstone beds
malachite|Cu2CO3(OH)2|monoclinic|3.5/4|4|green/dark green|silky/vitreous/adamantine|pale green/green|carbonate|oxidized copper deposits
azurite|Cu3(CO3)2(OH)2|monoclinic|3.5/4|3.77|blue|vitreous|pale blue/blue|carbonate|oxidized copper deposits
olivine|(Mg,Fe)2SiO4|orthorhombic|6.5/7|3.3|green/yellow/pale green|vitreous|white|silicate|basalt and peridotite
almandine|Fe3Al2(SiO4)3|cubic|7.5/7|4.32|red/brown/black|vitreous/resinous|white|silicate|mica schist
zircon|ZrSiO4|tetragonal|7.5|4.65|brown/red/colorless/yellow/gray/green|adamantine/vitreous|white|silicate|granite and beach sands
beryl|Be3Al2Si6O18|hexagonal|7.5/8|2.7|green/blue/yellow/colorless/pink/white/pale green/pale blue|vitreous|white|silicate|granite pegmatites
schorl|NaFe3Al6Si6O18(BO3)3(OH)4|trigonal|7|3.2|black|vitreous|white/gray|silicate|granite pegmatites
kyanite|Al2SiO5|triclinic||3.6|blue/white/gray/green/pale blue|vitreous/pearly|white|silicate|schist and gneiss
andalusite|Al2SiO5|orthorhombic|7/6.5/7.5|3.15|pink/brown/white/gray/green|vitreous|white|silicate|hornfels
sillimanite|Al2SiO5|orthorhombic|7/6.5/7.5|3.24|white/colorless/gray/brown|vitreous/silky|white|silicate|high grade gneiss
staurolite|Fe2Al9Si4O23(OH)|monoclinic|7/7.5|3.75|brown/red/black|vitreous/resinous|white/gray|silicate|mica schist
epidote|Ca2Al2FeSi3O12(OH)|monoclinic|6.5/6/7|3.4|yellowish green/green/dark green|vitreous|white/gray|silicate|greenschist
muscovite|KAl3Si3O10(OH)2|monoclinic|2.5/2|2.82|silver white/colorless/white/gray|pearly/vitreous/silky|white|silicate|mica schist and granite
biotite|K(Mg,Fe)3AlSi3O10(OH)2|monoclinic|2.5/3|3.1|black/brown/dark green|pearly/vitreous|white/gray|silicate|granite and gneiss
clinochlore|Mg5Al2Si3O10(OH)8|monoclinic|2/2.5|2.65|green/dark green/pale green|pearly/vitreous/greasy|white/pale green|silicate|greenschist
kaolinite|Al2Si2O5(OH)4|triclinic|2/2.5|2.6|white|earthy/pearly|white|silicate|weathered feldspar rocks
albite|NaAlSi3O8|triclinic|6/6.5|2.62|white/colorless/gray|vitreous/pearly|white|silicate|granite and pegmatites
anorthite|CaAl2Si2O8|triclinic|6/6.5|2.75|gray/white/colorless|vitreous|white|silicate|gabbro
nepheline|NaAlSiO4|hexagonal|6/5.5|2.6|gray/white/colorless/yellow/green|greasy/vitreous|white|silicate|syenite
sodalite|Na4Al3Si3O12Cl|cubic|6/5.5|2.29|blue/gray/white|vitreous/greasy|white|silicate|syenite
augite|(Ca,Mg,Fe)2Si2O6|monoclinic|6/5.5|3.3|black/dark green/brown/green|vitreous/resinous|greenish gray/gray/brown|silicate|basalt and gabbro
diopside|CaMgSi2O6|monoclinic|6/5.5/6.5|3.28|green/pale green/white/dark green/gray|vitreous|white|silicate|skarn and marble
hornblende|Ca2Mg4Al2Si7O22(OH)2|monoclinic|5.5/5/6|3.2|black/dark green/green/brown|vitreous/pearly|gray/white/greenish gray|silicate|diorite and amphibolite
glaucophane|Na2Mg3Al2Si8O22(OH)2|monoclinic|6/6.5|3.1|blue/gray/black|vitreous/pearly|bluish gray/gray|silicate|blueschist
wollastonite|CaSiO3|triclinic|4.5/5|2.9|white/colorless/gray|vitreous/silky/pearly|white|silicate|skarn
titanite|CaTiSiO5|monoclinic|5.5/5|3.52|brown/yellow/green/gray/black|adamantine/resinous/vitreous|white|silicate|granite and gneiss
rutile|TiO2|tetragonal|6/6.5|4.23|reddish brown/red/brown/black|adamantine/metallic|pale brown/yellow/brown|oxide|beach sands
ilmenite|FeTiO3|trigonal|5.5/5/6|4.72|black|metallic/submetallic|black|oxide|gabbro and beach sands
chromite|FeCr2O4|cubic|5.5|4.6|black/brown|metallic/submetallic|brown|oxide|peridotite
cassiterite|SnO2|tetragonal|6.5/6/7|7|brown/black/yellow|adamantine|white/gray/brown|oxide|tin veins
spinel|MgAl2O4|cubic|8/7.5|3.6|red/blue/pink/black/green/brown|vitreous|white|oxide|marble
goethite|FeO(OH)|orthorhombic|5.5/5|4.28|brown/black/yellow/yellowish brown/reddish brown|earthy/silky/adamantine|yellowish brown/brown/yellow|hydroxide/oxide|weathered iron ore
cuprite|Cu2O|cubic|3.5/4|6.14|dark red/red/black|adamantine/metallic|brownish red/red|oxide|oxidized copper deposits
gold|Au|cubic|2.5/3|19.3|golden yellow/yellow|metallic|golden yellow/yellow|native element|quartz veins and river gravels
silver|Ag|cubic|2.5/3|10.5|silver white/gray/white/black|metallic|silver white/white|native element|hydrothermal veins
copper|Cu|cubic|2.5/3|8.94|copper red/red/brown|metallic|copper red/red|native element|lavas and oxidized copper deposits
sulfur|S|orthorhombic|2/1.5/2.5|2.07|yellow|resinous/greasy|white|native element|volcanic vents
graphite|C|hexagonal|1.5/1/2|2.2|black/gray|metallic/submetallic/earthy|black/gray|native element|marble and schist
cinnabar|HgS|trigonal|2.5/2|8.18|scarlet red/red/gray|adamantine|scarlet red/red|sulfide|hot spring deposits
stibnite|Sb2S3|orthorhombic|2|4.63|lead gray/gray/steel gray|metallic|lead gray/gray|sulfide|antimony veins
realgar|AsS|monoclinic|1.5/2|3.56|orange red/red/orange|resinous/greasy|orange/orange red|sulfide|hot spring deposits
orpiment|As2S3|monoclinic|1.5/2|3.49|lemon yellow/yellow/golden yellow|resinous/pearly|pale yellow/yellow|sulfide|hot spring deposits
molybdenite|MoS2|hexagonal|1/1.5|4.7|lead gray/gray|metallic|bluish gray/gray|sulfide|porphyry deposits
bornite|Cu5FeS4|orthorhombic|3|5.08|bronze/red/brown/purple/copper red|metallic|grayish black/black/gray|sulfide|porphyry copper deposits
pyrrhotite|Fe7S8|monoclinic/hexagonal|4/3.5/4.5|4.61|bronze/brown/yellow|metallic|black/grayish black|sulfide|gabbro and nickel deposits
turquoise|CuAl6(PO4)4(OH)8·4H2O|triclinic|5.5/5/6|2.7|sky blue/blue/green/pale blue|waxy/vitreous|white|phosphate|weathered copper deposits
rhodochrosite|MnCO3|trigonal|3.5/4|3.7|pink/red/brown|vitreous/pearly|white|carbonate|silver veins
"""

ROCK_COLUMNS = ("rock_family", "texture", "ingredients", "setting")
ROCKS = """
granite|intrusive igneous|coarse grained|quartz and feldspar|deep continental magma chambers
diorite|intrusive igneous|coarse grained|plagioclase and hornblende|the roots of volcanic arcs
gabbro|intrusive igneous|coarse grained|plagioclase and augite|the lower oceanic crust
peridotite|intrusive igneous|coarse grained|olivine and pyroxene|the upper mantle
syenite|intrusive igneous|coarse grained|alkali feldspar|continental rift zones
pegmatite|intrusive igneous|very coarse grained|quartz, feldspar and mica|the last melt around a granite body
anorthosite|intrusive igneous|coarse grained|plagioclase|layered intrusions
basalt|extrusive igneous|fine grained|plagioclase and augite|the ocean floor
andesite|extrusive igneous|fine grained|plagioclase and amphibole|volcanic arcs above subduction zones
rhyolite|extrusive igneous|fine grained|quartz and alkali feldspar|explosive continental volcanoes
komatiite|extrusive igneous|spinifex|olivine|hot lava flows of the Archean
obsidian|extrusive igneous|glassy|volcanic glass|fast cooled lava flows
pumice|extrusive igneous|frothy|volcanic glass|gas rich explosive eruptions
tuff|extrusive igneous|ashy|volcanic ash|ash falls around volcanoes
sandstone|clastic sedimentary|sandy|quartz grains|beaches, rivers and deserts
shale|clastic sedimentary|fissile|clay minerals|quiet sea floors and lakes
siltstone|clastic sedimentary|silty|quartz silt|river floodplains
conglomerate|clastic sedimentary|pebbly|rounded rock pebbles|gravel bars of fast rivers
breccia|clastic sedimentary|angular|angular rock fragments|the foot of steep slopes
tillite|clastic sedimentary|unsorted|boulders in mud|the beds of old glaciers
graywacke|clastic sedimentary|gritty|sand and dark mud|turbidity currents in deep water
rock salt|chemical sedimentary|crystalline|halite|drying salt lakes and lagoons
gyprock|chemical sedimentary|crystalline|gypsum|shallow evaporating seas
travertine|chemical sedimentary|banded|calcite|hot springs and caves
oolite|chemical sedimentary|oolitic|calcite grains|warm shallow water with waves
ironstone|chemical sedimentary|banded|hematite and chert|the oceans of the early Earth
chalk|biogenic sedimentary|powdery|plates of tiny algae|clear open seas
coquina|biogenic sedimentary|shelly|shell fragments|shell beaches
coal|biogenic sedimentary|brittle|plant carbon|swamps
diatomite|biogenic sedimentary|porous|opal shells of diatoms|cold lakes and seas
slate|foliated metamorphic|flat and cleaved|clay and fine mica|shale pressed at low heat
phyllite|foliated metamorphic|silky|fine mica|shale heated a little more than slate
schist|foliated metamorphic|flaky|mica and quartz|the cores of mountain belts
gneiss|foliated metamorphic|banded|feldspar, quartz and biotite|deep roots of mountain belts
blueschist|foliated metamorphic|needle like|glaucophane|cold subduction zones
marble|nonfoliated metamorphic|interlocking|calcite crystals|limestone that was heated
quartzite|nonfoliated metamorphic|fused|quartz crystals|sandstone that was heated
hornfels|nonfoliated metamorphic|flinty|fine mixed silicates|the baked contact of an intrusion
eclogite|nonfoliated metamorphic|spotted|garnet and omphacite|deeply buried oceanic crust
serpentinite|nonfoliated metamorphic|slippery|serpentine|mantle rock soaked by sea water
"""

TIME_COLUMNS = ("start", "end", "part_of", "event")
TIMES = """
the Hadean Eon|4567|4031||the Moon formed
the Archean Eon|4031|2500||the first known life left traces
the Proterozoic Eon|2500|538.8||oxygen built up in the air
the Phanerozoic Eon|538.8|||animals with shells became common
the Paleoproterozoic Era|2500|1600|the Proterozoic Eon|large banded iron formations grew
the Mesoproterozoic Era|1600|1000|the Proterozoic Eon|the supercontinent Rodinia came together
the Neoproterozoic Era|1000|538.8|the Proterozoic Eon|ice covered much of the planet
the Paleozoic Era|538.8|251.9|the Phanerozoic Eon|fish and land plants appeared
the Mesozoic Era|251.9|66|the Phanerozoic Eon|dinosaurs ruled the land
the Cenozoic Era|66||the Phanerozoic Eon|mammals spread over the land
the Eoarchean Era|4031|3600|the Archean Eon|the oldest known sediments formed
the Paleoarchean Era|3600|3200|the Archean Eon|the oldest clear stromatolites grew
the Mesoarchean Era|3200|2800|the Archean Eon|early continents grew thick
the Neoarchean Era|2800|2500|the Archean Eon|many cratons became stable
the Siderian Period|2500|2300|the Paleoproterozoic Era|iron settled out of the sea
the Rhyacian Period|2300|2050|the Paleoproterozoic Era|the Bushveld intrusion formed
the Orosirian Period|2050|1800|the Paleoproterozoic Era|the Vredefort and Sudbury impacts struck
the Stenian Period|1200|1000|the Mesoproterozoic Era|narrow mountain belts rose
the Tonian Period|1000|720|the Neoproterozoic Era|Rodinia began to break up
the Cryogenian Period|720|635|the Neoproterozoic Era|the Earth became a snowball
the Ediacaran Period|635|538.8|the Neoproterozoic Era|soft bodied animals lived on the sea floor
the Cambrian Period|538.8|485.4|the Paleozoic Era|trilobites became common
the Ordovician Period|485.4|443.8|the Paleozoic Era|jawless fish and corals spread
the Silurian Period|443.8|419.2|the Paleozoic Era|the first vascular plants grew on land
the Devonian Period|419.2|358.9|the Paleozoic Era|fish became diverse and forests appeared
the Carboniferous Period|358.9|298.9|the Paleozoic Era|great coal swamps grew
the Permian Period|298.9|251.9|the Paleozoic Era|the greatest mass extinction ended the age
the Triassic Period|251.9|201.4|the Mesozoic Era|the first dinosaurs appeared
the Jurassic Period|201.4|145|the Mesozoic Era|giant sauropods and the first birds lived
the Cretaceous Period|145|66|the Mesozoic Era|flowering plants spread
the Paleogene Period|66|23|the Cenozoic Era|the first whales swam
the Neogene Period|23|2.6|the Cenozoic Era|grasslands spread
the Quaternary Period|2.6||the Cenozoic Era|ice sheets came and went
the Paleocene Epoch|66|56|the Paleogene Period|mammals grew larger after the dinosaurs
the Eocene Epoch|56|33.9|the Paleogene Period|the climate was very warm
the Oligocene Epoch|33.9|23|the Paleogene Period|ice grew on Antarctica
the Miocene Epoch|23|5.3|the Neogene Period|apes became diverse
the Pliocene Epoch|5.3|2.6|the Neogene Period|early hominins walked upright
"""

BOUNDARY_COLUMNS = ("boundary_type", "plates", "place")
BOUNDARIES = """
the Mid-Atlantic Ridge|spreading ridge|North American and Eurasian|the North Atlantic Ocean
the East Pacific Rise|spreading ridge|Pacific and Nazca|the eastern Pacific Ocean
the Southeast Indian Ridge|spreading ridge|Australian and Antarctic|the ocean south of Australia
the Southwest Indian Ridge|spreading ridge|African and Antarctic|the ocean south of Africa
the Juan de Fuca Ridge|spreading ridge|Pacific and Juan de Fuca|the sea west of Oregon
the Gakkel Ridge|spreading ridge|North American and Eurasian|the Arctic Ocean
the Galapagos Spreading Center|spreading ridge|Cocos and Nazca|the sea north of the Galapagos Islands
the Chile Ridge|spreading ridge|Nazca and Antarctic|the sea west of southern Chile
the East African Rift|continental rift|Nubian and Somali|Kenya and Ethiopia
the Baikal Rift|continental rift|Eurasian and Amur|Siberia
the Corinth Rift|continental rift|Aegean and Eurasian|Greece
the San Andreas Fault|transform fault|Pacific and North American|California
the Alpine Fault|transform fault|Pacific and Australian|the South Island of New Zealand
the Dead Sea Transform|transform fault|Arabian and Sinai|Israel and Jordan
the North Anatolian Fault|transform fault|Anatolian and Eurasian|northern Turkey
the Queen Charlotte Fault|transform fault|Pacific and North American|coastal British Columbia
the Motagua Fault|transform fault|North American and Caribbean|Guatemala
the Owen Fracture Zone|transform fault|Indian and Arabian|the Arabian Sea
the Peru-Chile Trench|subduction zone|Nazca and South American|the western edge of South America
the Cascadia Trench|subduction zone|Juan de Fuca and North American|coastal Washington
the Middle America Trench|subduction zone|Cocos and Caribbean|coastal Costa Rica
the Japan Trench|subduction zone|Pacific and Okhotsk|the sea east of Honshu
the Mariana Trench|subduction zone|Pacific and Philippine Sea|the sea east of Guam
the Tonga Trench|subduction zone|Pacific and Tonga|the sea east of Tonga
the Aleutian Trench|subduction zone|Pacific and North American|the sea south of Alaska
the Sunda Trench|subduction zone|Australian and Sunda|the sea south of Java
the Puerto Rico Trench|subduction zone|North American and Caribbean|the sea north of Puerto Rico
the South Sandwich Trench|subduction zone|South American and Sandwich|the far South Atlantic Ocean
the Hellenic Trench|subduction zone|African and Aegean|the sea south of Crete
the Himalayan mountain belt|collision zone|Indian and Eurasian|Nepal and Tibet
the Alpine mountain belt|collision zone|Adriatic and Eurasian|Switzerland and Austria
the Zagros mountain belt|collision zone|Arabian and Eurasian|western Iran
the Pyrenean mountain belt|collision zone|Iberian and Eurasian|southern France and northern Spain
the Caucasus mountain belt|collision zone|Arabian and Eurasian|Georgia and Armenia
"""

TABLES = {
    "mineral": (MINERALS, MINERAL_COLUMNS),
    "rock": (ROCKS, ROCK_COLUMNS),
    "time": (TIMES, TIME_COLUMNS),
    "boundary": (BOUNDARIES, BOUNDARY_COLUMNS),
}
_NUMBERS = ("hardness", "density", "start", "end")
_UNITS = {"density": "grams per cubic centimeter", "start": "million years", "end": "million years"}


def geo_facts() -> Iterator[Fact]:
    """Yield the facts of all tables; an empty cell is no fact."""
    for kind, (table, columns) in TABLES.items():
        for line in table.strip().splitlines():
            entity, *cells = line.split("|")
            for relation, cell in zip(columns, cells, strict=True):
                if cell:
                    yield _fact(kind, entity, relation, cell)


def _fact(kind: str, entity: str, relation: str, cell: str) -> Fact:
    value, *others = cell.split("/")
    if relation == "crystal_system" and value in ("trigonal", "hexagonal"):
        others += ["trigonal", "hexagonal"]
    number = float(value) if relation in _NUMBERS else None
    return make_fact(
        "geo", kind, entity, relation, value, number=number, also_true=tuple(others), unit=_UNITS.get(relation, "")
    )
