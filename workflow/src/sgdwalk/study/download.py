"""`python -m sgdwalk.study.download STUDY`: download data sets and pretrained weights, for jobs without internet."""

import sys
from http.client import HTTPException
from pathlib import Path

from sgdwalk.study import factories
from sgdwalk.study.load import Study, load_study
from sgdwalk.study.validation import ConfigError

TORCHVISION = "sgdwalk.data.vision:load"
ZOO = "sgdwalk.models.zoo:network"


def datasets(study: Study) -> list[tuple[str, str]]:
    """(name, folder) of every torchvision data set that the study's trainings and its linear regression read."""
    trained = [run for run in study.runs.values() if not run["walk"]]
    readers = [*trained, study.settings["regression"]["data"]]
    return sorted({(r["dataset"], r["path"]) for r in readers if r["dataset_spec"]["factory"] == TORCHVISION})


def weights(study: Study) -> list[tuple[str, str]]:
    """(network, weights) of every pretrained torchvision network of the study."""
    specs = [run["model_spec"] for run in study.runs.values() if not run["walk"]]
    named = [spec["arguments"] for spec in specs if spec["factory"] == ZOO]
    return sorted({(a["name"], a["weights"]) for a in named if "weights" in a})


def fetch(study: Study) -> None:
    """Download what is missing, and read every data set once to check that it is complete.

    OSError names what could not be fetched.
    """
    for name, path in datasets(study):
        images = factories.factory({"factory": TORCHVISION})(name=name, path=path, download=True)
        print(f"{name}: {len(images.train)} training and {len(images.test)} test images under {path}")
    for name, kind in weights(study):
        from torchvision.models import get_model

        from sgdwalk.data import torchvision_compat  # noqa: F401  lets torchvision load that was built for another torch

        try:
            get_model(name, weights=kind)
        except (OSError, HTTPException, RuntimeError) as error:
            raise OSError(f"{name}: weights {kind} could not be downloaded ({' '.join(str(error).split())})") from None
        print(f"{name}: weights {kind} are in PyTorch's cache")


def main(name: str) -> None:
    """Download for the study config/NAME; exits with one line if its settings are not allowed or a download fails."""
    try:
        study = load_study(name, Path("config"))
        fetch(study)
    except (ConfigError, OSError) as error:
        sys.exit(str(error))
    if not datasets(study) and not weights(study):
        print(f"{name}: nothing to download")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m sgdwalk.study.download STUDY")
    main(sys.argv[1])
