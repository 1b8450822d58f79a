"""checks.csv: the checks of all runs in one table."""

import pandas as pd


def compute(check: list[str]) -> pd.DataFrame:
    """All rows of the runs' check.csv, whose paths are given."""
    return pd.concat([read(path) for path in check], ignore_index=True)


def read(path: str) -> pd.DataFrame:
    """A table of checks: run, check, passed, detail; an empty detail stays empty text, a run named 007 its name."""
    return pd.read_csv(path, keep_default_na=False, dtype={"run": str, "detail": str})


def verdict(path: str) -> None:
    """Raise RuntimeError that names every failed check of checks.csv."""
    table = read(path)
    failed = table[~table.passed]
    lines = [f"{row.run}: {row.check}" + f" ({row.detail})" * bool(row.detail) for row in failed.itertuples()]
    if lines:
        raise RuntimeError(f"failed checks: {'; '.join(lines)}")
