"""Signatures of bundles, in minisign's form: what is signed, what is noticed, what is refused."""

import os
import shutil
import sys

import pytest

import pipelines
from pipelines import cli
from pipelines.engine.proof import minisign, seal, signing
from pipelines.errors import NotInstalled, PipelineError

# Of minisign itself: its published key, and its signature of the four bytes "test".
THEIRS = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
SIGNATURE = (
    "untrusted comment: signature from minisign secret key\n"
    "RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n"
    "trusted comment: timestamp:1556193335\tfile:test\n"
    "y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n"
)


@pytest.fixture
def keys(tmp_path):
    return minisign.new_keys(tmp_path / "ours.key")


@pytest.fixture
def bundle(exported, tmp_path):
    shutil.copytree(exported.path, tmp_path / "bundle")
    return pipelines.load(tmp_path / "bundle")


def doubts(bundle, key):
    """The failures of a verification that its signature ends."""
    result = bundle.verify(key=key)
    assert (result["passed"], result["notes"]) == (False, ["nothing was run"])
    return result["failures"]


def test_a_signature_of_minisign_itself(tmp_path):
    file = tmp_path / "test.minisig"
    file.write_text(SIGNATURE)
    key = minisign.public_key(THEIRS)
    assert key.name == "E7620F1842B4E81F"
    assert minisign.check(b"test", file, key) == "timestamp:1556193335\tfile:test"
    with pytest.raises(minisign.Unsigned, match="test is not what was signed by the key E7620F18"):
        minisign.check(b"Test", file, key)
    file.write_text(SIGNATURE.replace("1556193335", "1556193336"))
    with pytest.raises(minisign.Unsigned, match="not what was signed"):
        minisign.check(b"test", file, key)


def test_a_signed_bundle(bundle, keys):
    secret, public = keys
    assert bundle.sign(secret).name == "manifest.json.minisig"
    by_file, by_line = (bundle.verify(key=key) for key in (public, public.read_text().split()[-1]))
    assert by_file["passed"]
    assert by_line["passed"]
    assert by_file["signed_by"] == minisign.public_key(public).name
    seed = minisign.secret_key(secret).seed
    files = [file for file in bundle.path.rglob("*") if file.is_file()]
    assert not any(seed in file.read_bytes() for file in files)
    assert not any(str(secret) in file.read_text(errors="replace") for file in files)
    assert os.stat(secret).st_mode & 0o077 == 0


def test_what_a_signature_is_not_of_is_noticed(bundle, keys, tmp_path):
    secret, public = keys
    assert doubts(bundle, public) == [
        "manifest.json.minisig is missing: no one has signed this bundle"
    ]
    signature = bundle.sign(secret)
    whole = signature.read_text()
    manifest = seal.read(bundle.path)
    seal.write(bundle.path, manifest | {"created": "2020"})  # with a checksum that is right
    assert pipelines.load(bundle.path).broken() == []
    (said,) = doubts(pipelines.load(bundle.path), public)
    assert said.startswith("manifest.json is not what was signed by the key ")
    seal.write(bundle.path, manifest)
    assert doubts(bundle, THEIRS)[0].endswith("not of E7620F1842B4E81F")
    for cut in (whole[:-30], whole[:60], "", "x" * 300, "\n" * 9):
        signature.write_text(cut)
        assert "is damaged, or no signature" in doubts(bundle, public)[0], cut
    signature.write_text(whole)
    (bundle.path / "edge/evil.pyc").write_bytes(b"")
    assert doubts(bundle, public) == ["edge/evil.pyc is covered by no signature"]


def test_an_altered_file_of_a_signed_bundle_is_noticed(bundle, keys):
    secret, public = keys
    bundle.sign(secret)
    with (bundle.path / "labels.txt").open("a") as file:
        file.write("more\n")
    assert "labels.txt is not the file that was proven" in bundle.verify(key=public)["failures"][0]
    with pytest.raises(PipelineError, match=r"is not signed: labels\.txt is not the file"):
        bundle.sign(secret)


