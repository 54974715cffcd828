"""Data of questions in one form: context, question, answers at their places, article."""

import dataclasses

from pipelines.edge import wordpiece
from pipelines.formats import _questions
from pipelines.formats.examples import Examples, Problem, cut_splits, joined
from pipelines.tasks.question_answering import _offsets

TFDS = ("answers/text", "answers/answer_start")  # columns, as TFDS has squad
ITEMS = "items"  # where each word of a passage begins, after `adapt`
LONGEST = 256  # pieces that max_length=0 takes at most
NONE = "none"  # one item if the passage has no answer: the audit counts items


def adapt(data, config):
    """Data whose columns are context, question, answers, article and items.

    answers: [[text, place]], the places mended and checked; [] if the passage has none. Each thing
    that does not fit is a Problem. Splits that were cut are cut again, so that no article is in two.
    """
    splits = data.splits.values()
    if any(ITEMS in part.columns for part in splits) or not _is_asked(data):
        return data
    whole = {split: _columns(part) for split, part in data.splits.items()}
    problems, made = list(data.problems), {}
    for split, part in _by_article(whole).items():
        mended, found = _offsets.mended(part, split)
        problems += [*_empty(part), *found, *_long(part, config)]
        columns = {**part.columns, "answers": mended}
        made[split] = dataclasses.replace(part, columns=columns)
    problems += _leaks(made)
    return dataclasses.replace(data, splits=made, labels={}, problems=problems)


def article(part):
    """What each example is a part of: its article, or its passage if none is named."""
    pairs = zip(part.columns["article"], part.columns["context"], strict=True)
    return [own or context for own, context in pairs]


def _is_asked(data):
    known = data.columns()
    return {"context", "question"} <= known and bool(known & {"answers", TFDS[0]})


def _columns(part):
    """A split with the columns of `adapt`, answers as they are given."""
    columns = part.columns
    count = len(part)
    answers = columns.get("answers")
    if answers is None:
        starts = columns.get(TFDS[1], [[_questions.UNKNOWN] * len(t) for t in columns[TFDS[0]]])
        pairs = zip(columns[TFDS[0]], starts, strict=True)
        answers = [_pairs(texts, own) for texts, own in pairs]
    if "is_impossible" in columns:
        answers = [
            [] if none else own for none, own in zip(columns["is_impossible"], answers, strict=True)
        ]
    made = {
        NONE: [[] if own else [0] for own in answers],
        "context": columns["context"],
        "question": columns["question"],
        "answers": answers,
        "article": columns.get("article", columns.get("title", [""] * count)),
        ITEMS: [[start for start, _ in wordpiece.places(text)] for text in columns["context"]],
    }
    return Examples(part.names, made, part.where, is_cut=part.is_cut)


def _pairs(texts, starts):
    return [[text, int(start)] for text, start in zip(texts, starts, strict=True)]


def _by_article(splits):
    """The splits, of which those that were cut are cut anew, by article."""
    cut = [name for name in ("validation", "test") if name in splits and splits[name].is_cut]
    if not cut:
        return splits
    whole = joined([splits[name] for name in ("train", *cut)])
    keys = dict(zip(whole.names, article(whole), strict=True))
    kept = {name: part for name, part in splits.items() if name not in cut}
    return cut_splits({**kept, "train": whole}, keys.__getitem__)


def _empty(part):
    """Errors of passages and questions without a letter."""
    for name, what in (("context", "passage"), ("question", "question")):
        for i, text in enumerate(part.columns[name]):
            if not text.strip():
                message = f"the {what} is empty. Write it, or delete the example."
                yield Problem("error", f"empty-{what}", part.where[i], message, part.names[i])


def _long(part, config):
    """A note on passages that are read in windows, and a warning of answers that none holds."""
    room = config.max_length or LONGEST
    long = [i for i, items in enumerate(part.columns[ITEMS]) if len(items) > room]
    if long:
        message = (
            f"the passages of {len(long):,} questions have more than {room} words, as the one here;"
            " they are read in overlapping windows."
        )
        yield Problem("note", "long", part.where[long[0]], message)
    answers = part.columns["answers"]
    cut = [i for i, own in enumerate(answers) if own and _words(own[0][0]) > config.answer_length]
    if cut:
        message = (
            f"the answers of {len(cut):,} questions have more than {config.answer_length} words, as"
            " the one here; the model cannot point at so much. Raise answer_length."
        )
        yield Problem("warning", "long-answer", part.where[cut[0]], message)


def _words(text):
    return len(wordpiece.places(text))


def _leaks(splits):
    """Warnings of passages that are in two splits."""
    seen = {}
    for split, part in splits.items():
        shared = {}
        for i, text in enumerate(part.columns["context"]):
            other = seen.setdefault(text, (split, part.where[i]))
            if other[0] != split:
                shared.setdefault(text, (part.where[i], other))
        if shared:
            where, (name, place) = next(iter(shared.values()))
            message = (
                f"{len(shared):,} passages are also in {name}, as this one is at {place}. Keep all"
                " questions about a passage in one split."
            )
            yield Problem("warning", "leak", where, message)
