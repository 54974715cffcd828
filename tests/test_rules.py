"""Rules that tag words before a model does: patterns that cannot run for ever, phrases, both with a net."""

import json
import re
import subprocess

import numpy as np
import pytest
from conftest import ROOT, once

import pipelines
from pipelines import catalog
from pipelines.edge import rules as edge
from pipelines.edge import words
from pipelines.errors import PipelineError
from pipelines.formats import _rules
from pipelines.metrics import rule_shares

LINES = [
    json.dumps({"label": "time", "pattern": [r"\d+", "pm|am"]}),
    json.dumps({"label": "loc", "phrase": ["new", "york"], "cased": False}),
    json.dumps({"label": "loc", "phrase": ["york"], "cased": False}),
    json.dumps({"label": "org", "phrase": ["new", "york", "times"], "cased": False}),
    json.dumps({"label": "per", "phrase": ["Rose"], "cased": True}),
    json.dumps({"label": "odd", "pattern": ["York"]}),
]
TEXT = ["at", "10", "pm", "Rose", "rose", "in", "NEW", "york", "New", "York", "Times", "York"]
FOUND = [(1, 3, "time"), (3, 4, "per"), (6, 8, "loc"), (9, 10, "odd"), (11, 12, "odd")]
RULES = """
rules:
  - label: per
    words: [Zoe, Zoe van Dyk]
  - label: loc
    file: places.txt
  - label: loc
    pattern: '[A-Z][a-z]+ton'
"""


def test_patterns_come_first_and_the_longest_phrase_counts():
    assert edge.Rules(LINES).spans(TEXT) == FOUND
    assert edge.Rules(LINES[:-1]).spans(TEXT)[-2:] == [(8, 11, "org"), (11, 12, "loc")]
    assert edge.Rules(LINES).spans(["1" * 65, "pm"]) == []
    own = [{"label": "a", "phrase": ["x", "y"]}, {"label": "b", "phrase": ["y", "z", "w"]}]
    rules = edge.Rules(map(json.dumps, own))
    assert rules.spans(list("xyzw")) == [(1, 4, "b")]
    assert rules.spans(list("xyz")) == [(0, 2, "a")]


def test_spans_become_tags_of_any_scheme():
    found = [(0, 1, "x"), (2, 4, "x"), (4, 7, "y")]
    for labels, wanted in (
        (["O", "B-x", "I-x", "B-y", "I-y"], [1, -1, 1, 2, 3, 4, 4]),
        (["O", "B-x", "S-x", "E-x", "I-x", "B-y", "I-y", "E-y"], [2, -1, 1, 3, 5, 6, 7]),
        (["O", "x", "y"], [1, -1, 1, 1, 2, 2, 2]),
    ):
        tags = np.array(edge.fixed(found, 7, labels)) - words.FIRST
        assert tags.tolist() == wanted
    ruled = np.array([[words.UNKNOWN, words.FIRST + 2, 0]])
    assert edge.run({"outside": np.array([1])}, {"ruled": ruled})["tags"].tolist() == [[1, 2, 1]]


def test_the_page_marks_the_same(tmp_path):
    code = (
        f'import {{rules, fixed}} from "{ROOT}/pipelines/web/rules.js";'
        f"const found = rules({json.dumps(LINES)})({json.dumps(TEXT)});"
        'console.log(JSON.stringify([found, fixed([[0, 1, "x"], [1, 3, "x"]], 4,'
        ' ["O", "B-x", "I-x", "E-x"])]));'
    )
    file = tmp_path / "try.mjs"
    file.write_text(code)
    found, made = _node(file)
    assert [tuple(span) for span in found] == FOUND
    assert made == edge.fixed([(0, 1, "x"), (1, 3, "x")], 4, ["O", "B-x", "I-x", "E-x"])


