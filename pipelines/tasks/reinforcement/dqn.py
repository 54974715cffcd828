"""A deep Q-network: a net says what each action is worth, and learns from what is remembered."""

from pipelines.tasks.reinforcement import _value_net


class DQN(_value_net.ActionValues):
    """The target net chooses the next action and says what it is worth."""

    Config = _value_net.ValueNet
    paper = "Mnih et al. 2015"
