"""Which of five languages a sentence is in: the sentences of `pii`, and no template in two splits."""

import random
import sys

import tensorflow_datasets as tfds

from pipelines import catalog

LABELS = {
    "en_US": "English",
    "de_DE": "German",
    "fr_FR": "French",
    "es_ES": "Spanish",
    "it_IT": "Italian",
}
COUNTS = {"train": 1000, "validation": 200, "test": 300}
HELD = {
    "validation": slice(-4, -2),
    "test": slice(-2, None),
    "train": slice(None, -4),
}  # templates of each language


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
                    "label": tfds.features.ClassLabel(names=list(LABELS.values())),
                }
            ),
            homepage="https://faker.readthedocs.io",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split, count) for split, count in COUNTS.items()}

    def _generate_examples(self, split, count):
        pii, chance, seen = _pii(), random.Random(f"languages {split}"), set()
        fakers = {locale: pii.faker(locale, f"languages {split} {locale}") for locale in LABELS}
        while len(seen) < count:
            locale = chance.choice(list(LABELS))
            template = chance.choice(pii.SENTENCES[locale][HELD[split]])
            text, _ = pii.filled(template, fakers[locale], chance)
            if text not in seen:
                name = f"{split}_{len(seen):04d}"
                seen.add(text)
                yield name, {"id": name, "text": text, "label": LABELS[locale]}


def _pii():
    """The module of the data set `pii`, whose templates these are; data sets are no package."""
    return sys.modules[type(catalog.dataset_builder("pii")).__module__]