@pytest.mark.parametrize(
    "content", ["", "x", "untrusted comment: x\n", "untrusted comment: x\n??\n"]
)
def test_what_is_no_key_is_refused(bundle, tmp_path, content):
    file = tmp_path / "file.key"
    file.write_text(content)
    for use in (bundle.sign, lambda key: bundle.verify(key=key)):
        with pytest.raises(PipelineError, match=r"is no (secret|public) key of minisign"):
            use(file)
        with pytest.raises(PipelineError, match=r"there is no (secret|public) key"):
            use(tmp_path / "absent.key")


def test_keys_in_the_wrong_place_are_refused(bundle, keys, tmp_path):
    secret, public = keys
    with pytest.raises(PipelineError, match="is a secret key. Pass the public one"):
        bundle.verify(key=secret)
    with pytest.raises(PipelineError, match="is no secret key"):
        bundle.sign(public)
    with pytest.raises(PipelineError, match="exists already"):
        minisign.new_keys(secret)
    shutil.copy(secret, bundle.path / "ours.key")
    with pytest.raises(PipelineError, match="lies in the bundle"):
        bundle.sign(bundle.path / "ours.key")
    lines = secret.read_text().splitlines()
    damaged = minisign._text(minisign._bytes(lines[1])[:-1] + b"\0")
    secret.write_text(f"{lines[0]}\n{damaged}\n")
    with pytest.raises(PipelineError, match="is damaged: its checksum differs"):
        bundle.sign(secret)


def test_a_key_with_a_password_is_told(keys):
    secret, _ = keys
    lines = secret.read_text().splitlines()
    content = minisign._bytes(lines[1])
    secret.write_text(f"{lines[0]}\n{minisign._text(content[:2] + b'Sc' + content[4:])}\n")
    with pytest.raises(PipelineError, match="has a password"):
        minisign.secret_key(secret)


def test_without_the_package_the_line_that_installs_it_is_said(bundle, keys, monkeypatch):
    secret, public = keys
    bundle.sign(secret)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric", None)
    for use in (bundle.sign, minisign.ready):
        with pytest.raises(NotInstalled, match=r"pip install .*\[signing\]"):
            use(secret)
    with pytest.raises(NotInstalled, match="signatures need the package cryptography"):
        bundle.verify(key=public)


def test_the_verb(bundle, tmp_path, capsys):
    secret = tmp_path / "new.key"
    assert cli.main(["sign", str(bundle.path), "--new-key", str(secret)]) == 0
    assert "new.pub is for whoever verifies" in capsys.readouterr().out
    assert cli.main(["verify", str(bundle.path), "--key", str(tmp_path / "new.pub")]) == 0
    assert "signed by the key " in capsys.readouterr().out
    (bundle.path / "manifest.json.minisig").unlink()
    assert cli.main(["verify", str(bundle.path), "--key", str(tmp_path / "new.pub")]) == 1
    assert cli.main(["verify", str(bundle.path), "--key", str(secret)]) == 2
    inside = bundle.path / "inner.key"
    assert cli.main(["sign", str(bundle.path), "--new-key", str(inside)]) == 2
    assert not inside.exists()


def test_a_manifest_with_a_score_that_is_no_number_can_be_signed(bundle, keys):
    secret, public = keys
    manifest = seal.read(bundle.path)
    manifest["reference"]["odd"] = float("nan")
    seal.write(bundle.path, manifest)
    found = pipelines.load(bundle.path)
    found.sign(secret)
    assert signing.doubts(bundle.path, found.manifest, public)[1] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("me.pub", r"is to be a secret key, and \.pub stands for a public one. Name it .*me\.key"),
        ("absent/me.key", r"there is no folder .*absent for the keys"),
        ("there.key", r"there\.pub exists already"),
    ],
)
def test_where_no_pair_of_keys_can_lie_none_is_written(tmp_path, name, message):
    (tmp_path / "there.pub").touch()
    with pytest.raises(PipelineError, match=message):
        minisign.new_keys(tmp_path / name)
    assert os.listdir(tmp_path) == ["there.pub"]


def test_for_a_bundle_that_cannot_be_signed_no_keys_are_made(bundle, tmp_path, capsys):
    (bundle.path / "labels.txt").write_text("others\n")
    secret = tmp_path / "new.key"
    assert cli.main(["sign", str(bundle.path), "--new-key", str(secret)]) == 2
    assert "is not signed: labels.txt is not the file" in capsys.readouterr().err
    assert not list(tmp_path.glob("new.*"))
