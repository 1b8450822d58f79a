import pytest
from sgdwalk.study.load import load_study
from study_files import CONFIG, FIGURES


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A function that writes a study's files and reads them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "walk.nc").touch()
    (tmp_path / "other.nc").touch()
    (tmp_path / "{x}.nc").touch()
    folder = tmp_path / "config" / "s"
    folder.mkdir(parents=True)

    def read(runs="run\nr\n", config=CONFIG, figures=FIGURES):
        for name, text in (("runs.tsv", runs), ("config.yaml", config), ("figures.yaml", figures)):
            content = text if isinstance(text, bytes) else text.replace("|", "\t").encode()
            (folder / name).write_bytes(content)
        return load_study("s", folder.parent)

    return read
