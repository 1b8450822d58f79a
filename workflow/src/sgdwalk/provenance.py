"""Where a result comes from: a hash of the code that makes it, and the software, hardware and settings."""

import ast
import hashlib
import importlib.metadata
import io
import json
import os
import platform
import sys
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
LIBRARIES = ("sgdwalk", "python", "numpy", "scipy", "xarray", "netCDF4", "torch", "hessian-eigenthings")


@cache
def code_version(*modules: str) -> str:
    """Hash of the tokens of the modules (dotted, inside sgdwalk) and of all they import from sgdwalk.

    Comments, docstrings and line breaks do not count, so that an edit changes the hash of exactly
    those results that it can change.
    """
    digest = hashlib.sha256()
    for path in sorted(_closure(modules)):
        digest.update(f"{path.relative_to(PACKAGE)}\n{_fingerprint(path)}\n".encode())
    return digest.hexdigest()[:16]


def _closure(modules) -> set[Path]:
    """Files of the modules and of everything they import from the package."""
    seen, todo = set(), [_file(module) for module in modules]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo += [p for p in _imports(path) if p not in seen]
    return seen


def _file(module: str) -> Path:
    stem = PACKAGE.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    raise ModuleNotFoundError(f"no module '{module}' in {PACKAGE.name}")


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """Files of the package that a file imports, at its top or inside a function."""
    return tuple(_found_imports(path))


def _found_imports(path: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [_package(path, node.level), node.module]))
            names = [module] + [f"{module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("sgdwalk."):
                try:
                    yield _file(name.removeprefix("sgdwalk."))
                except ModuleNotFoundError:  # a name inside a module
                    continue


def _package(path: Path, level: int) -> str:
    """What the dots of a relative import stand for; empty for an absolute one."""
    if level == 0:
        return ""
    inside = path.relative_to(PACKAGE.parent).parts
    return ".".join(inside[: len(inside) - level])


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256("\n".join(_tokens(path.read_text())).encode()).hexdigest()


def _tokens(source: str) -> Iterator[str]:
    """The meaning-bearing tokens: without comments, blank lines, layout and bare strings (docstrings)."""
    lines = source.splitlines(keepends=True)
    statement: list[str] = []
    bare = True
    for kind, text in _strings_whole(tokenize.generate_tokens(io.StringIO(source).readline), lines):
        if kind in (tokenize.INDENT, tokenize.DEDENT):
            yield tokenize.tok_name[kind]
        elif kind != tokenize.NEWLINE:
            statement.append(text)
            bare &= kind == tokenize.STRING
        else:
            yield from () if bare else (*statement, "NEWLINE")
            statement, bare = [], True


def _strings_whole(tokens, lines) -> Iterator[tuple[int, str]]:
    """(kind, text) of each token; an f-string is one string, as it was before Python 3.12."""
    opening, closing = (getattr(tokenize, f"FSTRING_{end}", None) for end in ("START", "END"))
    depth, start = 0, (0, 0)
    for token in tokens:
        if token.type in LAYOUT:
            continue
        if token.type == opening:
            start = start if depth else token.start
            depth += 1
        elif token.type == closing:
            depth -= 1
            if depth == 0:
                yield tokenize.STRING, _slice(lines, start, token.end)
        elif depth == 0:
            yield token.type, token.string


def _slice(lines, start, end) -> str:
    """Source text between two (row, column) places."""
    text = "".join(lines[start[0] - 1 : end[0]])
    return text[start[1] : len(text) - len(lines[end[0] - 1]) + end[1]]


def attributes(settings: Mapping, code: str, run: str = "", seed: int | str = "") -> dict[str, str]:
    """Attributes that every file carries beside its data."""
    return {
        "code": code,
        "run": run,
        "seed": str(seed),
        "settings": json.dumps(settings, sort_keys=True),
        "software": json.dumps(_software()),
        "hardware": hardware(),
    }


def _software() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found.setdefault(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """Processor, cores that this process may use, and the GPU where one is in use."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = f"{models[0] if models else platform.processor() or platform.machine()}, {cores} cores"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        text += f", {torch.cuda.get_device_name()}"
    return text
