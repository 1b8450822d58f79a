"""checks.csv: the verdicts of all runs in one table."""

import pandas as pd


def compute(check: list[str]) -> pd.DataFrame:
    """All rows of the runs' check.csv."""
    return pd.concat([read(path) for path in check], ignore_index=True)


def read(path: str) -> pd.DataFrame:
    """A table of checks; an empty detail stays empty."""
    return pd.read_csv(path, keep_default_na=False)


def verdict(path: str) -> None:
    """Raise RuntimeError with what failed in checks.csv."""
    table = read(path)
    bad = table[~table.passed]
    words = [f"{row.run}: {row.check}" + f" ({row.detail})" * bool(row.detail) for row in bad.itertuples()]
    if words:
        raise RuntimeError(f"failed checks: {'; '.join(words)}")
