"""Tables of what users did to items, for tests of recommenders."""

import pipelines
from pipelines.engine.training import setup

TASK = "recommendation"
HEADER = "user,item,rating,time\n"


def lines(users=8, items=6):
    """User u has all items but those of which u + i is a multiple of 3."""
    found = []
    for u in range(users):
        for i in range(items):
            if (u + i) % 3:
                found.append(f"u{u},i{i},{1 + (u + i) % 5},{1_600_000_000 + 100 * u + i}")
    return found


def ratings(path):
    """`path`, with a line for each interaction of `lines()`."""
    path.write_text(HEADER + "\n".join(lines()) + "\n")
    return path


def made(source, method="popularity", **given):
    return setup.set_up(f"{TASK}/{method}", source, given)


def parts(source, **given):
    """{split: {user: (history, truth)}}."""
    data = made(source, **given).source.data
    found = {}
    for split, part in data.splits.items():
        pairs = zip(part.columns["history"], part.columns["truth"], strict=True)
        found[split] = dict(zip(part.columns["user"], pairs, strict=True))
    return found


def problems(path, **given):
    return {(p.kind, p.severity) for p in pipelines.audit(path, task=TASK, **given).problems}
