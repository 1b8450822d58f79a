"""A job's resources as options of qsub."""

import re
from collections.abc import Mapping

WALLTIME = re.compile(r"\d+:[0-5]\d:[0-5]\d")
NAME = re.compile(r"[^\s:,]+")
CHUNKS = re.compile(r"\S+")


class BadRequestError(ValueError):
    """A resource that qsub cannot take."""


def options(name: str, threads: int, resources: Mapping, logs: str) -> list[str]:
    """Options of qsub for a job of this name, of so many threads, whose output goes into the folder logs."""
    walltime = _walltime(resources)
    queue, account = (_word(resources, key) for key in ("queue", "account"))
    return [
        *("-N", job_name(name)),
        *("-l", f"select={_select(threads, resources)}"),
        *(["-l", f"walltime={walltime}"] if walltime else []),
        *("-j", "oe", "-o", f"{logs}/"),
        *("-r", "n"),  # Snakemake repeats jobs itself
        "-V",
        *(["-q", queue] if queue else []),
        *(["-A", account] if account else []),
    ]


def job_name(name: str) -> str:
    """A name that every PBS takes: at most 15 plain characters, the first a letter."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return (plain if plain[:1].isalpha() else f"j{plain}")[:15]


def _select(threads: int, resources: Mapping) -> str:
    """Chunks of a node each: nodes times ncpus, mem, and ngpus."""
    if chunk := _word(resources, "select", CHUNKS):
        return chunk
    parts = [f"{_count(resources, 1, 'nodes') or 1}", f"ncpus={_count(resources, 1, 'ncpus') or threads}"]
    if memory := _count(resources, 1, "mem_mb"):
        parts.append(f"mem={memory}mb")
    if gpus := _count(resources, 0, "ngpus", "gpus", "gpu"):
        parts.append(f"ngpus={gpus}")
    return ":".join(parts)


def _walltime(resources: Mapping) -> str | None:
    """HH:MM:SS: walltime as it stands there, or runtime, which Snakemake has turned into minutes."""
    if walltime := _word(resources, "walltime", WALLTIME):
        return walltime
    minutes = _count(resources, 1, "runtime")
    return minutes and f"{minutes // 60:02d}:{minutes % 60:02d}:00"


def _count(resources: Mapping, least: int, *keys: str) -> int | None:
    """The first of these resources that is given."""
    for key in keys:
        value = resources.get(key)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BadRequestError(f"resource {key}={value!r} (allowed: a whole number, at least {least})")
        return value
    return None


def _word(resources: Mapping, key: str, pattern: re.Pattern = NAME) -> str | None:
    value = resources.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str | int) or not pattern.fullmatch(str(value)):
        allowed = {WALLTIME: "HH:MM:SS", CHUNKS: "chunks as in qsub -l select=", NAME: "a name without spaces"}
        raise BadRequestError(f"resource {key}={value!r} (allowed: {allowed[pattern]})")
    return str(value)
