"""A job's resources as options of qsub."""

import re
from collections.abc import Iterable, Mapping

WALLTIME = re.compile(r"\d+:[0-5]\d:[0-5]\d")
NAME = re.compile(r"[^\s:,]+")
CHUNKS = re.compile(r"\S+")
LENGTH = 15  # of a job's name


class BadRequestError(ValueError):
    """A resource that qsub cannot take."""


def options(threads: int, resources: Mapping, by_nodes: bool = False) -> list[str]:
    """Options of qsub for a job of so many threads, which asks for chunks (select) or, by nodes, for nodes:ppn."""
    walltime = _walltime(resources)
    queue, account = (_word(resources, key) for key in ("queue", "account"))
    return [
        *("-l", (_nodes if by_nodes else _select)(threads, resources)),
        *(["-l", f"walltime={walltime}"] if walltime else []),
        *(["-q", queue] if queue else []),
        *(["-A", account] if account else []),
    ]


def job_name(rule: str, wildcards: Iterable[str] = ()) -> str:
    """Rule and wildcards as a name that every PBS takes: 15 plain characters, the first a letter, some of each."""
    run = "-".join(wildcards)
    name = f"{rule[: max(LENGTH - 1 - len(run), LENGTH // 2)]}-{run}" if run else rule
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return (plain if plain[:1].isalpha() else f"j{plain}")[:LENGTH]


def _select(threads: int, resources: Mapping) -> str:
    """Chunks of a node each: nodes times ncpus, mem, and ngpus."""
    if chunk := _word(resources, "select", CHUNKS):
        return f"select={chunk}"
    nodes, cpus, memory, gpus = _needs(threads, resources)
    return f"select={nodes}:ncpus={cpus}" + f":mem={memory}mb" * (memory > 0) + f":ngpus={gpus}" * (gpus > 0)


def _nodes(threads: int, resources: Mapping) -> str:
    """The same in the older way, in which memory is that of the whole job."""
    if chunk := _word(resources, "select", CHUNKS):
        raise BadRequestError(f"resource select={chunk!r} (allowed: none where jobs ask for nodes)")
    nodes, cpus, memory, gpus = _needs(threads, resources)
    return f"nodes={nodes}:ppn={cpus}" + f":gpus={gpus}" * (gpus > 0) + f",mem={nodes * memory}mb" * (memory > 0)


def _needs(threads: int, resources: Mapping) -> tuple[int, int, int, int]:
    """Nodes, and of each processors, memory in MB, and GPUs; 0 where nothing is asked for."""
    return (
        _count(resources, 1, "nodes") or 1,
        _count(resources, 1, "ncpus") or threads,
        _count(resources, 1, "mem_mb") or 0,
        _count(resources, 0, "ngpus", "gpus", "gpu") or 0,
    )


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
