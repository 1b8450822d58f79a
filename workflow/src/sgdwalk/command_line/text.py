"""How commands write tables, durations and sizes."""

from collections.abc import Iterable, Sequence

UNITS = ("B", "kB", "MB", "GB", "TB")


def aligned(rows: Iterable[Sequence[str]], gap: int = 2) -> str:
    """Rows of cells as lines of columns, the last one not padded."""
    rows = [*rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ((cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join((" " * gap).join(line).rstrip() for line in lines)


def duration(seconds: float) -> str:
    """A time in the two largest units that it has: '3 h 20 min', '1 min 27 s', '12.3 s', '4.5 ms'."""
    if seconds < 1:
        return f"{1e3 * seconds:.3g} ms"
    if round(seconds) < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.1f} days"


def size(count: float) -> str:
    """A number of bytes with three digits: '4.2 MB'."""
    unit = 0
    while count >= 999.5 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"
