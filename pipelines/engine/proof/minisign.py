"""Signatures of a bundle's manifest in the form of minisign: Ed25519 of a BLAKE2b-512 hash.

Keys and signatures are files of minisign (https://jedisct1.github.io/minisign/, section "Signature
format"), so that either program checks what the other has signed. The mathematics is of the package
`cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import installing
from pipelines.errors import NotInstalled, PipelineError
from pipelines.files import write_text
from pipelines.records import read_text

SUFFIX = ".minisig"
PUBLIC = ".pub"  # of the file of a public key
KEY, HASHED = b"Ed", b"ED"  # what keys, and signatures of a hash, begin with
PLAIN = b"\0\0"  # in place of the name of a key derivation: without a password
CHECKED_BY = b"B2"  # BLAKE2b-256
ID, POINT, SIGNED = 8, 32, 64  # bytes of a key's number, of a public key, of a signature
UNTRUSTED, TRUSTED = "untrusted comment: ", "trusted comment: "
PUBLIC_BYTES = 2 + ID + POINT
SECRET_BYTES = 2 + 2 + 2 + 32 + 8 + 8 + ID + 2 * POINT + 32
SECRETS_AT = 54  # where the number and the key begin in a secret key, behind salt and limits
ADVICE = "`pipelines sign BUNDLE --new-key NAME.key` makes a pair of keys, `minisign -G` as well."


class Unsigned(Exception):
    """Why a signature does not stand for a file, in one line."""


@dataclass(frozen=True)
class PublicKey:
    """number: 8 bytes by which a signature names its key; point: 32 bytes."""

    number: bytes
    point: bytes

    @property
    def name(self) -> str:
        """The number as minisign prints it."""
        return named(self.number)


@dataclass(frozen=True)
class SecretKey:
    """number: 8 bytes; seed: 32 bytes, the secret. Neither is ever shown."""

    number: bytes
    seed: bytes

    def __repr__(self) -> str:
        return f"SecretKey({named(self.number)})"


def named(number: bytes) -> str:
    """A key's number as minisign prints it: hexadecimal, the last byte first."""
    return number[::-1].hex().upper()


def public_key(source: str | Path) -> PublicKey:
    """A public key: a file of minisign's, or its second line itself.

    Raises PipelineError if it is neither.
    """
    line = str(source)
    is_line = len(line) == 56 and line.startswith("RW") and not os.path.exists(line)
    content = _bytes(line) if is_line else _second_line(source, "public key")
    if len(content) == SECRET_BYTES:
        raise PipelineError(
            f"{source} is a secret key. Pass the public one, and give the secret one to no one."
        )
    if len(content) != PUBLIC_BYTES or not content.startswith(KEY):
        raise PipelineError(f"{source} is no public key of minisign. {ADVICE}")
    return PublicKey(content[2 : 2 + ID], content[2 + ID :])


def secret_key(path: str | Path) -> SecretKey:
    """A secret key without a password. Raises PipelineError if the file holds none."""
    content = _second_line(path, "secret key")
    if len(content) != SECRET_BYTES or not content.startswith(KEY):
        raise PipelineError(f"{path} is no secret key of minisign. {ADVICE}")
    if content[2:4] != PLAIN:
        raise PipelineError(
            f"{path} has a password, which is not asked for here. Sign with minisign itself:"
            " `minisign -S -m manifest.json`, or make a key without one: `minisign -G -W`."
        )
    secrets = content[SECRETS_AT:-32]
    if _checksum(secrets) != content[-32:]:
        raise PipelineError(f"{path} is damaged: its checksum differs. Restore the file.")
    return SecretKey(secrets[:ID], secrets[ID : ID + POINT])


def ready(path: str | Path) -> None:
    """Raises PipelineError if the secret key in a file cannot sign, before any long work."""
    secret_key(path)
    _ed25519()


def new_keys(path: str | Path) -> tuple[Path, Path]:
    """Makes a pair of keys -> (the secret file `path`, the public file NAME.pub beside it).

    The secret one has no password and can be read by its owner alone. Raises PipelineError, and
    writes nothing, if `path` ends in .pub, its folder is missing, or either file exists.
    """
    ed25519 = _ed25519()
    secret_file = Path(path)
    public_file = secret_file.with_suffix(PUBLIC)
    _refuse_unfit(secret_file, public_file)
    number = os.urandom(ID)
    private = ed25519.Ed25519PrivateKey.generate()
    point = private.public_key().public_bytes_raw()
    secrets = number + private.private_bytes_raw() + point
    salt_and_limits = bytes(32 + 8 + 8)  # of the password that there is none of
    secret = KEY + PLAIN + CHECKED_BY + salt_and_limits + secrets + _checksum(secrets)
    title = named(number)
    _write(public_file, f"minisign public key {title}", KEY + number + point, 0o644)
    _write(secret_file, f"minisign secret key {title}", secret, 0o600)
    return secret_file, public_file


