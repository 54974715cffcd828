"""Hand-made features of words, for a linear model: what taggers used before networks found their own."""

from . import words

COUNT = 19  # features of a word, at most


def clues(tokens):
    """Words of a sentence -> for each a list of at most COUNT features, text.

    The word itself in lower case, its beginnings and ends, its shape, and the neighbours' words and
    shapes, as in the tutorial of sklearn-crfsuite.
    """
    lower, shapes = (
        [words.normal(token) for token in tokens],
        [words.shape(token) for token in tokens],
    )
    made = []
    for i, word in enumerate(lower):
        own = ["bias", f"w={word}", f"s={shapes[i]}"]
        own += [f"{name}={part}" for name, part in (
            ("-4", word[-4:]), ("-3", word[-3:]), ("-2", word[-2:]), ("+3", word[:3]), ("+2", word[:2]),
        )]  # fmt: skip
        own += [f"is={kind}" for kind, holds in (
            ("title", tokens[i].istitle()), ("upper", tokens[i].isupper()), ("digit", tokens[i].isdigit()),
        ) if holds]  # fmt: skip
        for step in (-2, -1, 1, 2):
            if 0 <= i + step < len(tokens):
                own += [f"{step:+}w={lower[i + step]}"] + (
                    [f"{step:+}s={shapes[i + step]}"] if abs(step) == 1 else []
                )
        own += ["first"] * (i == 0) + ["last"] * (i == len(tokens) - 1)
        made.append(own)
    return made
