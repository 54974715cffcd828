import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sample_page import HOSTILE, SECTIONS, Page, sample

from pipelines import canvas
from pipelines.engine.report import numbers as page_numbers
from pipelines.engine.report import page as pages
from pipelines.engine.report import plot as page_plot
from pipelines.engine.report import tables as page_tables


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9123, "0.912"),
        (0.99996, "0.99996"),
        (1.0, "1.000"),
        (0.000012, "1.2e-5"),
        (-0.004, "−0.004"),
        (3.14159, "3.14"),
        (312.44, "312.4"),
        (12345.6, "12,346"),
        (372, "372"),
        (0.0, "0"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (True, "yes"),
        (np.float32(0.5), "0.500"),
        (np.int64(7), "7"),
        ("1.3 MB", "1.3 MB"),
    ],
)
def test_number(value, text):
    assert page_numbers.number(value) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (812, "812 B"),
        (4_213_000, "4.21 MB"),
        (999_900, "1.00 MB"),
        (81_230, "81.2 KB"),
        (2.5e9, "2.50 GB"),
        (None, "–"),
    ],
)
def test_size(size_bytes, text):
    assert page_numbers.size(size_bytes) == text


def test_settings_are_never_rounded():
    assert page_numbers.plain(0.00123456789) == "0.00123456789"
    assert page_numbers.plain(("a", "b")) == "a, b"
    assert page_numbers.plain(()) == page_numbers.plain("") == "–"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0.31, 0.87, [0.2, 0.4, 0.6, 0.8, 1.0]),
        (0, 1990, [0, 500, 1000, 1500, 2000]),
    ],
)
def test_ticks(low, high, expected):
    assert page_plot.ticks(low, high, count=4) == pytest.approx(expected)


def test_ticks_of_epochs_are_whole():
    assert page_plot.ticks(1, 3, count=5, whole=True) == [1, 2, 3]
    assert page_plot.ticks(4, 4, count=5, whole=True) == [4]


def test_empty_context_renders():
    page = Page(pages.render({}))
    assert page.all("h1")
    assert not page.all("section")
    assert not page.all("nav")


def test_every_section_shows_and_is_linked():
    page = Page(pages.render(sample()))
    assert [a["id"] for a in page.all("section")] == [a["href"][1:] for a in page.all("a")]
    assert {a["id"] for a in page.all("section")} == set(SECTIONS)


@pytest.mark.parametrize("key", list(sample()))
@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("emptied", [True, False])
def test_every_key_is_optional(key, alone, emptied):
    full = sample()
    context = {key: full[key]} if alone else {k: v for k, v in full.items() if k != key}
    if emptied:
        context |= dict.fromkeys([k for k in full if k not in context], None)
    shown = {a["id"] for a in Page(pages.render(context)).all("section")}
    assert shown == {name for name in SECTIONS if context.get(name)}


@pytest.mark.parametrize("section", ["evaluation", "audit"])
def test_every_part_of_a_section_is_optional(section):
    full = sample()[section]
    for part in full:
        Page(pages.render({section: {part: full[part]}}))
        Page(pages.render({section: {k: v for k, v in full.items() if k != part}}))


def test_hostile_text_shows_as_text():
    html = pages.render(sample(HOSTILE))
    page = Page(html)
    assert not page.all("script")
    assert "<script" not in html
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert all(a["src"].startswith("data:image/png;base64,") for a in page.all("img"))


def test_class_named_script_shows_as_text():
    label = "<script>alert(1)</script>"
    page = Page(
        pages.render(
            {"evaluation": {"per_class": {label: {"f1": 1.0}}, "matrices": {"confusion": [[2]]}}}
        )
    )
    assert page.words.count(label) == 3  # the table by class; row and column of the matrix
    assert not page.all("script")


def test_what_is_no_class_is_not_called_one():
    rows = {"per_class": {"cat.png": {"psnr": 1.0}}}
    assert "By picture" in Page(pages.render({"evaluation": rows})).text
    assert "By class" in Page(pages.render({"evaluation": rows, "labels": ["cat.png"]})).text


def test_file_name_that_is_no_text_can_be_written():
    name = b"photo\xff\x00\x1b.jpg".decode("utf-8", "surrogateescape")
    html = pages.render({"worst": [{"name": name, "picture": None, "text": "a\nb", "loss": 1.0}]})
    assert "photo?" in html.encode("utf-8").decode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", html)


