"""Lines of a table, for tests."""

import numpy as np

CLASSES, NUMBERS = "tabular_classification", "tabular_regression"
HEADER = "age,job,note,paid,label\n"


def lines(count=40):
    """Rows whose label follows from age and job: old bakers say yes."""
    chance = np.random.default_rng(0)
    found = []
    for i in range(count):
        age, job = int(chance.integers(20, 70)), ("baker", "smith")[i % 2]
        paid = "" if i % 7 == 0 else f"{age * 10 + i}"
        label = "yes" if age > 45 or job == "baker" else "no"
        found.append(f"{age},{job},said thing number {i} here,{paid},{label}")
    return found
