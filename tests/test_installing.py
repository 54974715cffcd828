"""The line that installs the package with an extra works as it is written."""

import json
import shlex

import pytest

from pipelines import installing


def test_in_a_checkout_it_names_the_checkout(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    root = installing.Path(installing.__file__).resolve().parents[1]
    assert installing.line("crf") == f'`pip install -e "{root}[crf]"`'
    monkeypatch.chdir(root)
    assert installing.line("crf") == '`pip install -e ".[crf]"`'


@pytest.mark.parametrize(
    ("origin", "wanted"),
    [
        ({"url": "file://{0}/a%20b/p.whl"}, "{0}/a b/p.whl[crf]"),
        ({"url": "file://{0}/gone.whl"}, "PATH_OF_CHECKOUT_OR_WHEEL[crf]"),
        (None, "PATH_OF_CHECKOUT_OR_WHEEL[crf]"),
        (
            {"url": "https://x.org/p.git", "vcs_info": {"vcs": "git"}},
            "keras-task-pipelines[crf] @ git+https://x.org/p.git",
        ),
    ],
)
def test_installed_it_names_what_it_came_from(monkeypatch, tmp_path, origin, wanted):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b/p.whl").touch()
    text = json.dumps(origin).replace("{0}", str(tmp_path)) if origin else None
    monkeypatch.setattr(installing, "__file__", str(tmp_path / "site/pipelines/installing.py"))
    found = type("Found", (), {"read_text": lambda self, name: text})()
    monkeypatch.setattr(installing.importlib.metadata, "distribution", lambda name: found)
    words = shlex.split(installing.line("crf").strip("`"))
    assert words == ["pip", "install", wanted.format(tmp_path)]
