"""Made-up sentences of reviews, with the aspects that they speak of and what they say of each."""

import hashlib
import random

import numpy as np
import tensorflow_datasets as tfds

POLARITIES = ("negative", "neutral", "positive", "conflict")
COUNTS = {"train": 1200, "validation": 200, "test": 400}
SHARES = {"train": range(14), "validation": range(14, 17), "test": range(17, 20)}  # of 20
ASPECTS = (
    "battery", "battery life", "screen", "keyboard", "touch pad", "speakers", "price", "camera",
    "fan", "charger", "power cord", "hard drive", "sound quality", "customer service", "case",
    "microphone", "hinge", "boot time", "display resolution", "operating system", "warranty",
    "memory card slot", "volume control", "software", "webcam", "strap", "USB port", "manual",
)  # fmt: skip
WORDS = {
    "positive": (
        "great", "excellent", "superb", "lovely", "fantastic", "better than I hoped", "very good",
        "reliable", "a joy", "wonderful", "flawless", "impressive", "worth every penny",
    ),
    "negative": (
        "awful", "terrible", "poor", "disappointing", "useless", "worse than I feared", "very bad",
        "unreliable", "a nuisance", "dreadful", "faulty", "annoying", "a waste of money",
    ),
}  # fmt: skip
ONE = {  # {word} says what the polarity is
    "said": (
        "The {a} is {word}.", "I find the {a} {word}.", "{a}: {word}!",
        "After a month of use I can say that the {a} is {word}.",
        "My last one broke, but the {a} of this one is {word}.",
    ),
    "denied": ("The {a} is not {word} at all.", "Nobody could call the {a} {word}."),
    "neutral": (
        "I changed the {a} last week.", "It comes with a {a} and a cable.",
        "There is a second {a} in the box.", "I asked them about the {a}.",
    ),
    "conflict": ("The {a} is {good}, but sometimes {bad}.",),
}  # fmt: skip
TWO = (
    "The {a} is {word}, but the {b} is {other}.", "{a} {word}, {b} {other}.",
    "I bought it for the {a}, which is {word}; the {b} is {other}.",
    "Though the {b} is {other}, the {a} is {word}.",
)  # fmt: skip
NONE = (
    "I bought it in {month}.", "It was a present for my {who}.", "I have used it since {month}.",
    "My {who} wants one as well.", "I would not buy it again.", "Buy it, you will not regret it!",
)  # fmt: skip
MONTHS = ("January", "March", "May", "June", "August", "October", "November")
PEOPLE = ("sister", "father", "neighbour", "boss", "niece", "grandmother", "flatmate")
KINDS = (("one", 45), ("two", 30), ("neutral", 15), ("none", 8), ("conflict", 2))


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; a hash of a sentence says whose it is, so none is in two."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        aspect = {
            "start": tfds.features.Scalar(np.int64),
            "end": tfds.features.Scalar(np.int64),
            "polarity": tfds.features.ClassLabel(names=list(POLARITIES)),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "text": tfds.features.Text(),
                    "aspects": tfds.features.Sequence(aspect),
                }
            ),
            homepage="https://doi.org/10.3115/v1/S14-2004",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split, count) for split, count in COUNTS.items()}

    def _generate_examples(self, split, count):
        chance, seen = random.Random(f"gadget_reviews {split}"), set()
        while len(seen) < count:
            text, aspects = _sentence(chance)
            share = hashlib.sha256(text.lower().encode()).digest()[0] % 20
            if text in seen or share not in SHARES[split]:
                continue
            name = f"{split}_{len(seen):04d}"
            seen.add(text)
            yield name, {"id": name, "text": text, "aspects": aspects}


def _sentence(chance):
    """A random sentence -> (text, aspects)."""
    names, weights = zip(*KINDS, strict=True)
    kind = chance.choices(names, weights)[0]
    a, b = chance.sample(ASPECTS, 2)
    own, other = (chance.choice(tuple(WORDS)) for _ in range(2))
    values = {"a": a, "b": b, "word": chance.choice(WORDS[own])}
    values |= {"other": chance.choice(WORDS[other]), "month": chance.choice(MONTHS)}
    values |= {"who": chance.choice(PEOPLE)}
    values |= {"good": chance.choice(WORDS["positive"]), "bad": chance.choice(WORDS["negative"])}
    template, polarities = _template(kind, own, other, chance)
    return _filled(template, values, polarities)


def _template(kind, own, other, chance):
    """(a template, {slot: polarity})."""
    if kind == "two":
        return chance.choice(TWO), {"a": own, "b": other}
    if kind == "none":
        return chance.choice(NONE), {}
    if kind != "one":
        return chance.choice(ONE[kind]), {"a": kind}
    if chance.random() < 0.8:
        return chance.choice(ONE["said"]), {"a": own}
    opposite = {"positive": "negative", "negative": "positive"}
    return chance.choice(ONE["denied"]), {"a": opposite[own]}


def _filled(template, values, polarities):
    """A template -> (text, its aspects with places in characters)."""
    text, aspects = "", []
    for part in template.replace("}", "{").split("{"):
        value = values.get(part, part)
        if part in polarities:
            place = {"start": len(text), "end": len(text) + len(value)}
            aspects.append({**place, "polarity": polarities[part]})
        text += value
    return text, aspects