def _node(file):
    """What a script prints as JSON."""
    try:
        done = subprocess.run(["node", file], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs node")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "{label: a, pattern: '(a+)+b'}",
            r"rule 1: '\(a\+\)\+b' could be tried in more than 100,000",
        ),
        ("{label: a, pattern: '(a|aa)+b'}", "might run for ever"),
        ("{label: a, pattern: 'a*a*a*a*b'}", "might run for ever"),
        ("{label: a, pattern: '(a?){60}'}", "might run for ever"),
        ("{label: a, pattern: '(a'}", "is no expression"),
        ("{label: a, pattern: 'a{99999999999}'}", "is no expression"),
        ("{label: a, pattern: '(?=a)b'}", "has assert, which rules do not have"),
        ("{label: a, pattern: '[a&&b]'}", "is no expression: Possible set intersection"),
        ("{label: a, pattern: '(?i)b'}", r"has a flag such as \(\?i\), which rules do not have"),
        ("{label: a, pattern: '(?i:b)'}", "has subpattern, which rules do not have"),
        ("{label: a, pattern: '(a)\\1'}", "has groupref, which rules do not have"),
        ("{label: a, pattern: 3}", "pattern that is no text"),
        ("{label: a, pattern: ''}", "pattern that is no text"),
        ("{label: a, words: []}", "has no phrase"),
        ("{label: a, words: [' ']}", "has an empty phrase"),
        ("{label: a, words: [b], pattern: c}", "must have one of pattern, words and file"),
        ("{label: a, lines: [b]}", "must have label, and pattern, words or file"),
        ("{label: a, file: ../secret.txt}", "leads out of it"),
        ("!!python/object/apply:os.system [ls]", "is not plain YAML"),
    ],
)
def test_what_is_no_rule_is_named(entry, said, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(f"rules:\n  - {entry}\n")
    with pytest.raises(PipelineError, match=said):
        _rules.read(file)
    file.write_text("other: 1\n")
    with pytest.raises(PipelineError, match="must hold `rules:`"):
        _rules.read(file)


ODD = [
    r"\+?\d[\d().-]*", "(ab)+c?", "[A-Z][a-z]+(-[A-Z])?", "a|b|c", "a{,3}", "a{2,}b", "[]a]+", "[^]a]", ".",
    "[😀😁]", r"\U0001F600+", r"\N{DIGIT ONE}", r"\a", r"\s", r"\S+", r"[\S]", r"[^\s]", r"\@\-\_", "a{", "}", "]",
    "(?P<name>a)b", r"\bab\b", "^ab$", r"\Aab\Z", r"[\w-]+", "a+?b", r"\x41\u00e9", "/", r"é+",
    r"\W", r"[\W]",
]  # fmt: skip
WORDS = [
    "", "a", "b", "c", "ab", "aab", "aaa", "aaaa", "abab", "ababc", "]", "]a]", "😀", "😀😀", "1", "+49(0)7-1",
    "Bonn-B", "@-_", "a{", "}", "\x07", "\u00a0", "\u2028", " ", "-", "+", ",", "&", "Aé", "/", "éé", "x-y",
    "a{,3}", "\r", "é",
]  # fmt: skip


@pytest.fixture(scope="module")
def as_read(tmp_path_factory):
    """The expressions ODD as a file of rules gives them."""
    file = tmp_path_factory.mktemp("odd") / "rules.yaml"
    rules = [{"label": "a", "pattern": one} for one in ODD]
    file.write_text(json.dumps({"rules": rules}, ensure_ascii=False), encoding="utf-8")
    return [json.loads(line)["pattern"][0] for line in _rules.read(file)]


def test_expressions_mean_what_python_says(as_read):
    for given, read in zip(ODD, as_read, strict=True):
        wanted = [re.fullmatch(given, word, re.ASCII) is not None for word in WORDS]
        assert [re.fullmatch(read, word, re.ASCII) is not None for word in WORDS] == wanted, given


def test_a_browser_reads_expressions_alike(as_read, tmp_path):
    lines = [json.dumps({"label": str(i), "pattern": [one]}) for i, one in enumerate(as_read)]
    code = (
        f'import {{rules}} from "{ROOT}/pipelines/web/rules.js";'
        f"const all = {json.dumps(lines)}.map((line) => rules([line]));"
        f"console.log(JSON.stringify(all.map((one) => {json.dumps(WORDS)}.map((w) => one([w]).length))));"
    )
    (tmp_path / "try.mjs").write_text(code)
    found = _node(tmp_path / "try.mjs")
    wanted = [[len(edge.Rules([line]).spans([word])) for word in WORDS] for line in lines]
    assert found == wanted


def test_shares_of_rules_and_of_the_rest_by_hand():
    metric = rule_shares.RuleShares(["O", "B-x", "I-x"])
    gold = [[1, 2, 0, 1, 1], [0, 1, 0, 0, 0]]
    tags = [[1, 2, 0, 1, 0], [1, 1, 0, 0, 1]]
    ruled = [[3, 4, 1, 1, 1], [3, 1, 1, 1, 3]]
    keep = [[0, 5], [0, 4]]
    targets = {"gold": np.array(gold), "keep": np.array(keep)}
    metric.update_state(targets, {"tags": np.array(tags), "ruled": np.array(ruled)})
    assert metric.result() == {"rule_share": 0.5, "rule_precision": 0.5, "rest_precision": 1.0}


@pytest.mark.parametrize("output", ["crf", "softmax"])
def test_a_model_does_not_go_on_with_the_span_of_a_rule(output):
    method = catalog.method("tagging/bilstm_crf")
    config = method.Config().replace(labels=("O", "B-x", "I-x", "B-y"), output=output)
    likes_inner = np.tile(np.array([0.0, 1, 3, 2], np.float32), (1, 5, 1))
    outputs = {
        "emissions": likes_inner,
        "scores": np.zeros((6, 4), np.float32),
        "mask": np.ones((1, 5), bool),
        "ruled": np.array([[1, 3, 1, 3, 4]]),  # B-x by a rule, and B-x I-x by another
    }
    (tags,) = np.asarray(method.decode(outputs, config)["tags"])
    # By itself the model would say I-x after each of them.
    assert tags.tolist() == [{"crf": 3, "softmax": 2}[output], 1, 3, 1, 2]


@pytest.fixture(scope="module")
def made():
    """Bundles of rules alone and with a net, that know rules which training does not."""

    def make(folder):
        (folder / "data").mkdir()
        (folder / "rules.yaml").write_text(RULES)
        (folder / "places.txt").write_text("Ulm\nSan Jose\n")
        rows = [("Ada\tB-per\nis\tO\nin\tO\n{}\tB-loc\n", ("Rome", "Oslo"))] * 8
        text = [row.format(places[i % 2]) for i, (row, places) in enumerate(rows)]
        for split in ("train", "dev"):
            (folder / f"data/{split}.conll").write_text("\n".join(text))
        extra = "Zoe\tB-per\nis\tO\nin\tO\nBoston\tB-loc\n"
        (folder / "data/test.conll").write_text(f"{text[0]}\n{extra}")
        own = {"rules": str(folder / "rules.yaml"), "on_bad_data": "skip"}
        net = {"word_size": 4, "letters": "none", "lstm_units": 4, "epochs": 1, "gazetteers": 2}
        for name, more in (("rules", {}), ("bilstm_crf", net)):
            run = pipelines.train(
                f"tagging/{name}", folder / "data", run=folder / f"{name}_run", **own, **more
            )
            run.evaluate()
            run.export(folder / name)

    folder = once("rules", make)
    return {name: pipelines.load(folder / name) for name in ("rules", "bilstm_crf")}, folder


@pytest.mark.parametrize("name", ["rules", "bilstm_crf"])
def test_rules_of_a_file_and_of_training_mark_what_no_net_knows(made, name):
    bundles, folder = made
    (answer,) = bundles[name].predict(["ada met Zoe van Dyk in San Jose, Houston"])
    found = {(span["label"], span["text"]) for span in answer["spans"]}
    assert {
        ("per", "ada"),
        ("per", "Zoe van Dyk"),
        ("loc", "San Jose"),
        ("loc", "Houston"),
    } <= found
    result = pipelines.load(folder / f"{name}_run").evaluate()
    if name == "rules":
        assert (result["f1"], result["rule_share"]) == (1.0, 1.0)
    assert result["rule_precision"] == 1.0


def test_a_label_that_the_data_has_not_is_refused(made, tmp_path):
    _, folder = made
    (tmp_path / "own.yaml").write_text("rules:\n  - {label: pers, words: [Ada]}\n")
    with pytest.raises(PipelineError, match="has rules for 'pers', and the data has loc, per"):
        pipelines.train(
            "tagging/rules", folder / "data", run=tmp_path / "run",
            rules=str(tmp_path / "own.yaml"), on_bad_data="skip",
        )  # fmt: skip
