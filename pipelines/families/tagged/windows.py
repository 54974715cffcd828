"""Sentences -> windows that a model takes, with the tags to be learned and to be judged by."""

import collections

import numpy as np

from pipelines.families.tagged.data import TAGS
from pipelines.formats.examples import Examples
from pipelines.ops import schemes

TEXT = 24  # letters of a word that are kept for pictures and for telling spans apart


def expand(examples, encoder, config):
    """One example a window: see `edge.words.windows`. encoder: an `edge.tagging.Encoder`."""
    names, where, columns = [], [], collections.defaultdict(list)
    for i, tokens in enumerate(examples.columns["tokens"]):
        for k, (start, stop, first, last) in enumerate(encoder.windows(tokens)):
            names.append(f"{examples.names[i]}+{start}" if k else examples.names[i])
            where.append(examples.where[i])
            own = encoder.inputs(tokens[start:stop])
            own |= _targets(tokens[start:stop], examples, i, start, encoder.size, config)
            own |= {"sentence": i, "keep": [first - start, last - start]}
            for name, values in own.items():
                columns[name].append(values)
    return Examples(names, dict(columns), where)


def _targets(tokens, examples, i, start, size, config):
    tags, gold, text = (np.zeros(shape, np.int32) for shape in (size, size, (size, TEXT)))
    own = examples.columns[TAGS][i][start : start + len(tokens)]
    gold[: len(tokens)] = own
    if config.scheme != "plain" and len(own) < len(examples.columns[TAGS][i]):
        # A span that the window's border cuts begins or ends anew there: the model cannot give what
        # is forbidden.
        own = [
            config.labels.index(tag)
            for tag in schemes.convert([config.labels[j] for j in own], config.scheme)
        ]
    tags[: len(tokens)] = own
    for j, token in enumerate(tokens):
        letters = [ord(letter) for letter in token[:TEXT]]
        text[j, : len(letters)] = letters
    return {"tags": tags, "gold": gold, "text": text}
