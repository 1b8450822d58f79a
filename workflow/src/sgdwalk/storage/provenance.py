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
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = {"site-packages", "dist-packages"}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}
LIBRARIES = ("sgdwalk", "python", "numpy", "scipy", "xarray", "netCDF4", "torch", "hessian-eigenthings")


@cache
def code_version(*modules: str, own: tuple[str, ...] = ()) -> str:
    """Hash of the tokens of the modules (dotted, inside sgdwalk), of those in `own` (in full), and of all they import.

    Of what they import, sgdwalk counts and code of the user's own, but nothing that is installed. Comments, docstrings
    and line breaks do not count, so that an edit changes the hash of exactly those results that it can change.
    """
    inside = [f"sgdwalk.{module}" for module in modules]
    for module in inside:
        if not _file(module):
            raise ModuleNotFoundError(f"no module '{module}'")
    digest = hashlib.sha256()
    for module, path in sorted(_closure([*inside, *own]).items()):
        digest.update(f"{module}\n{_fingerprint(path)}\n".encode())
    return digest.hexdigest()[:16]


def _closure(modules: list[str]) -> dict[str, Path]:
    """Files of the modules and of everything they import that counts, by module."""
    seen: dict[str, Path] = {}
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module not in seen and (path := _file(module)):
            seen[module] = path
            todo += _imports(module, path)
    return seen


@cache
def _file(module: str) -> Path | None:
    """File of a module (dotted, in full) that counts; None for one that does not, and for a name inside a module."""
    if module == "sgdwalk":
        return None  # its version changes no result
    package, *inside = module.split(".")
    root = PACKAGE if package == "sgdwalk" else _own(package)
    stem = root and root.joinpath(*inside)
    return stem and next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


@cache
def _own(package: str) -> Path | None:
    """Folder or file of a package that the user may edit: here, on PYTHONPATH, or installed in place."""
    spec = None if package in sys.stdlib_module_names else importable(package)
    place = next(iter(spec.submodule_search_locations or [spec.origin])) if spec else None
    return Path(place) if place and not INSTALLED & set(Path(place).parts) else None


def importable(package: str) -> ModuleSpec | None:
    """Where a job would import a package from, which is not imported here; None where there is none."""
    return PathFinder.find_spec(package, [os.getcwd()]) or find_spec(package)


@cache
def _imports(module: str, path: Path) -> tuple[str, ...]:
    """Modules, or names inside them, that a module imports, at its top or inside a function."""
    return tuple(_found_imports(module, path))


def _found_imports(module: str, path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, [_package(module, path, node.level), node.module]))
            yield from filter(None, (source, *(f"{source}.{alias.name}".lstrip(".") for alias in node.names)))


def _package(module: str, path: Path, level: int) -> str:
    """What the dots of a relative import stand for; empty for an absolute one."""
    if level == 0:
        return ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join(package[: len(package) - level + 1])


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


def stored_settings(data) -> dict[str, Any]:
    """The settings that `attributes` stored with a data set."""
    return json.loads(data.attrs["settings"])


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
    if torch is not None and torch.cuda.is_initialized():
        text += f", {torch.cuda.get_device_name()}"
    return text
