"""Digests of files, by which damage is found before a file is used."""

import hashlib
from pathlib import Path


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path: Path, expected: str) -> None:
    """Raise ValueError that names the file if it is missing or its digest is not the expected one."""
    try:
        same = digest(path) == expected
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None
    if not same:
        raise ValueError(f"{path}: damaged, its SHA-256 is not the one that was noted when it was written")