def test_page_needs_nothing_from_outside():
    html = pages.render(sample())
    assert not re.search(r"https?://|@import|url\(|<script|<iframe|<object", html)
    for tag, attributes in Page(html).tags:
        for name in ("src", "href"):
            if name in attributes:
                assert attributes[name].startswith(("data:", "#")), (tag, attributes)


@pytest.mark.parametrize("word", ["shirt", HOSTILE, "a & b < c"])
def test_charts_are_well_formed(word):
    html = pages.render(sample(word))
    charts = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]
    assert len(charts) == 4  # loss, the word, learning_rate, one curve
    for chart in charts:
        _, _, width, height = map(float, chart.get("viewBox").split())
        assert chart.get("aria-label")
        for path in chart.iter("path"):
            for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path.get("d")):
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_missing_values_show_as_dashes():
    evaluation = {
        "accuracy": None,
        "map50": math.nan,
        "per_class": {"hat": {"f1": None}, "shoe": {"f1": math.nan}},
    }
    files = [
        {
            "file": "model.tflite",
            "metrics": {"accuracy": None},
            "drop": math.nan,
            "size_bytes": None,
            "passed": None,
        }
    ]
    context = {
        "evaluation": evaluation,
        "headline": [("accuracy", None)],
        "settings": {"x": None},
        "files": files,
    }
    page = Page(
        pages.render(
            context | {"worst": [{"name": None, "picture": None, "text": None, "loss": math.nan}]}
        )
    )
    assert (
        page.words.count("–") == 6
    )  # headline, two metrics, one class, the file's drop, the setting
    assert page.text.count("not judged") == 1  # a class without an example
    assert "loss –" in page.text
    assert not re.search(r"\b(None|nan|NaN)\b", page.text)


def test_a_gap_in_the_history_breaks_the_line_and_is_counted():
    rows = [{"epoch": i, "loss": value} for i, value in enumerate([4.0, 3.0, math.nan, 1.0], 1)]
    html = pages.render({"history": rows})
    (path,) = re.findall(r'<path class="line main" d="([^"]+)"', html)
    assert path.count("M") == 2
    assert path.endswith("h0")  # the last value stands alone: a dot
    assert "1 value not finite" in Page(html).text


def test_history_without_one_finite_value_is_left_out():
    assert not Page(pages.render({"history": [{"epoch": 1, "loss": "nan"}]})).all("section")


def test_a_metric_and_its_twin_share_a_chart():
    rows = [{"loss": 1.0, "val_loss": 2.0, "val_f1": 0.5, "seconds": 3.0}] * 2
    page = Page(pages.render({"history": rows}))
    labels = [a["aria-label"] for a in page.all("svg")]
    assert [label.split(" by ")[0] for label in labels] == ["loss", "F1", "seconds"]
    assert "train from 1.000 to 1.000; val from 2.00 to 2.00" in labels[0]


def test_what_stays_as_it_is_stands_with_the_small_charts():
    html = pages.render({"history": [{"val_psnr": i, "val_bicubic_psnr": 25.0} for i in (1, 2)]})
    large, small = html.split('<div class="charts fine">')
    assert ("PSNR by" in large, "bicubic" in large, "bicubic" in small) == (True, False, True)


def test_best_epoch_is_marked_where_it_exists():
    rows = [{"epoch": i, "loss": 1.0 / i} for i in (1, 2, 3)]
    assert "best 2" in Page(pages.render({"history": rows, "best_epoch": 2})).text
    assert "best" not in Page(pages.render({"history": rows, "best_epoch": 9})).text


def test_a_long_history_stays_small_and_keeps_its_spike():
    rows = [{"epoch": i, "loss": 100.0 if i == 777 else 1.0} for i in range(5000)]
    html = pages.render({"history": rows})
    assert len(html) < 200_000
    (path,) = re.findall(r'<path class="line main" d="([^"]+)"', html)
    assert min(float(y) for y in re.findall(r",([\d.]+)", path)) == 14  # the top of the plot


def test_matrix_shades_by_share_of_the_row():
    matrix = page_tables.matrix_table("confusion", [[3, 1], [0, 0]], ["hat", "shoe"])
    assert [cell["shade"] for cell in matrix["rows"][0]["cells"]] == [
        f"{0.75**0.6:.2f}",
        f"{0.25**0.6:.2f}",
    ]
    assert [cell["shade"] for cell in matrix["rows"][1]["cells"]] == [
        "0.00",
        "0.00",
    ]  # a class without an example
    (pair,) = matrix["pairs"]
    assert (pair["truth"], pair["prediction"], pair["count"], pair["percent"]) == (
        "hat",
        "shoe",
        "1",
        "25%",
    )


