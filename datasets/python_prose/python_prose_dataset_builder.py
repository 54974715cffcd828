"""English prose that every Python has: paragraphs of its reference, out of pydoc_data.topics."""

import re
import zlib
from pydoc_data.topics import topics

import tensorflow_datasets as tfds

SPLITS = {0: "test", 1: "validation"}  # of ten shares of the topics; the others are train's
WORD = re.compile(r"[A-Za-z]{2,}")
WORDS = 12  # of a paragraph, at least
LETTERS = 0.85  # share of letters and spaces in prose, at least; code and tables have less


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits, by topic; a paragraph that several topics have comes once."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {"id": tfds.features.Text(), "text": tfds.features.Text()}
            ),
            homepage="https://docs.python.org/3/reference/",
        )

    def _split_generators(self, dl_manager):
        parts = {"train": [], "validation": [], "test": []}
        for name, text in _paragraphs():
            share = zlib.crc32(name.rpartition("_")[0].encode()) % 10
            parts[SPLITS.get(share, "train")].append((name, text))
        return {split: self._generate_examples(part) for split, part in parts.items()}

    def _generate_examples(self, part):
        for name, text in part:
            yield name, {"id": name, "text": text}


def _paragraphs():
    """Yields (id, text) of each paragraph of prose, on one line."""
    seen = set()
    for topic in sorted(topics):
        for i, block in enumerate(re.split(r"\n[ \t]*\n", topics[topic])):
            text = " ".join(re.sub(r"-\n\s*", "-", block).split())
            if text not in seen and _is_prose(text):
                seen.add(text)
                yield f"{topic}_{i:04d}", text


def _is_prose(text):
    plain = sum(letter.isalpha() or letter == " " for letter in text)
    return len(WORD.findall(text)) >= WORDS and plain >= LETTERS * len(text)
