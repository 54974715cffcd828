"""What the audit says of classes, splits and labels."""

from looked_at import data, healthy, noise, of_kind, told

from pipelines.engine.audit import audit as auditing


def test_one_class_in_all():
    result = auditing.audit(
        data(train=[(f"{i}", noise(i), 1) for i in range(6)], validation=[("v", noise(50), 1)])
    )
    assert ("error", "one-class", "label") in told(result)
    assert result.errors == 1
    assert result.bad == frozenset()


def test_a_class_that_is_never_trained():
    splits = {
        "train": healthy(1),
        "validation": [*healthy(2, 1), ("owl.png", noise(91), 2)],
        "test": [*healthy(3, 1), ("owl1.png", noise(92), 2), ("owl2.png", noise(93), 2)],
    }
    result = auditing.audit(data(labels=("cat", "dog", "owl"), **splits))
    assert told(result) == [("error", "unseen-class", "owl")]
    assert "3 examples of 'owl'" in of_kind(result, "unseen-class")[0].message
    assert result.bad == {"validation/owl.png", "test/owl1.png", "test/owl2.png"}
    assert result.errors == 1


def test_rare_and_missing_classes():
    train = [(f"cat{i}", noise(i), 0) for i in range(45)] + [
        (f"dog{i}", noise(100 + i), 1) for i in range(4)
    ]
    result = auditing.audit(
        data(train=train, validation=[("v", noise(500), 0)], test=healthy(3, 1))
    )
    assert told(result) == [
        ("warning", "few-examples", "dog"),
        ("warning", "few-examples", "validation"),
        ("warning", "imbalance", "train"),
        ("warning", "missing-class", "validation"),
    ]
    assert "11.2 to 1" in of_kind(result, "imbalance")[0].message  # 45 / 4


def test_ten_to_one_is_not_yet_uneven():
    train = [(f"cat{i}", noise(i), 0) for i in range(50)] + [
        (f"dog{i}", noise(100 + i), 1) for i in range(5)
    ]
    assert (
        told(auditing.audit(data(train=train, validation=healthy(2, 1), test=healthy(3, 1)))) == []
    )


def test_empty_splits():
    result = auditing.audit(data(train=[], validation=healthy(2, 6)))
    assert ("error", "empty-split", "train") in told(result)
    assert ("warning", "empty-split", "test") in told(result)


def test_a_label_that_is_no_class():
    rows = [*healthy(1), ("x.png", noise(90), 2), ("y.png", noise(91), -1)]
    result = auditing.audit(data(train=rows, validation=healthy(2, 1), test=healthy(3, 1)))
    assert told(result) == [
        ("error", "unknown-label", "file train/x.png"),
        ("error", "unknown-label", "file train/y.png"),
    ]
    assert result.bad == {"train/x.png", "train/y.png"}
    assert result.class_counts["train"] == {"cat": 6, "dog": 6}
