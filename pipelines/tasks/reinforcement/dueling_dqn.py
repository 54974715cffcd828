"""Dueling double DQN: the net says what a state is worth, and what each action adds to that."""

from pipelines.tasks.reinforcement import _value_net


class DuelingDQN(_value_net.ActionValues):
    """The advantages have the mean 0; double, as in the paper."""

    Config = _value_net.ValueNet
    paper = "Wang et al. 2016"
    _is_double = _is_dueling = True