def test_matrix_takes_labels_in_the_order_of_ids_not_of_the_table():
    evaluation = {
        "labels": ["a", "b"],
        "per_class": {"b": {"f1": 0.1}, "a": {"f1": 0.9}},
        "matrices": {"m": [[5, 2], [0, 1]]},
    }
    assert "a taken for b (2 of 7, 29%)" in Page(pages.render({"evaluation": evaluation})).text


def test_large_matrix_becomes_a_picture_and_its_worst_pairs():
    counts = np.eye(40, dtype=int) * 9
    counts[3, 7] = 5
    page = Page(pages.render({"evaluation": {"matrices": {"confusion": counts}}}))
    assert len(page.all("img")) == 1
    assert not page.all("table", class_="matrix")
    assert "3 → 7 5 of 14, 36%" in page.text


def test_bars_show_unit_range_or_share_of_the_largest():
    table = page_tables.bar_table(
        "",
        {"hat": {"f1": 0.25, "examples": 4}, "shoe": {"f1": 0.5, "examples": 8}},
        mark_lowest=True,
    )
    assert [[cell["share"] for cell in row["cells"]] for row in table["rows"]] == [
        [0.25, 0.5],
        [0.5, 1.0],
    ]
    assert [[cell["lowest"] for cell in row["cells"]] for row in table["rows"]] == [
        [True, False],
        [False, False],
    ]


def test_long_tables_fold():
    rows = {f"class {i}": {"f1": i / 100} for i in range(100)}
    page = Page(pages.render({"evaluation": {"per_class": rows}}))
    assert "70 more" in page.text
    assert len(page.all("tr")) == 102  # two heads


def test_problems_are_grouped_and_the_worst_come_first():
    problems = [
        {"severity": "warning", "kind": "leak", "where": f"{i}.jpg", "message": "twice"}
        for i in range(600)
    ]
    problems.append(
        {"severity": "error", "kind": "truncated_image", "where": "x.jpg", "message": "ends early"}
    )
    text = Page(pages.render({"audit": {"problems": problems}})).text
    assert text.index("truncated image") < text.index("leak")
    assert "480 more" in text
    assert "and 100 that this page does not list" in text


def test_audit_names_absent_classes_and_the_balance():
    counts = {"train": {"hat": 2, "shoe": 50}, "test": {"hat": 0, "shoe": 5}}
    text = Page(pages.render({"audit": {"class_counts": counts, "problems": []}})).text
    assert "shoe (50) has 25 times the examples of the smallest, hat (2)" in text
    assert "No example in test: hat." in text
    assert "✓ None found" in text


def test_files_say_pass_or_fail_in_words():
    files = [
        {"file": "a.tflite", "passed": True},
        {"file": "b.tflite", "passed": False, "reason": "op Erf is no builtin"},
    ]
    text = Page(pages.render({"files": files})).text
    assert "1 of 2 files passed" in text
    assert "✓ passed" in text
    assert "✕ failed" in text
    assert "op Erf is no builtin" in text


def test_settings_that_differ_stand_apart():
    page = Page(pages.render({"settings": {"epochs": 3, "seed": 0}, "changed": {"epochs"}}))
    assert len(page.all("tr", class_="changed")) == 1
    assert "1 of 2 differ from their defaults" in page.text
    assert (
        "All settings are at their defaults"
        in Page(pages.render({"settings": {"seed": 0}, "changed": set()})).text
    )


def test_tiny_pictures_are_not_blurred_and_jpeg_keeps_its_kind():
    worst = [
        {"name": "a", "picture": canvas.png(np.zeros((8, 6, 3), np.uint8))},
        {"name": "b", "picture": b"\xff\xd8\xff\xe0"},
    ]
    page = Page(pages.render({"worst": worst}))
    tiny, jpeg = page.all("img")
    assert (tiny["width"], tiny["height"], tiny["class"]) == ("6", "8", "tiny")
    assert jpeg["src"].startswith("data:image/jpeg;base64,")


def test_tables_and_pictures_are_accessible():
    page = Page(pages.render(sample()))
    assert all(a.get("scope") in ("row", "col") for a in page.all("th"))
    assert all(a.get("alt") for a in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert page.all("html")[0]["lang"] == "en"


def test_the_context_is_left_as_it_was():
    context = sample()
    before = repr(context)
    pages.render(context)
    assert repr(context) == before
