"""Questions -> windows that a model takes, with the answer to be learned and to be judged by."""

import collections

import numpy as np

from pipelines.edge import passages
from pipelines.formats.examples import Examples

LETTERS = 12  # characters of a window that are kept for each of its places
ANSWERS = 800  # characters of all right answers together that are kept


def expand(examples, config, device):
    """One example a window: see `edge.passages`. device: the settings of the device half."""
    encoder = passages.Encoder(device, config.learned)
    names, where, columns = [], [], collections.defaultdict(list)
    rows = zip(
        *(examples.columns[name] for name in ("context", "question", "answers")), strict=True
    )
    for i, (context, question, answers) in enumerate(rows):
        for k, window in enumerate(encoder.windows(question, context)):
            names.append(f"{examples.names[i]}+{k}" if k else examples.names[i])
            where.append(examples.where[i])
            own = {**window.inputs, **_targets(window, context, answers), "question": i}
            for name, values in own.items():
                columns[name].append(values)
    return Examples(names, dict(columns), where)


def _targets(window, context, answers):
    inside = np.flatnonzero(window.segments)
    first = int(window.begins[inside[0]]) if len(inside) else 0
    last = int(window.ends[inside[-1]]) if len(inside) else 0
    start, end = place(window, answers)
    letters = LETTERS * len(window.pieces)
    begins, ends = (np.clip(own - first, 0, letters) for own in (window.begins, window.ends))
    return {
        "start": start,
        "end": end,
        "begins": begins.astype(np.int32),
        "ends": ends.astype(np.int32),
        "text": codes(context[first:last], letters),
        "answers": codes(lines([text for text, _ in answers], ANSWERS), ANSWERS),
    }


def place(window, answers):
    """(first, last) piece of the first of the answers that is whole in a window; (0, 0) if none."""
    inside = window.segments == 1
    if not inside.any():
        return 0, 0
    low, high = window.begins[inside].min(), window.ends[inside].max()
    for text, begin in answers:
        stop = begin + len(text)
        own = np.flatnonzero(inside & (window.ends > begin) & (window.begins < stop))
        if len(own) and low <= begin and stop <= high:
            return int(own[0]), int(own[-1])
    return 0, 0


def lines(answers, count):
    """Answers, a line each, without copies and without those that do not fit in `count` characters.

    The first one is always there. So none is judged by a part of it, unless it is longer itself.
    """
    told, *rest = dict.fromkeys(" ".join(text.split()) for text in answers) or [""]
    for answer in rest:
        longer = f"{told}\n{answer}"
        told = longer if len(longer) <= count else told
    return told


def codes(text, count):
    """Code points of a text, cut, zeros behind: int32 (count,)."""
    made = np.zeros(count, np.int32)
    found = list(map(ord, text[:count]))
    made[: len(found)] = found
    return made
