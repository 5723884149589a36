"""A story's folder as one small file, and back."""

from __future__ import annotations

import io
import lzma
import tarfile
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent


def pack(folder: Path, name: str) -> None:
    """Keep the files of ``folder`` as ``name``, the same bytes for the same files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for file in sorted(folder.rglob("*")):
            info = archive.gettarinfo(file, str(file.relative_to(folder)))
            info.mtime = info.uid = info.gid = 0
            info.uname = info.gname = ""
            archive.addfile(info, io.BytesIO(file.read_bytes()) if file.is_file() else None)
    kept = HERE / f"{name}.tar.xz"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(lzma.compress(raw.getvalue(), preset=9))


def unpack(name: str, folder: Path) -> Path:
    """The folder kept as ``name``, put back as ``folder``."""
    with tarfile.open(HERE / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def names(group: str) -> list[str]:
    """What is kept in a group."""
    return sorted(f"{group}/{file.name.removesuffix('.tar.xz')}" for file in (HERE / group).glob("*.tar.xz"))


def contents(folder: Path) -> dict[str, str]:
    """The digest of each file, to see whether any was touched."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}
