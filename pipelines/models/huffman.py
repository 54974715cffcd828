"""Huffman's tree over words, for hierarchical softmax: frequent words have short paths."""

import heapq
import itertools
from collections.abc import Sequence

import numpy as np


def paths(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """How often each word is there -> (nodes, turns), int32 and float32 (V, L).

    nodes: the inner nodes above each word from the root on, numbers below V - 1; turns: +1 or -1,
    which way the path goes there, 0 behind its end. Mikolov et al. 2013, arXiv:1310.4546, section
    2.1. The probability of a word is the product over its path of sigmoid(turn x score of the
    node), and those of all words sum to one.
    """
    size = len(counts)
    number = itertools.count()  # of those that are equally frequent, the older comes first
    heap = [(count, next(number), i) for i, count in enumerate(counts)]
    heapq.heapify(heap)
    above: dict[int, tuple[int, int]] = {}  # an entry -> (the node above it, the turn to it)
    for node in range(size, 2 * size - 1):
        (first, _, left), (second, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        above[left], above[right] = (node, 1), (node, -1)
        heapq.heappush(heap, (first + second, next(number), node))
    return _table([_path(word, above, size) for word in range(size)])


def _path(word: int, above: dict[int, tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """[(inner node, turn)] from the root to a word."""
    found = []
    while word in above:
        word, turn = above[word]
        found.append((word - size, turn))
    return found[::-1]


def _table(rows: list[list[tuple[int, int]]]) -> tuple[np.ndarray, np.ndarray]:
    longest = max(1, *map(len, rows)) if len(rows) > 1 else max(1, len(rows[0]))
    nodes = np.zeros((len(rows), longest), np.int32)
    turns = np.zeros((len(rows), longest), np.float32)
    for i, row in enumerate(rows):
        for j, (node, turn) in enumerate(row):
            nodes[i, j], turns[i, j] = node, turn
    return nodes, turns
