"""Question answering: the synthetic default, and XQuAD's English half by articles.

    python benchmarks/question_answering.py [plain] [villagers] [xquad]
        [--data shared/data/xquad/xquad.en.json] [--only 4] [--set NAME=VALUE ...]

XQuAD has 48 articles: each of four folds tests on 12, and of the other 36 every tenth is the
validation split. There are no other questions: bert starts from MiniLM, which has seen pairs of
sentences. `plain` needs no training: the sentence that shares most words with the question, and
the rarest words of it that the question has not. `--only` takes the first folds. Prints tables.
Needs two cores.
"""

import argparse
import collections
import json
import math
import os
import re
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import pipelines
from pipelines import terminal
from pipelines.metrics import squad

FOLDS, HELD = 4, 10
XQUAD = dict(max_length=256, epochs=3, learning_rate=3e-4, warmup_epochs=0.5)
METHODS = ("bert", "electra")
HEADER = ["method", "data", "EM", "F1", "floor F1", "windows", "minutes"]


def parts(articles, fold):
    """{split: articles} of a fold."""
    others = [own for i, own in enumerate(articles) if i % FOLDS != fold]
    return {
        "train": [own for i, own in enumerate(others) if i % HELD],
        "validation": others[::HELD],
        "test": articles[fold::FOLDS],
    }


def write(folder, splits):
    """A folder of SQuAD JSON."""
    folder.mkdir()
    for split, articles in splits.items():
        (folder / f"{split}.json").write_text(json.dumps({"data": articles}), "utf-8")
    return folder


def trained(method, name, data, out, settings):
    """(row, scores) of one run."""
    began = time.perf_counter()
    run = pipelines.train(f"question_answering/{method}", data=data, run=out, **settings)
    minutes = (time.perf_counter() - began) / 60
    found = run.evaluate("test")
    values = [found[key] for key in ("exact_match", "f1", "floor")]
    shown = [f"{value:.3f}" for value in values]
    return [method, name, *shown, found["examples"], f"{minutes:.1f}"], values


def words(text):
    return re.findall(r"\w+", text.lower())


def plain(articles):
    """(EM, F1) of the best sentence and of the rarest words in it, means over all questions."""
    seen = collections.Counter()
    for article in articles:
        for paragraph in article["paragraphs"]:
            seen.update(set(words(paragraph["context"])))
    count = max(seen.values()) + 1
    rarity = collections.defaultdict(lambda: math.log(count), {
        word: math.log(count / times) for word, times in seen.items()
    })  # fmt: skip
    found = {"best sentence": [], "rarest words of it": []}
    for article in articles:
        for paragraph in article["paragraphs"]:
            sentences = re.split(r"(?<=[.!?])\s+", paragraph["context"])
            for own in paragraph["qas"]:
                asked, right = set(words(own["question"])), [a["text"] for a in own["answers"]]

                def shared(sentence, asked=asked):
                    return sum(rarity[word] for word in asked & set(words(sentence)))

                sentence = max(sentences, key=shared)
                found["best sentence"].append(squad.scores(sentence, right))
                span = rarest(sentence, asked, rarity)
                found["rarest words of it"].append(squad.scores(span, right))
    return {name: np.mean(scores, 0) for name, scores in found.items()}


def rarest(sentence, asked, rarity):
    """The run of words that the question has not whose words are the rarest together."""
    runs, tokens = [[]], re.findall(r"\S+", sentence)
    for token in tokens:
        own = words(token)
        if not own or asked.intersection(own) or max(rarity[word] for word in own) < 1:
            runs.append([])
        else:
            runs[-1].append((token, sum(rarity[word] for word in own)))
    best = max(runs, key=lambda run: sum(value for _, value in run[:3]))
    return " ".join(token for token, _ in best[:3])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", default=["plain", "villagers", "xquad"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/xquad/xquad.en.json"))
    parser.add_argument("--only", type=int, default=FOLDS)
    parser.add_argument("--set", nargs="*", default=[])
    given = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    rows = []
    with tempfile.TemporaryDirectory() as out:
        for method in METHODS if "villagers" in given.what else ():
            rows.append(trained(method, "villagers", "villagers", Path(out) / method, settings)[0])
            print(terminal.table(rows, HEADER), flush=True)
        if {"plain", "xquad"} & set(given.what):
            articles = json.loads(given.data.read_text("utf-8"))["data"]
        if "plain" in given.what:
            for name, (exact, f1) in plain(articles).items():
                print(f"XQuAD, {name}: EM {exact:.3f}, F1 {f1:.3f}", flush=True)
        if "xquad" in given.what:
            scores = []
            for fold in range(given.only):
                data = write(Path(out) / f"fold{fold}", parts(articles, fold))
                folder, own = Path(out) / f"run{fold}", XQUAD | settings
                row, values = trained("bert", f"XQuAD, fold {fold}", data, folder, own)
                rows.append(row)
                scores.append(values)
                print(terminal.table(rows, HEADER), flush=True)
            mean = np.mean(scores, 0)
            print(f"XQuAD, mean of {len(scores)} folds: EM {mean[0]:.3f}, F1 {mean[1]:.3f}")


if __name__ == "__main__":
    main()
