"""What goes back from the machine: lines of results, and everything else in parts of a limited size."""

import contextlib
import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from on_gpu.experiments import spread

NAME, EMPTY = "results.tar.gz", 2**20  # bytes that the archive may take beside its files


class Results:
    """Lines of JSON, written and shown as they come: in a file that stays, copied into `out` each time."""

    def __init__(self, path: Path, out: Path):
        self.path, self.copy = path, out / path.name

    def add(self, part: str, what: str, found: dict[str, Any]) -> None:
        """Add a line."""
        line = json.dumps({"part": part, "what": what, **found})
        print(line, flush=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        shutil.copyfile(self.path, self.copy)

    def done(self, part: str) -> set[str]:
        """What of a part has a line without an error, of this call or an earlier one."""
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        return {line["what"] for line in map(json.loads, lines) if line["part"] == part and "error" not in line}


class Parts(io.RawIOBase):
    """A file that is written into FILE.00, FILE.01, ..., of `size` bytes each but the last."""

    def __init__(self, path: Path, size: int):
        self.path, self.size, self.written, self.part = path, size, 0, None

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, content) -> int:
        """Write all of it."""
        rest = memoryview(content).cast("B")
        while len(rest):
            number, within = divmod(self.written, self.size)
            if not within:
                self.close_part()
                self.part = open(self.path.with_name(f"{self.path.name}.{number:02d}"), "wb")  # noqa: SIM115
            piece = rest[: self.size - within]
            self.part.write(piece)
            self.written += len(piece)
            rest = rest[len(piece) :]
        return len(content)

    def close_part(self) -> None:
        """Close the part that is being written."""
        if self.part:
            self.part.close()

    def close(self) -> None:
        """Close the last part."""
        self.close_part()
        super().close()


def pack(work: Path, out: Path, groups: Iterable[Sequence[Path]], parts: int, size: int) -> list[str]:
    """Put groups of files below `work`, the most important first, into an archive of at most `parts` of `size` bytes.

    Earlier parts are replaced. `cat results.tar.gz.* | tar xz` unpacks them. A group is taken as a whole or not at all.
    Returns the names of the files that there was no room for, as if nothing could be compressed.
    """
    for old in out.glob(f"{NAME}.*"):
        old.unlink()
    room, left_out = parts * size - EMPTY, []
    with (
        contextlib.closing(Parts(out / NAME, size)) as file,
        gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        for group in groups:
            names = [str(path.relative_to(work)) for path in group]
            needed = sum(path.stat().st_size + 2 * tarfile.BLOCKSIZE for path in group)
            if needed > room:
                left_out += names
                continue
            room -= needed
            for path, name in zip(group, names, strict=True):
                archive.add(path, name)
    return left_out


def returned(runs: Iterable[Path], checkpoints: int) -> Iterator[list[Path]]:
    """Files of runs in the order of their importance: logs and analyses, a few checkpoints, states to resume from.

    Not what only analyses read and what is large: distances, layers, gradients, sketch. A state is of use as a whole.
    """
    runs = [run for run in runs if run.is_dir()]
    for run in runs:
        inputs = {run / f"{name}.nc" for name in ("distances", "layers", "gradients", "sketch")}
        results = {*run.glob("*.nc"), *run.glob("hessian/*.nc")} - inputs
        for path in (*run.glob("*.log"), *sorted(results, key=lambda path: path.stat().st_size)):
            yield [path]
    for run in runs:
        for path in spread(sorted(run.glob("checkpoints/step-*.pt")), checkpoints):
            yield [path]
    for run in runs:
        files = {path for path in run.glob("state/**/*") if path.is_file()}
        yield sorted(files - set(sorted(run.glob("state/*/resume-*"))[:-2]))  # the newest, and its digest
