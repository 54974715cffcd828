"""Sign a bundle, so that `verify --key` tells whoever gets it that it is yours."""

from argparse import ArgumentParser, Namespace

from pipelines.verbs import _flags, _owners


def flags(parser: ArgumentParser) -> None:
    _flags.bundle(parser)
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--key", metavar="SECRET", help="a secret key of minisign's, no password")
    group.add_argument("--new-key", metavar="SECRET", help="make the key, and a .pub beside it")
    _flags.json(parser)


def run(a: Namespace) -> tuple[dict, int]:
    from pipelines.engine.proof import minisign, signing

    bundle = _owners.bundle(a.path, "sign")
    key = a.key or a.new_key
    signing.refuse_inside(bundle.path, key)
    if a.new_key:
        signing.refuse_broken(bundle.path)  # before there are keys
        _, public = minisign.new_keys(a.new_key)
        print(f"keys: {a.new_key} is secret; {public} is for whoever verifies")
    signature = bundle.sign(key)
    print(f"signature: {signature}")
    return {"signature": str(signature)}, 0
