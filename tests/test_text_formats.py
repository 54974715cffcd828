"""CoNLL columns and JSON lines: what is read, what is wrong with it, by line."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines import catalog
from pipelines.engine.audit import audit
from pipelines.errors import PipelineError

LATIN = "Müller\tB-x\nist\tO\n\nda\tO\n\n".encode("latin-1")


def write(folder, **files):
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        (folder / name.replace("__", ".")).write_bytes(data)
    return folder


def rows(data, split="train", *columns):
    examples = data.splits[split]
    names = columns or ("tokens", *data.labels)
    return [[examples.columns[name][i] for name in names] for i in range(len(examples))]


def kinds(data):
    return [(p.severity, p.kind, p.where) for p in data.problems]


THREE = dict(train__conll="a B-x\nb O\n\nc O\n", dev__conll="d O\n", test__conll="e O\n")


def test_two_columns(tmp_path):
    data = catalog.load(write(tmp_path, **THREE))
    assert (data.format, data.labels) == ("conll", {"ner": ["O", "B-x"]})
    assert rows(data) == [[["a", "b"], [1, 0]], [["c"], [0]]]
    assert data.splits["train"].where == ["train.conll:1", "train.conll:4"]
    assert data.splits["train"].columns["lines"] == [[1, 2], [4]]
    assert [len(data.splits[s]) for s in ("train", "validation", "test")] == [2, 1, 1]
    assert not data.problems


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("B-x\tIn\nO\tKöln\n\nO\tI\n", ["ner"]),
        ("1 B-x NN In\n2 O NN Köln\n\n1 O NN I\n", ["column_3", "ner"]),
    ],
)
def test_tags_before_their_words(tmp_path, text, names):
    data = catalog.load(write(tmp_path, train__txt=text, dev__txt=text, test__txt=text))
    assert rows(data, "train", "tokens", "ner") == [[["In", "Köln"], [1, 0]], [["I"], [0]]]
    assert data.labels == {"ner": ["O", "B-x"]}
    assert sorted(set(data.splits["train"].columns) - {"tokens", "lines"}) == names


def test_words_that_look_like_tags_are_words(tmp_path):
    text = "I\tB-x\nO\tO\n\nI\tB-x\n"
    data = catalog.load(write(tmp_path, train__conll=text, dev__conll=text, test__conll=text))
    assert rows(data) == [[["I", "O"], [1, 0]], [["I"], [1]]]


def test_the_files_of_conll_2003(tmp_path):
    text = (
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n-DOCSTART- -X- O"
        " O\n\nPeter NNP I-NP B-PER\n"
    )
    (tmp_path / "eng.train").write_text(text)
    (tmp_path / "eng.testa").write_text(text)
    (tmp_path / "eng.testb").write_text(text)
    data = catalog.load(tmp_path)
    assert rows(data, "validation", "tokens", "pos", "chunks") == [
        [["EU", "rejects"], ["NNP", "VBZ"], ["B-NP", "B-VP"]],
        [["Peter"], ["NNP"], ["I-NP"]],
    ]
    assert data.labels == {"ner": ["O", "B-ORG", "B-PER"]}


def test_conllu(tmp_path):
    line = "{}\t{}\t_\t{}\t_\t_\t0\troot\t_\t_\n"
    text = (
        "# sent_id = 1\n# text = vámonos al\n"
        + line.format("1-2", "vámonos", "_")
        + line.format(1, "vamos", "VERB")
    )
    text += line.format(2, "nos", "PRON") + line.format("2.1", "x", "X") + "\n"
    data = catalog.load(write(tmp_path, train__conllu=text))
    assert data.labels == {"upos": ["VERB+PRON"]}
    found = [row for split in data.splits for row in rows(data, split, "tokens", "deprel", "lines")]
    assert found == [[["vámonos"], ["root"], [3]]]
    assert kinds(data) == [
        ("note", "joined-words", "train.conllu:3"),
        ("note", "empty-nodes", "train.conllu:6"),
    ]
    assert "'vámonos'" in data.problems[0].message


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (["1", "2-3", "2", "3", "4"], ["a1", "a2-3", "a4"]),
        (["1-2", "1", "2", "3-5", "3", "4", "5"], ["a1-2", "a3-5"]),
        (["0.1", "1", "1.1"], ["a1"]),
        (["1-2", "1"], None),
        (["2-1", "1", "2"], None),
        (["1-1", "1"], None),
        (["1-2", "2", "3"], None),
        (["1-999999", "1", "2"], None),
        (["1-3", "1", "2-3", "2", "3"], None),
        (["1-x", "1", "2"], None),
    ],
)
def test_written_words_of_conllu(tmp_path, numbers, words):
    good = "1\tgood\t_\tADJ\t_\t_\t0\t_\t_\t_\n"
    lines = [f"{n}\ta{n}\t_\t{'_' if '-' in n else 'X'}\t_\t_\t0\t_\t_\t_\n" for n in numbers]
    data = catalog.load(write(tmp_path, train__conllu=f"{''.join(lines)}\n{good}"))
    found = {tuple(row[0]) for split in data.splits for row in rows(data, split, "tokens")}
    assert found == {("good",)} | ({tuple(words)} if words else set())
    errors = [p for p in data.problems if p.severity == "error"]
    assert bool(errors) == (words is None)


def test_a_written_word_has_the_span_of_its_parts(tmp_path):
    text = "# global.columns = ID FORM NER\n1-2 del _\n1 de O\n2 el B-loc\n3 Rio I-loc\n\n1 a O\n\n"
    data = catalog.load(write(tmp_path, train__conllup=text, dev__conllup=text, test__conllup=text))
    names = data.labels["ner"]
    assert names == ["O", "B-loc", "I-loc"]
    assert rows(data, "train", "tokens", "ner") == [[["del", "Rio"], [1, 2]], [["a"], [0]]]


def test_columns_that_name_themselves(tmp_path):
    text = "# global.columns = ID FORM MISC NER\n1 # x O\n2 Paris x B-loc\n\n"
    data = catalog.load(write(tmp_path, train__conllup=text))
    assert rows(data, "train", "tokens", "misc", "ner") == [[["#", "Paris"], ["x", "x"], [0, 1]]]


def test_a_hash_may_be_a_word(tmp_path):
    data = catalog.load(
        write(tmp_path, train__conll="#\tO\nwin\tO\n\n# a comment of many words\nParis\tB-loc\n")
    )
    assert rows(data, "train", "tokens") == [[["#", "win"]], [["Paris"]]]


def test_a_comment_of_as_many_words_as_there_are_columns_is_none_of_them(tmp_path):
    line = "{}\t{}\t_\tNOUN\t_\t_\t0\troot\t_\t_\n"
    text = (
        "# text = I like tea and cake very much\n"
        + line.format(1, "tea")
        + line.format(2, "cake")
        + "\n"
    )
    data = catalog.load(write(tmp_path, train__conllu=text))
    assert rows(data, "train", "tokens") == [[["tea", "cake"]]]
    assert data.labels == {"upos": ["NOUN"]}
    other = tmp_path / "two"
    other.mkdir()
    data = catalog.load(write(other, train__conll="# sent1\nParis\tB-loc\n\n# O\nin\tO\n"))
    assert sorted(r for s in data.splits for r in rows(data, s, "tokens")) == [
        [["#", "in"]],
        [["Paris"]],
    ]
    assert data.labels == {"ner": ["O", "B-loc"]}


def test_a_slip_in_one_tag_leaves_the_others_their_scheme(tmp_path):
    text = "a\tB-x\nb\tO\n\n" * 15 + "c\t0\nd\tB-x\n\n"
    data = catalog.load(write(tmp_path, train__conll=text))
    assert set(data.labels) == {"ner"}
    assert set(data.labels["ner"]) == {"O", "B-x", "0"}


def test_one_bad_line_hides_no_file(tmp_path):
    good = "New York\tB-loc\nis\tO\n\n" * 20
    data = catalog.load(write(tmp_path, train__txt=good, test__txt=good + "bad\n\n"))
    assert rows(data, "test", "tokens")[0] == [["New York", "is"]]
    assert ("error", "row", "test.txt:61") in kinds(data)


def test_copies_of_a_sentence_stay_in_one_split(tmp_path):
    text = "".join(f"w{i}\tO\nx\tB-x\n\n" for i in range(40))
    data = catalog.load(write(tmp_path, train__conll=text * 3))
    found = [{name.partition("-")[0] for name in part.names} for part in data.splits.values()]
    assert [len(part) for part in data.splits.values()] == [3 * len(names) for names in found]
    assert sum(map(len, found)) == len(set.union(*found)) == 40
    assert all(found)


def test_columns_without_tags(tmp_path):
    with pytest.raises(PipelineError, match="no column of tags"):
        catalog.load(write(tmp_path, train__conllup="# global.columns = ID FORM\n1 a\n2 b\n\n"))


def test_tabs_and_spaces_mixed(tmp_path):
    data = catalog.load(write(tmp_path, train__conll="New York\tB-x\nb O\nc\tO\n\nd\tO\n"))
    found = [row for split in data.splits for row in rows(data, split, "tokens")]
    assert sorted(found) == [[["New York", "b", "c"]], [["d"]]]
    assert kinds(data) == [("warning", "mixed", "train.conll:2")]


def test_lines_with_too_few_columns_leave_their_sentence_out(tmp_path):
    data = catalog.load(write(tmp_path, train__conll="a\tO\nb\n\nc\tO\td\n\ne\t\n\nf\tB-x\n"))
    assert rows(data, "train", "tokens") == [[["f"]]]
    assert kinds(data) == [("error", "row", f"train.conll:{i}") for i in (2, 4, 6)]
    assert audit.audit(data, progress=False).errors == 3


def test_latin_1_is_said_by_line(tmp_path):
    data = catalog.load(write(tmp_path, train__conll=LATIN))
    assert rows(data, "train", "tokens") == [[["da"]]]
    assert kinds(data) == [("error", "encoding", "train.conll:1")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "train.conll is empty"),
        ("\n\n", "train.conll is empty"),
        ("one\ntwo\n", "has 1 column; a word and its tag are needed"),
        (" ".join("abcdefghijklmnopq"), "has 17 columns"),
    ],
)
def test_files_that_hold_no_columns(tmp_path, content, reason):
    with pytest.raises(PipelineError, match=reason):
        catalog.load(write(tmp_path, train__conll=content))


def test_names_stay_when_a_sentence_comes(tmp_path):
    first = catalog.load(write(tmp_path, train__conll="a\tO\n\nb\tB-x\n\na\tO\n")).splits
    every = {name for part in first.values() for name in part.names}
    later = catalog.load(write(tmp_path, train__conll="new\tO\n\na\tO\n\nb\tB-x\n\na\tO\n")).splits
    assert every < {name for part in later.values() for name in part.names}
    for split, part in first.items():
        assert set(part.names) <= set(later[split].names)


WORD = st.from_regex(r"[^\s#]\S{0,5}", fullmatch=True)
SENTENCES = st.lists(
    st.lists(st.tuples(WORD, st.sampled_from(["O", "B-x", "I-y"])), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SENTENCES)
def test_what_is_written_is_read(tmp_path, sentences):
    sentences = [
        s for s in sentences if not any("\ufeff" in w or w.startswith("-DOCSTART-") for w, _ in s)
    ]
    if sentences:
        text = "\n\n".join(
            "\n".join(f"{word}\t{tag}" for word, tag in sentence) for sentence in sentences
        )
        data = catalog.load(write(tmp_path, train__conll=text + "\n"))
        found = [
            s
            for part in data.splits.values()
            for s in zip(part.columns["tokens"], part.columns["ner"], strict=True)
        ]
        names = data.labels["ner"]
        wanted = sorted([list(pair) for pair in sentence] for sentence in sentences)
        assert sorted([[w, names[i]] for w, i in zip(*s, strict=True)] for s in found) == wanted
        assert not data.problems


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    for name in ("train__conll", "train__jsonl"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        with contextlib.suppress(PipelineError):
            catalog.load(write(folder, **{name: content}))


# JSON lines.


def lines(*values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def test_tokens_with_tags(tmp_path):
    text = lines(
        {"tokens": ["In", "Köln"], "ner_tags": ["O", "B-loc"]}, {"tokens": ["ja"], "tags": ["O"]}
    )
    data = catalog.load(write(tmp_path, train__jsonl=text))
    assert (data.format, data.labels) == ("jsonl", {"ner": ["O", "B-loc"]})
    assert sorted(r for s in data.splits for r in rows(data, s)) == [
        [["In", "Köln"], [0, 1]],
        [["ja"], [0]],
    ]


def test_text_with_spans(tmp_path):
    text = lines(
        {"text": "In New York, 3 pm", "entities": [[3, 11, "loc"], [13, 14, "num"]]},
        {"text": "Yorkshire", "label": [{"start": 0, "end": 4, "label": "loc"}]},
    )
    data = catalog.load(write(tmp_path, train__jsonl=text))
    assert data.labels == {"ner": ["O", "B-loc", "B-num", "I-loc"]}
    found = sorted(r for s in data.splits for r in rows(data, s))
    assert found == [
        [["In", "New", "York", ",", "3", "pm"], [0, 1, 3, 0, 2, 0]],
        [["Yorkshire"], [1]],
    ]
    assert [p.message for p in data.problems] == [
        "the span 'York' of loc cuts a word; it is read as 'Yorkshire'."
    ]


def test_what_prodigy_writes(tmp_path):
    tokens = [
        {"text": "In", "start": 0, "end": 2, "id": 0},
        {"text": "Rome", "start": 3, "end": 7, "id": 1},
    ]
    text = lines(
        {"text": "In Rome", "tokens": tokens, "spans": [{"start": 3, "end": 7, "label": "loc"}]}
    )
    data = catalog.load(write(tmp_path, train__jsonl=text))
    assert [r for s in data.splits for r in rows(data, s)] == [[["In", "Rome"], [0, 1]]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "no JSON ("),
        ("[1]", "no JSON object"),
        ('{"a": 1}', 'neither "tokens" nor "text"'),
        ('{"tokens": ["a"]}', "no tags; looked for"),
        ('{"tokens": "a", "tags": []}', '"tokens" is no list'),
        ('{"tokens": ["a"], "tags": [1]}', "1 is no text"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "2 tokens and 1 tags"),
        ('{"text": "abc"}', "no spans; looked for"),
        ('{"text": "abc", "spans": [[0, 4, "x"]]}', "not within the text of 3"),
        ('{"text": "abc", "spans": [[0, 1]]}', "is no span"),
        ('{"text": "abc", "spans": [[0.5, 1, "x"]]}', "is no span"),
        ('{"text": "a b", "spans": [[0, 3, "x"], [2, 3, "y"]]}', "overlap"),
        ('{"text": "a b", "spans": [[1, 2, "x"]]}', "no word of its own"),
    ],
)
def test_json_lines_that_cannot_be_used(tmp_path, line, reason):
    data = catalog.load(
        write(tmp_path, train__jsonl=lines({"tokens": ["a"], "tags": ["B-x"]}) + line + "\n")
    )
    assert kinds(data) == [("error", "row", "train.jsonl:2")]
    assert reason in data.problems[0].message
    with pytest.raises(PipelineError, match="has no usable sentence. train.jsonl:1"):
        catalog.load(write(tmp_path, train__jsonl=line))


def test_wnut17_has_the_counts_that_it_should(real_data):
    data = catalog.load(real_data / "wnut17")
    assert [len(data.splits[s]) for s in ("train", "validation", "test")] == [3394, 1009, 1287]
    assert [sum(map(len, data.splits[s].columns["tokens"])) for s in ("train", "validation", "test")] == [
        62730, 15733, 23394,
    ]  # fmt: skip
    begins = [i for i, name in enumerate(data.labels["ner"]) if name[0] == "B"]
    spans = [
        sum(tag in begins for tags in data.splits[s].columns["ner"] for tag in tags)
        for s in ("train", "test")
    ]
    assert spans == [1975, 1079]
    assert not data.problems
