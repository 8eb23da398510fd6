"""Text that is no English: sentences in other languages from small word lists, and texts in no language at all."""

# ruff: noqa: E501  (one word list is one line)

from __future__ import annotations

import random

from data_tools.worlds.engine import capital

LANGUAGES = {
    "de": (
        "der alte Lehrer/die junge Ärztin/mein Nachbar/unsere Tante/der Bäcker/die Nachbarin/der Müller/das kleine Mädchen",
        "kauft/sucht/findet/zeigt/vergisst/bringt/verkauft/trägt",
        "einen roten Apfel/das neue Buch/die warme Suppe/einen Brief aus der Stadt/den Schlüssel/eine Karte von der Küste/das Brot/die Lampe",
        "auf dem Markt/nach dem Regen/vor der Schule/mit seinem Bruder/am frühen Morgen/hinter dem Haus/in der Küche/während der Reise",
        "weil es draußen nicht mehr kalt ist/und dann gehen wir zusammen nach Hause/aber niemand hat das gesehen/wenn die Glocke läutet/obwohl er müde war/und sie lacht dabei",
    ),
    "fr": (
        "le vieux professeur/la jeune femme/mon voisin/notre tante/le boulanger/le facteur/la petite fille/son frère",
        "achète/cherche/trouve/montre/oublie/apporte/vend/porte",
        "une pomme rouge/le nouveau livre/la soupe chaude/une lettre de la ville/la clé/une carte de la côte/du pain/la lampe",
        "sur le marché/après la pluie/devant l’école/avec son frère/tôt le matin/derrière la maison/dans la cuisine/pendant le voyage",
        "parce qu’il ne fait plus froid dehors/et nous rentrons ensemble à la maison/mais personne ne l’a vu/quand la cloche sonne/bien qu’il soit fatigué/et elle rit avec nous",
    ),
    "es": (
        "el viejo maestro/la joven doctora/mi vecino/nuestra tía/el panadero/el cartero/la niña pequeña/su hermano",
        "compra/busca/encuentra/muestra/olvida/trae/vende/lleva",
        "una manzana roja/el libro nuevo/la sopa caliente/una carta de la ciudad/la llave/un mapa de la costa/el pan/la lámpara",
        "en el mercado/después de la lluvia/delante de la escuela/con su hermano/por la mañana temprano/detrás de la casa/en la cocina/durante el viaje",
        "porque ya no hace frío en la calle/y luego volvemos juntos a casa/pero nadie lo ha visto/cuando suena la campana/aunque estaba cansado/y ella se ríe con nosotros",
    ),
    "it": (
        "il vecchio maestro/la giovane dottoressa/il mio vicino/nostra zia/il fornaio/il postino/la bambina/suo fratello",
        "compra/cerca/trova/mostra/dimentica/porta/vende/prende",
        "una mela rossa/il libro nuovo/la zuppa calda/una lettera della città/la chiave/una mappa della costa/il pane/la lampada",
        "al mercato/dopo la pioggia/davanti alla scuola/con suo fratello/la mattina presto/dietro la casa/nella cucina/durante il viaggio",
        "perché non fa più freddo fuori/e poi torniamo insieme a casa/ma nessuno lo ha visto/quando suona la campana/anche se era stanco/e lei ride con noi",
    ),
    "nl": (
        "de oude leraar/de jonge dokter/mijn buurman/onze tante/de bakker/de postbode/het kleine meisje/zijn broer",
        "koopt/zoekt/vindt/toont/vergeet/brengt/verkoopt/draagt",
        "een rode appel/het nieuwe boek/de warme soep/een brief uit de stad/de sleutel/een kaart van de kust/het brood/de lamp",
        "op de markt/na de regen/voor de school/met zijn broer/vroeg in de ochtend/achter het huis/in de keuken/tijdens de reis",
        "omdat het buiten niet meer koud is/en dan gaan wij samen naar huis/maar niemand heeft het gezien/als de klok luidt/hoewel hij moe was/en zij lacht erbij",
    ),
    "pl": (
        "stary nauczyciel/młoda lekarka/mój sąsiad/nasza ciotka/piekarz/listonosz/mała dziewczynka/jego brat",
        "kupuje/szuka i znajduje/pokazuje/zapomina/przynosi/sprzedaje/niesie/ogląda",
        "czerwone jabłko/nową książkę/ciepłą zupę/list z miasta/klucz/mapę wybrzeża/chleb/lampę",
        "na rynku/po deszczu/przed szkołą/ze swoim bratem/wcześnie rano/za domem/w kuchni/podczas podróży",
        "bo na dworze nie jest już zimno/a potem wracamy razem do domu/ale nikt tego nie widział/kiedy dzwoni dzwon/chociaż był zmęczony/i ona śmieje się z nami",
    ),
    "ru": (
        "старый учитель/молодая врач/мой сосед/наша тётя/пекарь/почтальон/маленькая девочка/его брат",
        "покупает/ищет/находит/показывает/забывает/приносит/продаёт/несёт",
        "красное яблоко/новую книгу/тёплый суп/письмо из города/ключ/карту побережья/хлеб/лампу",
        "на рынке/после дождя/перед школой/со своим братом/рано утром/за домом/на кухне/во время поездки",
        "потому что на улице уже не холодно/и потом мы вместе идём домой/но никто этого не видел/когда звонит колокол/хотя он устал/и она смеётся вместе с нами",
    ),
}  # fmt: skip
"""Per language: subjects, verbs, objects, places and times, endings; every combination is a sentence."""
GIBBERISH_FORMS = ("letters", "shuffled", "symbols")


def foreign_text(language: str, rng: random.Random) -> str:
    """Return 8 to 16 sentences of ``language`` (a key of ``LANGUAGES``)."""
    slots = [slot.split("/") for slot in LANGUAGES[language]]
    sentences = []
    for _ in range(rng.randint(8, 16)):
        subject, verb, thing, where, ending = (rng.choice(slot) for slot in slots)
        comma = "" if ending.split()[0] in ("und", "et", "y", "e", "en", "a", "i", "и") else ","
        sentences.append(capital(f"{subject} {verb} {thing} {where}{comma} {ending}."))
    return " ".join(sentences)


def gibberish(form: str, text: str, rng: random.Random) -> str:
    """Return 80 to 200 words of nonsense: random letters, the letters of ``text`` shuffled, or symbols and digits."""
    num_words = rng.randint(80, 200)
    if form == "shuffled":
        letters = [character for character in text.lower() if character.isalpha()] or list("abcdefghijklmnop")
        rng.shuffle(letters)
        source = "".join(letters) * (1 + 8 * num_words // len(letters))
        lengths = [rng.randint(2, 9) for _ in range(num_words)]
        starts = [sum(lengths[:i]) for i in range(num_words)]
        words = [source[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    else:
        alphabet = "abcdefghijklmnopqrstuvwxyz" if form == "letters" else "#%&*+=<>/|~^0123456789xkqz"
        words = ["".join(rng.choices(alphabet, k=rng.randint(2, 9))) for _ in range(num_words)]
    words = [word or "x" for word in words]
    return " ".join(f"{word}." if place % 11 == 10 else word for place, word in enumerate(words)) + "."
