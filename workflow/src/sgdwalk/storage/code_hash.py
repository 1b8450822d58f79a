"""Which code makes a result: a hash of what it consists of, so that an edit reruns exactly what it can change."""

import ast
import hashlib
import io
import os
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = {"site-packages", "dist-packages"}
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER}


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


def check_own(module: str, name: str) -> None:
    """Look for a name in a module of the user's own, without importing it.

    ValueError where there is no such module, it or what it imports is no Python, or nothing in it has that name.
    Modules that are installed or compiled are not looked at.
    """
    package = module.partition(".")[0]
    if package == "sgdwalk" or not _own(package) or _compiled(module):
        return
    path = _file(module)
    if path is None:
        raise ValueError(f"no module '{module}' in {_own(package)}")
    try:
        _closure([module])
        tree = ast.parse(_source(path), path)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"must be in Python that can be read: {error or 'nested too deeply'}") from None
    names = _names(tree)
    if name not in names and not names & {"*", "__getattr__"}:
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        raise ValueError(f"no '{name}' in {path} (there are: {', '.join(defined) or 'none'})")


def _compiled(module: str) -> bool:
    """Whether the module is a file beside Python's own kinds, as an extension in C is."""
    package, *inside = module.split(".")
    stem = _own(package).joinpath(*inside)
    return not _file(module) and any(path.is_file() for path in stem.parent.glob(f"{stem.name}.*"))


def _names(tree: ast.Module) -> set[str]:
    """All names that a module may have: of its functions, classes and variables, and what it imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
    return found


@cache
def _imports(module: str, path: Path) -> tuple[str, ...]:
    """Modules, or names inside them, that a module imports, at its top or inside a function."""
    return tuple(_defining(name) for name in _found_imports(module, ast.parse(_source(path), path), path))


def _found_imports(module: str, tree: ast.Module, path: Path) -> Iterator[str]:
    """What the import statements name, and what is read from a module of sgdwalk (`sgdwalk.Recorder`)."""
    local: dict[str, str] = {}  # names in this module, and what of sgdwalk they stand for
    nodes = _nodes(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            local |= {alias.asname or "sgdwalk": alias.name if alias.asname else "sgdwalk" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, [_package(module, path, node.level), node.module]))
            found = {alias.asname or alias.name: f"{source}.{alias.name}".lstrip(".") for alias in node.names}
            yield from filter(None, (source, *found.values()))
            local |= found
    for node in nodes:
        if isinstance(node, ast.Attribute):
            first, *rest = _dotted(node)
            if local.get(first, "").split(".")[0] == "sgdwalk":
                yield ".".join([local[first], *rest])


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """All nodes as ast.walk has them, but for whether a name is read or set; in a third of its time."""
    nodes = [tree]
    for node in nodes:  # which grows meanwhile
        for name in node._fields:
            child = getattr(node, name, None)
            if isinstance(child, list):
                nodes += [part for part in child if isinstance(part, ast.AST)]
            elif isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                nodes.append(child)
    return nodes


def _dotted(node: ast.expr) -> list[str]:
    """The names of a.b.c in their order; an empty one in the place of an a that is no name."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(names)]


def _defining(name: str) -> str:
    """The module that defines a name that sgdwalk exports ('sgdwalk.Recorder'); any other name as it is."""
    package, _, last = name.rpartition(".")
    exported = package.split(".")[0] == "sgdwalk" and not _file(name)
    return _exports().get(last, name) if exported else name


@cache
def _exports() -> dict[str, str]:
    """The table EXPORTS of sgdwalk/__init__.py, read from its source; none where it has none."""
    for node in ast.parse(_source(PACKAGE / "__init__.py")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXPORTS":
            return ast.literal_eval(node.value)
    return {}


def _source(path: Path) -> str:
    """Text of a module, in the encoding that it declares."""
    with tokenize.open(path) as file:
        return file.read()


def _package(module: str, path: Path, level: int) -> str:
    """What the dots of a relative import stand for; empty for an absolute one."""
    if level == 0:
        return ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    return ".".join(package[: len(package) - level + 1])


@cache
def _fingerprint(path: Path) -> str:
    return hashlib.sha256("\n".join(_tokens(_source(path))).encode()).hexdigest()


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