def _refuse_unfit(secret_file: Path, public_file: Path) -> None:
    """Raises PipelineError if a pair of keys cannot be written to these files."""
    if secret_file.suffix.lower() == PUBLIC:
        raise PipelineError(
            f"{secret_file} is to be a secret key, and {PUBLIC} stands for a public one. Name it"
            f" {secret_file.with_suffix('.key')}, say; the public key then goes to {public_file}."
        )
    if not secret_file.parent.is_dir():
        raise PipelineError(
            f"there is no folder {secret_file.parent} for the keys. Make it, or name another."
        )
    for file in (secret_file, public_file):
        if os.path.lexists(file):
            raise PipelineError(f"{file} exists already. Name another file.")


def sign(file: Path, key: SecretKey) -> Path:
    """Writes FILE.minisig beside a file -> its path."""
    private = _ed25519().Ed25519PrivateKey.from_private_bytes(key.seed)
    signature = private.sign(_hash(file.read_bytes()))
    comment = f"timestamp:{int(time.time())}\tfile:{file.name}\thashed"
    whole = private.sign(signature + comment.encode("utf-8"))
    lines = (
        f"{UNTRUSTED}signature by key {named(key.number)}",
        _text(HASHED + key.number + signature),
        f"{TRUSTED}{comment}",
        _text(whole),
    )
    path = file.with_name(file.name + SUFFIX)
    write_text(path, "".join(f"{line}\n" for line in lines))
    return path


def check(content: bytes, signature: Path, key: PublicKey) -> str:
    """What the signer says of these bytes, if the signature is of them and of this key.

    Raises Unsigned with the reason if it is not, and NotInstalled without `cryptography`.
    """
    ed25519 = _ed25519()
    number, signed, comment, whole = _parts(signature)
    if number != key.number:
        raise Unsigned(f"{signature.name} is of the key {named(number)}, not of {key.name}")
    try:
        public = ed25519.Ed25519PublicKey.from_public_bytes(key.point)
        public.verify(signed, _hash(content))
        public.verify(whole, signed + comment.encode("utf-8"))
    except _invalid() as error:
        name = signature.name.removesuffix(SUFFIX)
        raise Unsigned(f"{name} is not what was signed by the key {key.name}") from error
    return comment


def _parts(signature: Path) -> tuple[bytes, bytes, str, bytes]:
    """(number of the key, signature, trusted comment, signature of both) of a file."""
    if not signature.is_file():
        raise Unsigned(f"{signature.name} is missing: no one has signed this bundle")
    lines = read_text(signature).splitlines()
    is_whole = len(lines) == 4 and lines[2].startswith(TRUSTED)
    first, whole = (_bytes(lines[1]), _bytes(lines[3])) if is_whole else (b"", b"")
    if len(first) != 2 + ID + SIGNED or len(whole) != SIGNED or not first.startswith(HASHED):
        raise Unsigned(f"{signature.name} is damaged, or no signature of minisign 0.10 or later")
    return first[2 : 2 + ID], first[2 + ID :], lines[2].removeprefix(TRUSTED), whole


def _second_line(path: str | Path, what: str) -> bytes:
    """What the second line of a key says; the first is a comment."""
    if not Path(path).is_file():
        raise PipelineError(f"there is no {what} {path}. Name the file of one. {ADVICE}")
    lines = read_text(path).splitlines()
    return _bytes(lines[1]) if len(lines) > 1 and lines[0].startswith(UNTRUSTED) else b""


def _write(path: Path, comment: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{UNTRUSTED}{comment}\n{_text(content)}\n")


def _hash(content: bytes) -> bytes:
    return hashlib.blake2b(content).digest()


def _checksum(secrets: bytes) -> bytes:
    return hashlib.blake2b(KEY + secrets, digest_size=32).digest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _bytes(line: str) -> bytes:
    """What a line in Base64 says; b"" if it is none."""
    try:
        return base64.b64decode(line.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ed25519() -> Any:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise NotInstalled(
            f"signatures need the package cryptography: {installing.line('signing')}."
        ) from error
    return ed25519


def _invalid() -> type[Exception]:
    from cryptography.exceptions import InvalidSignature

    return InvalidSignature
