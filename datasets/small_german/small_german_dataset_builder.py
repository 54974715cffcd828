"""Small English sentences and their German translations, out of a grammar that knows both."""

import random
import zlib

import tensorflow_datasets as tfds

COUNT = 4000  # sentences
SPLITS = {0: "test", 1: "validation"}  # of twelve shares of the sentences; others are train's
# English singular and plural; German gender (m, f, n), singular, plural.
NOUNS = (
    ("dog", "dogs", "m", "Hund", "Hunde"),
    ("cat", "cats", "f", "Katze", "Katzen"),
    ("child", "children", "n", "Kind", "Kinder"),
    ("woman", "women", "f", "Frau", "Frauen"),
    ("teacher", "teachers", "m", "Lehrer", "Lehrer"),
    ("doctor", "doctors", "f", "Ärztin", "Ärztinnen"),
    ("girl", "girls", "n", "Mädchen", "Mädchen"),
    ("friend", "friends", "m", "Freund", "Freunde"),
    ("horse", "horses", "n", "Pferd", "Pferde"),
    ("bird", "birds", "m", "Vogel", "Vögel"),
)
THINGS = (
    ("book", "books", "n", "Buch", "Bücher"),
    ("house", "houses", "n", "Haus", "Häuser"),
    ("tree", "trees", "m", "Baum", "Bäume"),
    ("door", "doors", "f", "Tür", "Türen"),
    ("ball", "balls", "m", "Ball", "Bälle"),
    ("flower", "flowers", "f", "Blume", "Blumen"),
    ("boat", "boats", "n", "Boot", "Boote"),
    ("picture", "pictures", "n", "Bild", "Bilder"),
    ("table", "tables", "m", "Tisch", "Tische"),
    ("street", "streets", "f", "Straße", "Straßen"),
)
ADJECTIVES = (
    ("old", "alt"), ("small", "klein"), ("big", "groß"), ("young", "jung"), ("new", "neu"),
    ("red", "rot"), ("green", "grün"), ("beautiful", "schön"), ("quiet", "still"),
    ("tired", "müd"),
)  # fmt: skip
# English: infinitive, third person; German: third person, plural and infinitive, participle.
VERBS = (
    ("see", "sees", "sieht", "sehen", "gesehen"),
    ("buy", "buys", "kauft", "kaufen", "gekauft"),
    ("find", "finds", "findet", "finden", "gefunden"),
    ("look for", "looks for", "sucht", "suchen", "gesucht"),
    ("paint", "paints", "malt", "malen", "gemalt"),
    ("love", "loves", "liebt", "lieben", "geliebt"),
    ("show", "shows", "zeigt", "zeigen", "gezeigt"),
    ("bring", "brings", "bringt", "bringen", "gebracht"),
)
PARTICIPLES = ("seen", "bought", "found", "looked for", "painted", "loved", "shown", "brought")
MODALS = (("can", "can", "kann", "können"), ("must", "must", "muss", "müssen"))
TIMES = (
    ("today", "heute"), ("tomorrow", "morgen"), ("in the evening", "am Abend"),
    ("now", "jetzt"), ("on Monday", "am Montag"), ("often", "oft"),
)  # fmt: skip
NUMBERS = (("two", "zwei"), ("three", "drei"), ("four", "vier"), ("ten", "zehn"))
THE = {"m": ("der", "den"), "f": ("die", "die"), "n": ("das", "das")}  # subject, object
A = {"m": ("ein", "einen"), "f": ("eine", "eine"), "n": ("ein", "ein")}
WEAK = {"m": ("e", "en"), "f": ("e", "e"), "n": ("e", "e")}  # behind der, die, das
STRONG = {"m": ("er", "en"), "f": ("e", "e"), "n": ("es", "es")}  # behind ein, eine


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; no sentence is in two of them."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        text = tfds.features.Text()
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({"id": text, "en": text, "de": text}),
            homepage="https://en.wikipedia.org/wiki/German_grammar",
        )

    def _split_generators(self, dl_manager):
        parts = {"train": [], "validation": [], "test": []}
        for i, (english, german) in enumerate(sentences(COUNT)):
            share = zlib.crc32(english.encode()) % 12
            parts[SPLITS.get(share, "train")].append((i, english, german))
        return {split: self._generate_examples(part) for split, part in parts.items()}

    def _generate_examples(self, part):
        for i, english, german in part:
            yield i, {"id": f"{i:05d}", "en": english, "de": german}


def sentences(count):
    """(English, German) of so many sentences that differ, always the same."""
    chance, found = random.Random(0), {}
    while len(found) < count:
        english, german = sentence(chance)
        found.setdefault(english, german)
    return list(found.items())


def sentence(chance):
    """(English, German): who does, can do, or has done what, and maybe when.

    German has the verb at the second place, what belongs to it at the end, and cases.
    """
    who, wer, is_many = phrase(chance, NOUNS, 0)
    what, was, _ = phrase(chance, THINGS, 1)
    number = chance.randrange(len(VERBS))
    base, third, singular, plural, participle = VERBS[number]
    kind = chance.choice(("plain", "plain", "modal", "past"))
    if kind == "plain":
        does, tut, end = (base, plural, "") if is_many else (third, singular, "")
    elif kind == "modal":
        one, many, einer, viele = chance.choice(MODALS)
        does, tut, end = f"{many if is_many else one} {base}", viele if is_many else einer, plural
    else:
        has, hat = ("have", "haben") if is_many else ("has", "hat")
        does, tut, end = f"{has} {PARTICIPLES[number]}", hat, participle
    when, wann = chance.choice((("", ""), ("", ""), *TIMES)) if kind != "past" else ("", "")
    english = " ".join(filter(None, (who, does, what, when)))
    order = (wann, tut, wer, was, end) if wann else (wer, tut, was, end)
    german = " ".join(filter(None, order))
    return written(english), written(german)


def phrase(chance, nouns, case):
    """(English, German, whether it is several) of somebody or something; case: 0 or 1."""
    one, many, gender, einer, viele = chance.choice(nouns)
    english, german = chance.choice((("", ""), *ADJECTIVES))
    kind = chance.choice(("the", "a", "several", "number"))
    if kind == "the":
        words = ("the", english, one), (THE[gender][case], german + WEAK[gender][case], einer)
    elif kind == "a":
        article = "an" if (english or one)[0] in "aeiou" else "a"
        words = (article, english, one), (A[gender][case], german + STRONG[gender][case], einer)
    elif kind == "several":
        words = ("the", english, many), ("die", german + "en", viele)
    else:
        count, zahl = chance.choice(NUMBERS)
        words = (count, english, many), (zahl, german + "e", viele)
    ours, theirs = words
    if not english:
        theirs = (theirs[0], theirs[2])
    return " ".join(filter(None, ours)), " ".join(theirs), kind in ("several", "number")


def written(words):
    """A sentence with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."
