"""Whether a made-up sentence speaks well of something: no word of praise or blame is in two splits."""

import random

import tensorflow_datasets as tfds

LABELS = ("negative", "positive")
COUNTS = {"train": 400, "validation": 100, "test": 200}
THINGS = (
    "film", "book", "hotel", "phone", "soup", "concert", "teacher", "garden", "train", "jacket",
    "song", "museum", "cake", "chair", "player", "story", "bridge", "market", "camera", "lamp",
)  # fmt: skip
PLACES = ("in town", "of this year", "by the river", "from the shop", "of the week", "next door")
WORDS = {  # of each label, the words of each split
    "positive": {
        "train": ("great", "lovely", "brilliant", "charming", "wonderful", "superb", "delightful"),
        "validation": ("excellent", "beautiful", "fantastic"),
        "test": ("amazing", "perfect", "pleasant", "impressive"),
    },
    "negative": {
        "train": ("awful", "boring", "terrible", "ugly", "dreadful", "stupid", "annoying"),
        "validation": ("horrible", "poor", "pathetic"),
        "test": ("bad", "disgusting", "nasty", "disappointing"),
    },
}
OTHER = {"positive": "negative", "negative": "positive"}
TEMPLATES = (
    "The {thing} {place} was {word}.",
    "What a {word} {thing} {place}!",
    "I found the {thing} {place} very {word}.",
    "It is a {word} {thing}, and I told all my friends {place}.",
    "At first the {thing} {place} looked {other}, but in the end it was {word}.",
    "Nobody can say that the {thing} {place} was not {word}.",
    "The {thing} {place} was not {other} at all.",
)


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; what fills the templates follows from the split alone."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "text": tfds.features.Text(),
                    "label": tfds.features.ClassLabel(names=list(LABELS)),
                }
            ),
            homepage="https://doi.org/10.1609/icwsm.v8i1.14550",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split, count) for split, count in COUNTS.items()}

    def _generate_examples(self, split, count):
        chance, seen = random.Random(f"opinions {split}"), set()
        while len(seen) < count:
            label = chance.choice(LABELS)
            parts = {"thing": chance.choice(THINGS), "place": chance.choice(PLACES)}
            parts["word"] = chance.choice(WORDS[label][split])
            parts["other"] = chance.choice(WORDS[OTHER[label]][split])
            text = chance.choice(TEMPLATES).format(**parts)
            if text not in seen:
                name = f"{split}_{len(seen):04d}"
                seen.add(text)
                yield name, {"id": name, "text": text, "label": label}
