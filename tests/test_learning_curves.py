"""What benchmarks/reinforcement.py says of several seeds."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import reinforcement


def test_the_middle_half_of_runs_by_hand():
    # Of 1, 2, 3 and 100 the middle half is 2 and 3; runs that agree leave no doubt.
    found = reinforcement.middle(np.array([[1.0, 5], [100, 5], [3, 5], [2, 5]]))
    assert found[:, 1].tolist() == [5, 5, 5]
    mean, low, high = found[:, 0]
    assert (mean, low >= 1, low < 2.5, 2.5 < high <= 100) == (2.5, True, True, True)


def test_a_curve_has_a_point_for_each_epoch():
    row = reinforcement.curve("dqn", "pole", [["1", "2"], ["1", "2"]])
    assert row == "dqn pole, interquartile mean of 2 seeds by epoch: 1 [1, 1]; 2 [2, 2]"
