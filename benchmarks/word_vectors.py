"""Word vectors of Tatoeba's English sentences, compared with gensim's on the same words.

    python benchmarks/word_vectors.py [skip_gram cbow glove ...] --peer PYTHON
        [--data shared/data/tatoeba/fra-eng.2017-09-29.zip] [--seeds 3] [--set NAME=VALUE ...]

PYTHON is an interpreter with gensim (`python -m venv peer && peer/bin/pip install gensim`), whose
package holds WordSim-353 and SimLex-999 as well; it is no dependency of this project. Every
hundredth sentence is validation, every hundredth test. All read the same words: this project's,
those of five occurrences or more. Speeds are of one run each, in turns, with the threads of this
machine. Prints a table. Needs two cores; a method takes about two minutes a seed.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import pipelines
from pipelines import terminal
from pipelines.edge import terms
from pipelines.formats import _word_pairs, _word_vectors
from pipelines.metrics import word_similarity

METHODS = ("skip_gram", "cbow", "glove")
HEADER = [
    "system",
    "seeds",
    "WordSim-353",
    "SimLex-999",
    "coverage",
    "log loss",
    "floor",
    "words/s",
]
SETS = {"wordsim": "wordsim353.tsv", "simlex": "simlex999.txt"}
PEER = """
import json, os, sys, time
import gensim
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
file, out, is_skip_gram, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sentences = [line.split() for line in open(file, encoding="utf-8")]
model = Word2Vec(vector_size=100, sg=is_skip_gram, seed=seed, workers=os.cpu_count(), min_count=5)
model.build_vocab(sentences)
began = time.perf_counter()
model.train(sentences, total_examples=model.corpus_count, epochs=5)
seconds = time.perf_counter() - began
model.wv.save_word2vec_format(out)
words = 5 * sum(map(len, sentences))
print(json.dumps({"words_per_second": words / seconds, "version": gensim.__version__}))
"""
FOLDER = "import gensim, pathlib; print(pathlib.Path(gensim.__file__).parent / 'test/test_data')"


def sentences(path):
    """The different English sentences of the archive, in its order."""
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if not name.startswith("_")]
        lines = archive.read(name).decode("utf-8").splitlines()
    return list(dict.fromkeys(line.split("\t")[0].strip() for line in lines))


def write(folder, texts):
    """The data, a paragraph each, and the training words as gensim reads them -> how many words
    train."""
    parts = {"validation": texts[50::100], "test": texts[99::100]}
    held = set(parts["validation"]) | set(parts["test"])
    parts["train"] = [text for text in texts if text not in held]
    (folder / "data").mkdir()
    for name, own in parts.items():
        (folder / f"data/{name}.txt").write_text("\n\n".join(own) + "\n", "utf-8")
    cut = [terms.items(text, terms.WORDS) for text in parts["train"]]
    (folder / "train.txt").write_text("\n".join(map(" ".join, cut)) + "\n", "utf-8")
    return sum(map(len, cut))


def judged(file, sets):
    """{"wordsim", "simlex", "coverage"} of a file of vectors."""
    words, vectors = _word_vectors.read(file, (), 10**7)
    ids, found = {word: i for i, word in enumerate(words)}, {}
    for name, pairs in sets.items():
        result = word_similarity.similarity(word_similarity.unit(vectors), ids, pairs)
        found[name] = result["word_similarity"]
        found["coverage"] = result["similarity_coverage"]
    return found


def ours(name, folder, count, seed, sets, settings):
    """One training of a method: what its vectors know, and its speed."""
    run = pipelines.train(
        f"word_vectors/{name}",
        data=folder / "data",
        run=folder / f"{name}{seed}",
        format="plain_text",
        seed=seed,
        **settings,
    )
    history = (folder / f"{name}{seed}/history.csv").read_text().splitlines()
    column = history[0].split(",").index("seconds")
    seconds = np.median([float(row.split(",")[column]) for row in history[1:]])
    for target, write_one in run.method.attachments(run.model, run.config).items():
        write_one(folder / target)
    result = run.evaluate("test")
    found = judged(folder / "vectors.txt", sets)
    return {**found, **{k: result[k] for k in ("log_loss", "floor")}, "speed": count / seconds}


def theirs(peer, folder, is_skip_gram, seed, sets):
    """The same of gensim."""
    arguments = [folder / "train.txt", folder / "peer.txt", int(is_skip_gram), seed]
    done = subprocess.run(
        [peer, "-c", PEER, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return {**judged(folder / "peer.txt", sets), "speed": told["words_per_second"]}


def row(name, results):
    """Means over seeds, of the similarities with half a 95 % interval."""
    cells = [name, len(results)]
    for key in ("wordsim", "simlex", "coverage", "log_loss", "floor", "speed"):
        values = np.array([result.get(key, np.nan) for result in results])
        text = f"{values.mean():,.0f}" if key == "speed" else f"{values.mean():.3f}"
        if key in ("wordsim", "simlex") and len(values) > 1:
            text += f" ± {1.96 * values.std(ddof=1) / len(values) ** 0.5:.3f}"
        cells.append("" if np.isnan(values).any() else text)
    return cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("methods", nargs="*", default=METHODS)
    data = Path("../shared/data/tatoeba/fra-eng.2017-09-29.zip")
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[])
    given = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in given.set)
    where = subprocess.run([given.peer, "-c", FOLDER], capture_output=True, text=True, check=True)
    place = Path(where.stdout.strip())
    sets = {name: _word_pairs.similarities(place / file) for name, file in SETS.items()}
    began, table = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as out:
        folder = Path(out)
        count = write(folder, sentences(given.data))
        print(f"{count:,} words train", flush=True)
        for name in given.methods:
            mine, peers = [], []
            for seed in range(given.seeds):
                mine.append(ours(name, folder, count, seed, sets, settings))
                if name != "glove":
                    peers.append(theirs(given.peer, folder, name == "skip_gram", seed, sets))
            table.append(row(name, mine))
            if peers:
                table.append(row(f"gensim, {name}", peers))
            print(terminal.table(table, HEADER), flush=True)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
