"""Short made-up passages about people of a village, with questions whose answers stand in them."""

import random

import numpy as np
import tensorflow_datasets as tfds

COUNTS = {"train": 300, "validation": 50, "test": 75}  # passages
ASKED = 4  # questions of a passage
PEOPLE = 3  # in a passage, each with a fact of two kinds
FIRST = (
    "Ada", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karin",
    "Leo", "Mina", "Nils", "Olga", "Peter", "Quentin", "Rosa", "Simon", "Tilda", "Ursula",
    "Victor", "Wanda", "Yusuf",
)  # fmt: skip
LAST = ("Baker", "Carter", "Fisher", "Miller", "Mason", "Potter", "Taylor", "Weaver")
KINDS = {  # values, sentences, questions after the value, questions after the person
    "home": (
        ("Green Hill", "the old mill", "North Street", "a boat", "the market square", "Rose Lane",
         "the lighthouse", "Castle Road"),
        ("{who} lives in {what}.", "The home of {who} is {what}."),
        ("Where does {who} live?", "What is the home of {who}?"),
        ("Who lives in {what}?", "Whose home is {what}?"),
    ),
    "work": (
        ("doctor", "baker", "teacher", "head gardener", "night guard", "painter", "bus driver",
         "piano tuner"),
        ("{who} works as a {what}.", "For years {who} has been the {what} here."),
        ("What does {who} work as?", "What is the job of {who}?"),
        ("Who works as a {what}?", "Who is the {what}?"),
    ),
    "animal": (
        ("three goats", "a grey cat", "two horses", "an old dog", "a parrot", "seven hens",
         "a tortoise", "five sheep"),
        ("{who} keeps {what}.", "Everybody knows that {who} owns {what}."),
        ("Which animal does {who} keep?", "What does {who} own?"),
        ("Who keeps {what}?", "Who owns {what}?"),
    ),
    "year": (
        ("1951", "1964", "1978", "1983", "1990", "1997", "2002", "2008"),
        ("{who} was born in {what}.", "The year in which {who} came here is {what}."),
        ("When was {who} born?", "In which year did {who} come here?"),
        ("Who was born in {what}?", "Who came here in {what}?"),
    ),
}  # fmt: skip


class Builder(tfds.core.GeneratorBasedBuilder):
    """Three splits; what fills the templates follows from the split alone."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        answers = {"text": tfds.features.Text(), "answer_start": tfds.features.Scalar(np.int32)}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Text(),
                    "title": tfds.features.Text(),
                    "context": tfds.features.Text(),
                    "question": tfds.features.Text(),
                    "answers": tfds.features.Sequence(answers),
                }
            ),
            homepage="https://doi.org/10.18653/v1/D16-1264",
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split, count) for split, count in COUNTS.items()}

    def _generate_examples(self, split, count):
        chance = random.Random(f"villagers {split}")
        for i in range(count):
            passage, asked = _passage(chance)
            for j, (question, answer, start) in enumerate(asked):
                name = f"{split}_{i:03d}_{j}"
                yield (
                    name,
                    {
                        "id": name,
                        "title": f"{split} village {i}",
                        "context": passage,
                        "question": question,
                        "answers": {"text": [answer], "answer_start": [start]},
                    },
                )


def _passage(chance):
    """(passage, [(question, answer, where it begins)])."""
    names = zip(chance.sample(FIRST, PEOPLE), chance.sample(LAST, PEOPLE), strict=True)
    people = [" ".join(name) for name in names]
    asked = []  # (sentence, question, answer)
    for kind in chance.sample(list(KINDS), 2):
        values, forms, of_value, of_person = KINDS[kind]
        for who, what in zip(people, chance.sample(values, PEOPLE), strict=True):
            form = chance.randrange(len(forms))
            sentence = forms[form].format(who=who, what=what)
            asked.append((sentence, of_value[form].format(who=who), what))
            asked.append((sentence, of_person[form].format(what=what), who))
    sentences = list(dict.fromkeys(sentence for sentence, _, _ in asked))
    chance.shuffle(sentences)
    passage = " ".join(sentences)
    found = []
    for sentence, question, answer in chance.sample(asked, ASKED):
        found.append((question, answer, passage.index(sentence) + sentence.index(answer)))
    return passage, found
