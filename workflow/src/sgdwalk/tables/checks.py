"""checks.csv: the verdicts of all runs in one table; the job fails if any check did."""

import pandas as pd


def compute(check: list[str]) -> pd.DataFrame:
    """All rows of the runs' check.csv."""
    return pd.concat([pd.read_csv(path) for path in check], ignore_index=True)


def failed(table: pd.DataFrame) -> str:
    """What failed, in words; empty if nothing did."""
    bad = table[~table.passed]
    return "; ".join(f"{row.run}: {row.check} ({row.detail})" for row in bad.itertuples())
