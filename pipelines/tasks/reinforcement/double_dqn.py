"""Double DQN: the learning net chooses the next action, and the target net says what it is worth."""

from pipelines.tasks.reinforcement import _value_net


class DoubleDQN(_value_net.ActionValues):
    """Values are overestimated less."""

    Config = _value_net.ValueNet
    paper = "van Hasselt et al. 2016"
    _is_double = True
