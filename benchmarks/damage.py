"""Damages small valid data sets of every format in every way we know, and counts what the audit
says.

Each case is a kind of damage, a format and a seed. Claims: no traceback, nothing that passes the
audit crashes in a step of training, at most 10 cases are silent, and clean sets raise no alarm.
`python benchmarks/damage.py [--seed N] [--kinds WORD ...] [--cases N] [--fast]`

With `mutate`, files of a run, a bundle and data sets are changed at random; claim: nothing but
PipelineError comes of it. `python benchmarks/damage.py mutate [--files 10000] [--at FOLDER]`

With `crash`, a process that trains, exports, verifies and reports is killed at changes of files;
claim: what goes on from there ends with the same weights, and nothing is half written or left
behind. `python benchmarks/damage.py crash [--work net|arrays] [--points 40]`
"""

import argparse
import collections
import shutil
import sys
import tempfile
from pathlib import Path

from damaging import cases, clean, crash, kinds, mutate

CASES = 7  # of each kind, over the formats that can have it
OUTCOMES = ("error", "warned", "noted", "silent", "traceback", "crash")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", nargs="?", default="kinds", choices=("kinds", "mutate", "crash"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", type=int, default=10_000, help="that mutate changes")
    parser.add_argument("--at", help="folder in which mutate keeps its run and bundle")
    parser.add_argument("--kinds", nargs="*", default=[], help="words that a kind's name holds")
    parser.add_argument("--cases", type=int, default=0, help="of each kind; 0 is all")
    parser.add_argument("--fast", action="store_true", help="no step of training")
    parser.add_argument("--work", default="net", choices=("net", "arrays"), help="that is killed")
    parser.add_argument("--points", type=int, default=40, help="at which it is killed")
    options = parser.parse_args()
    return {"kinds": _kinds, "mutate": _mutate, "crash": _crash}[options.mode](options)


def _crash(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        wrong = crash.run_all(Path(folder), options.work, options.points, options.seed)
    print(f"{options.points} crashes: {len(wrong)} did not end well")
    return 1 if wrong else 0


def _mutate(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        wrong = mutate.run(Path(options.at or folder), options.files, options.seed)
    print(f"{options.files} changed files: {len(wrong)} did not end well")
    return 1 if wrong else 0


def _kinds(options: argparse.Namespace) -> int:
    words = options.kinds or [""]
    chosen = [kind for kind in kinds.KINDS if any(word in kind.name for word in words)]
    with tempfile.TemporaryDirectory() as folder:
        alarms = cases.alarms(Path(folder), options.fast)
        table, unseen = {}, []
        for kind in chosen:
            table[kind.name] = collections.Counter()
            for number in range(options.cases or max(CASES, len(kind.layouts))):
                layout = clean.LAYOUTS[kind.layouts[number % len(kind.layouts)]]
                place = Path(folder) / "case"
                outcome, said = cases.case(kind, layout, number + options.seed, place, options.fast)
                table[kind.name][outcome] += 1
                if outcome in ("silent", "traceback", "crash"):
                    unseen.append((outcome, kind, layout.name, number + options.seed, said))
                    print(outcome, layout.name, " ".join(said.split()), file=sys.stderr)
                shutil.rmtree(place, ignore_errors=True)
            print(f"{kind.name}: {dict(table[kind.name])}", file=sys.stderr, flush=True)
    _print(table, unseen, alarms)
    total = sum(table.values(), collections.Counter())
    silent = [found for found in unseen if found[0] == "silent"]
    return 1 if total["traceback"] or total["crash"] or len(silent) > 10 or alarms else 0


def _print(table, unseen, alarms):
    print(f"| kind | {' | '.join(OUTCOMES)} |\n|---|{'--:|' * len(OUTCOMES)}")
    for name, counts in table.items():
        print(f"| {name} | {' | '.join(str(counts[outcome] or '') for outcome in OUTCOMES)} |")
    total = sum(table.values(), collections.Counter())
    print(f"| **{sum(total.values())} cases** | {' | '.join(str(total[o]) for o in OUTCOMES)} |")
    print(f"\nFalse alarms on {3 * len(clean.LAYOUTS)} clean sets: {len(alarms)}")
    for alarm in alarms:
        print(f"- {alarm}")
    print("\nNot said, or said badly:\n")
    for outcome, kind, layout, seed, said in unseen:
        argued = f" ({kind.argued})" if kind.argued else ""
        print(f"- {outcome}: {kind.name}, {layout}, seed {seed}{argued} {' '.join(said.split())}")


if __name__ == "__main__":
    raise SystemExit(main())
