"""A page of a report that has every section, and a reader of pages."""

from html.parser import HTMLParser

import numpy as np

from pipelines import canvas

VOID = {"meta", "link", "img", "br"}
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"


class Page(HTMLParser):
    """Parses a page; fails on tags that do not nest."""

    def __init__(self, html):
        super().__init__()
        self.html, self.open, self.tags, self.words = html, [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag, **attributes):
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]


def sample(word="shirt"):
    """A context with every section, whose every text holds `word`."""
    labels = [f"{word} {i}" for i in range(3)]
    picture = canvas.png(np.zeros((8, 6, 3), np.uint8))
    return {
        "title": word,
        "subtitle": word,
        "headline": [(word, 0.9123, word), (word, word)],
        "notes": [word],
        "settings": {"epochs": 3, word: word, "labels": [word]},
        "changed": {word},
        "environment": {word: word},
        "audit": {
            "counts": {word: 12},
            "class_counts": {word: dict.fromkeys(labels, 4)},
            "problems": [{"severity": word, "kind": word, "where": word, "message": word}],
        },
        "history": [
            {
                "epoch": str(i),
                "loss": str(1 / i),
                "val_loss": "0.5",
                word: "1",
                "learning_rate": "0.001",
            }
            for i in (1, 2, 3)
        ],
        "best_epoch": 2,
        "evaluation": {
            "split": word,
            "examples": 372,
            word: 0.5,
            "per_class": {label: {"f1": 0.25, word: 4} for label in labels},
            "matrices": {word: [[3, 1, 0], [0, 4, 0], [0, 0, 0]]},
            "curves": {
                word: {"x": [0, 1], "y": [0, 1], "x_label": word, "y_label": word, "diagonal": True}
            },
        },
        "samples": [{"name": word, "picture": None, "text": word, "loss": 1.0}],
        "samples_title": word,
        "worst": [{"name": word, "picture": picture, "text": word, "loss": 3.2}],
        "reference": {"accuracy": 0.9, word: 0.8},
        "files": [
            {
                "file": word,
                "kind": word,
                "size_bytes": 4_213_000,
                "metrics": {"accuracy": 0.9, word: 0.8},
                "drop": 0.0,
            }
            | {
                "worst_class": word,
                "worst_class_drop": 0.02,
                "max_difference": None,
                "passed": False,
                "reason": word,
            }
            | {"latency_ms": {"p50": 3.2, "p90": 4.1}}
        ],
    }


SECTIONS = (
    "notes",
    "settings",
    "environment",
    "audit",
    "history",
    "evaluation",
    "samples",
    "worst",
    "files",
)
