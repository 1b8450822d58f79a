"""The files of a run that is whole, from the end of its training until they are in their places."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from sgdwalk.storage.atomic import replacing
from sgdwalk.storage.delivery import deliver, deliver_folder, remove
from sgdwalk.storage.digests import check_digest, digest


class Finished:
    """Files below `folder`: checkpoints/*, and NAME.nc for each other output.

    A list of them with their digests is written last. From then on a repeated attempt trains nothing: it goes on with
    the delivery, which leaves the files in `folder` until all are in their places as well.
    """

    def __init__(self, folder: Path):
        self.folder, self.list = folder, folder / "finished.json"

    def declare(self, files: Iterable[Path]) -> None:
        """Write the list: these files are all, and whole."""
        listed = {str(file.relative_to(self.folder)): digest(file) for file in files}
        with replacing(self.list) as temporary:
            temporary.write_text(json.dumps(listed, indent=1), encoding="utf-8")

    def complete(self) -> bool:
        """Whether there is a list and every file of it is whole; a damaged one is named, and its list goes."""
        try:
            for name, expected in self._listed().items():
                check_digest(self.folder / name, expected)
        except FileNotFoundError:
            return False
        except ValueError as error:
            print(f"{error}: the run is not finished", file=sys.stderr, flush=True)
            self.list.unlink()
            return False
        return True

    def keep_alone(self) -> None:
        """Remove all that is not in the list: windows, states, what killed processes left."""
        listed = {self.folder / name for name in self._listed()} | {self.list}
        for path in sorted(self.folder.rglob("*"), reverse=True):  # what is in a folder comes before the folder
            if path not in listed and not any(path in kept.parents for kept in listed):
                remove(path)

    def deliver(self, outputs: Mapping[str, str]) -> None:
        """Put the files to the paths of the outputs `checkpoints`, a folder, and NAME for each NAME.nc."""
        for name, path in outputs.items():
            if name == "checkpoints":
                deliver_folder(
                    [self.folder / file for file in self._listed() if file.startswith(f"{name}/")], Path(path)
                )
            else:
                deliver(self.folder / f"{name}.nc", Path(path))

    def _listed(self) -> dict[str, str]:
        try:
            return json.loads(self.list.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{self.list}: not a list of files ({error})") from None
