"""Flags that several verbs have."""

from argparse import ArgumentParser

METHOD = "a task or method of `pipelines methods`"


def json(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object as the last line"
    )


def owner(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="RUN_OR_BUNDLE", help="folder of a run or of a bundle")


def bundle(parser: ArgumentParser) -> None:
    parser.add_argument("path", metavar="BUNDLE", help="folder of a bundle")


def method(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--method", metavar="NAME", help="one of the task's methods; see `pipelines methods`"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="extend",
        nargs="+",
        default=[],
        help="settings; may be repeated",
    )


def settings(parser: ArgumentParser) -> None:
    method(parser)
    parser.add_argument(
        "--data",
        metavar="DATA",
        help="a data set's name, tfds:NAME, or a path; the task's own by default",
    )
    parser.add_argument(
        "--config",
        metavar="FILE.yaml",
        help="settings as `name: value` lines, e.g. the config.yaml of a run",
    )


def data_format(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--data-format",
        metavar="FORMAT",
        default="auto",
        help="format of --data; auto detects it",
    )


def budgets(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--ram",
        metavar="SIZE",
        help="with --for micro: RAM that there is for the model's arena: 256KB",
    )
    parser.add_argument(
        "--flash",
        metavar="SIZE",
        help="with --for micro: flash that there is for the file: 1MB",
    )
