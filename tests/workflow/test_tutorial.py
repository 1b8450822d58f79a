"""The tutorial is followed literally: its files are written, its commands and its Python are run, in their order."""

import os
import re
import subprocess
import sys

from studies import ROOT

TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r'```(\w*)(?: title="([^"]+)")?\n(.*?)```', re.S)
INSTALLATION = ("make ", "source ")


def run(folder, *words):
    """Run Python in the folder as a reader's commands do whose environment is that of these tests."""
    places = [str(ROOT / "workflow" / "src"), str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]} {done.stderr[-3000:]}"
    return done.stdout + done.stderr


def shortened(folder):
    """The study of the tutorial with fewer steps and only the figure that it opens, for the time that the test takes."""
    figures = folder / "config" / "mine" / "figures.yaml"
    figures.write_text(re.search(r"^fig2:\n( .*\n)+", figures.read_text(encoding="utf-8"), re.M)[0], encoding="utf-8")
    path = folder / "config" / "mine" / "config.yaml"
    text = path.read_text(encoding="utf-8")
    assert "steps: 1000\n" in text
    text = text.replace("steps: 1000\n", "steps: 200\n").replace("window: 250", "window: 100")
    small = (
        "hessian: {eigenvalues: 3, images: 100, batch_size: 100, trace_products: 2}\n"
        "dimension: {realisations: 10}\ntoy: {surfaces: 3, walkers: 10, steps: 200, levels: 5}\n"
        "regression: {walkers: 5, steps: 30}\n"
    )
    path.write_text(
        re.sub(r"^landscape:\n(  .*\n)+", f"landscape: {{points: 11, zoom_points: 9}}\n{small}", text, flags=re.M)
    )


def test_the_tutorial(fresh):
    said = {}
    for language, title, content in BLOCK.findall(TEXT):
        if title:
            (fresh / title).write_text(content, encoding="utf-8")
        elif language == "python":
            said["python"] = run(fresh, "-c", content)
        else:
            for line in content.splitlines():
                if not line.startswith(INSTALLATION):
                    said[line] = run(fresh, "-m", *line.split())
                if line.startswith("sgdwalk new"):
                    shortened(fresh)
    assert (fresh / "results" / "mine" / "figures" / "fig2.png").stat().st_size > 10_000
    assert (fresh / "report.html").is_file()
    assert (fresh / "msd.pdf").is_file()
    assert "slow" in said["python"]
    assert re.search(r"^train +1$", said["snakemake --cores 2 --config study=mine"], re.M), "the first run is kept"
