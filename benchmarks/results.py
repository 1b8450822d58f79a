"""Memory and disk of a finished study: `python benchmarks/results.py [STUDY]`, from its files in results/STUDY.

Memory: the largest peak of each rule, as Snakemake saw it every half second at first and every 30 s later, what its
jobs ask a scheduler for, the least and the largest share of that which they used, and their CPU time together. Disk:
all files of each kind, largest first, with their size in memory where they are NetCDF.
"""

import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow" / "src"))

import pandas as pd
import xarray as xr
from sgdwalk.study.jobs import jobs
from sgdwalk.study.load import Study, load_study
from sgdwalk.study.requested_memory import of_job

ROOT = Path(__file__).resolve().parents[1]
SMALL = 0.5e6  # bytes; kinds below it are one row
STARTED = 10.0  # MB; a process that ended before Snakemake looked


def memory(study: Study, results: Path) -> list[str]:
    """Rows of the table of memory, the largest peak first."""
    measured = defaultdict(list)
    for job in jobs(study):
        path = results / job.benchmark
        if path.exists():
            row = pd.read_csv(path, sep="\t").iloc[0]
            if row.max_rss > STARTED:
                measured[job.rule].append((row.max_rss, of_job(study, job.rule, job.of), row.cpu_time))
    rows = []
    for rule, found in sorted(measured.items(), key=lambda item: -max(row[0] for row in item[1])):
        peaks, requests, seconds = zip(*found, strict=True)
        shares = sorted(100 * peak / request for peak, request in zip(peaks, requests, strict=True))
        rows.append(
            f"| {rule} | {len(found)} | {sum(seconds):.0f} | {max(peaks):.0f} | {max(requests):.0f} "
            f"| {shares[0]:.0f} to {shares[-1]:.0f} |"
        )
    return rows


def kind(path: Path) -> str:
    """What a file below the results is called in the table of disk."""
    first, *rest = path.parts
    if first == "runs":
        return f"runs/*/{'checkpoints/*' if 'checkpoints' in rest else '/'.join(rest[1:])}"
    return f"figures/*{path.suffix}" if first == "figures" else first if not rest else f"{first}/*"


def disk(results: Path) -> list[str]:
    """Rows of the table of disk."""
    found = defaultdict(list)
    for path in results.rglob("*"):
        if path.is_file():
            found[kind(path.relative_to(results))].append((path.stat().st_size, in_memory(path)))
    sums = {name: tuple(map(sum, zip(*files, strict=True))) for name, files in found.items()}
    large = sorted((name for name in sums if sums[name][0] >= SMALL), key=lambda name: -sums[name][0])
    rest = [sums[name] for name in sums if name not in large]
    rows = [(name, len(found[name]), *sums[name]) for name in large]
    rows.append(("all others", sum(len(found[n]) for n in sums if n not in large), *map(sum, zip(*rest, strict=True))))
    rows.append(("together", sum(map(len, found.values())), *map(sum, zip(*sums.values(), strict=True))))
    return [f"| {name} | {count} | {size / 1e6:.1f} | {megabytes(raw)} |" for name, count, size, raw in rows]


def in_memory(path: Path) -> int:
    """Bytes of the variables of a NetCDF file; 0 of all others."""
    if path.suffix != ".nc":
        return 0
    with xr.open_dataset(path, engine="netcdf4") as data:
        return sum(variable.nbytes for variable in data.variables.values())


def megabytes(size: float) -> str:
    """As a cell of the table, empty for 0."""
    return f"{size / 1e6:.1f}" if size else ""


def main() -> None:
    """Print both tables."""
    name = sys.argv[1] if len(sys.argv) > 1 else "digits"
    results = ROOT / "results" / name
    if not (results / "checks.passed").exists():
        print(f"no finished results/{name}: snakemake --cores 2 --config study={name}", file=sys.stderr)
        return
    print("### Memory\n\n| rule | jobs | CPU s | largest peak, MB | largest request, MB | peak in % of its request |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(memory(load_study(name, ROOT / "config"), results)))
    print("\n### Disk\n\n| files | number | MB | MB in memory |\n| --- | ---: | ---: | ---: |")
    print("\n".join(disk(results)))


if __name__ == "__main__":
    main()
