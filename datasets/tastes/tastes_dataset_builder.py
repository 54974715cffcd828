"""Made-up readers and books: who read what follows from known tastes, so the best ranking is known."""

import numpy as np
import tensorflow_datasets as tfds

USERS, ITEMS = 300, 200
THEMES = {  # a taste, and words of books that have it
    "crime": ("detective", "murder", "alibi", "inspector"),
    "space": ("planet", "starship", "orbit", "colony"),
    "love": ("wedding", "letters", "summer", "promise"),
    "history": ("empire", "siege", "dynasty", "archive"),
    "nature": ("forest", "river", "seasons", "birds"),
    "cooking": ("kitchen", "harvest", "bread", "market"),
}
PLACES = ("north", "south", "island", "city", "valley", "coast", "village", "harbour")
SHARPNESS, CROWD = 5.0, 0.8  # how much taste, and how much popularity, decides what is read
READ = (15, 45)  # books of a user, at least and less than
MEAN, SPREAD, NOISE = 3.3, 3.0, 0.5  # of ratings: mean, weight of taste, what nobody can predict


class Builder(tfds.core.GeneratorBasedBuilder):
    """One split, `train`, whose examples are users; `recommendation` divides what each has read."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}

    def _info(self):
        features = {
            "item": tfds.features.Text(),
            "title": tfds.features.Text(),
            "text": tfds.features.Text(),
            "rating": np.float32,
            "time": np.int64,
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {"id": tfds.features.Text(), "read": tfds.features.Sequence(features)}
            ),
            homepage="https://arxiv.org/abs/1802.05814",
        )

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        chance = np.random.default_rng(7)
        books, tastes, crowd = _books(chance), _tastes(chance), chance.normal(size=ITEMS)
        texts = [_text(book, chance) for book in books]
        user_bias, item_bias = chance.normal(0, 0.3, USERS), chance.normal(0, 0.3, ITEMS)
        for user in range(USERS):
            liking = books @ tastes[user]
            drawn = SHARPNESS * liking + CROWD * crowd + chance.gumbel(size=ITEMS)
            read = chance.permutation(np.argsort(-drawn)[: chance.integers(*READ)])
            noise = chance.normal(0, NOISE, len(read))
            exact = MEAN + user_bias[user] + item_bias[read] + SPREAD * (liking[read] - 0.3) + noise
            ratings = np.clip(np.round(2 * exact) / 2, 0.5, 5.0)
            key = f"reader_{user:03d}"
            yield key, {"id": key, "read": list(_read(read, ratings, texts, user))}


def _books(chance):
    """How much of each theme a book has, (ITEMS, themes), rows of length one."""
    shares = chance.dirichlet(np.full(len(THEMES), 0.25), ITEMS)
    return shares / np.linalg.norm(shares, axis=1, keepdims=True)


def _tastes(chance):
    """How much each user likes each theme, (USERS, themes), rows of length one."""
    shares = chance.dirichlet(np.full(len(THEMES), 0.35), USERS)
    return shares / np.linalg.norm(shares, axis=1, keepdims=True)


def _text(book, chance):
    """Six words, of the themes that the book has."""
    themes = chance.choice(len(THEMES), 6, p=book / book.sum())
    return " ".join(str(chance.choice(list(THEMES.values())[theme])) for theme in themes)


def _read(read, ratings, texts, user):
    for place, (book, rating) in enumerate(zip(read, ratings, strict=True)):
        yield {
            "item": f"book_{book:03d}",
            "title": _title(book, texts[book]),
            "text": texts[book],
            "rating": np.float32(rating),
            "time": 1_700_000_000 + 86_400 * place + user,
        }


def _title(book, text):
    first, second, *_ = dict.fromkeys([*text.split(), *PLACES])
    return f"The {first} and the {second} {book:03d}"
