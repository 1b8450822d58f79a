import shutil

import pytest
from sgdwalk.storage import code_hash

TREE = {
    "__init__.py": 'VERSION = "1"\n',
    "base.py": '"""Base."""\n\nLIMIT = 3\n\n\ndef double(x):\n    """Twice x."""\n    return 2 * x\n',
    "left.py": "import numpy as np\nfrom sgdwalk import base\n\n\ndef go(a, b):\n    return base.double(a) + np.pi * b\n",
    "right.py": "def go():\n    from sgdwalk.parts.inner import deep\n\n    return deep()\n",
    "parts/__init__.py": "",
    "parts/inner.py": "def deep():\n    return f'{1 + 1} words'\n",
    "other.py": "X = 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    root = tmp_path / "sgdwalk"
    for name, text in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(code_hash, "PACKAGE", root)
    forget()
    yield root
    forget()


def forget():
    for cached in ("code_version", "_file", "_own", "_imports", "_exports", "_fingerprint"):
        getattr(code_hash, cached).cache_clear()


def version(*modules, own=()):
    forget()
    return code_hash.code_version(*modules, own=own)


def edited(root, name, old, new):
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("base.py", "LIMIT = 3\n", "LIMIT = 3  # a limit\n# and a remark\n"),
        ("base.py", '"""Base."""', '"""Something else,\n\nin three lines."""'),
        ("base.py", '    """Twice x."""\n', ""),
        ("base.py", '    """Twice x."""\n', "    '''2x.'''\n    # why not\n"),
        ("base.py", "\n\n\ndef", "\n\n\n\n\ndef"),
        ("left.py", "def go(a, b):", "def go(\n    a,  # first\n    b\n):"),
        ("left.py", "return base.double(a) + np.pi * b", "return base.double(a) + \\\n        np.pi * b"),
        ("left.py", "    return base", "        return base"),
        ("left.py", "np.pi * b\n", "np.pi * b"),
        ("left.py", "(a) + np.pi", "( a )+np.pi"),
    ],
)
def test_layout_comments_and_docstrings_do_not_count(package, name, old, new):
    before = version("left")
    edited(package, name, old, new)
    assert version("left") == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("left.py", "np.pi * b", "np.e * b"),
        ("left.py", "+ np.pi", "- np.pi"),
        ("left.py", "(a, b)", "(a, b=1)"),
        ("base.py", "LIMIT = 3", "LIMIT = 4"),
        ("base.py", "    return 2 * x", "    if x:\n        x = 3\n    return 2 * x"),
    ],
)
def test_an_edit_in_the_module_or_in_what_it_imports_counts(package, name, old, new):
    before = version("left")
    edited(package, name, old, new)
    assert version("left") != before


def test_indentation_that_moves_a_statement_counts(package):
    (package / "other.py").write_text("for i in x:\n    a()\n    b()\n")
    before = version("other")
    (package / "other.py").write_text("for i in x:\n    a()\nb()\n")
    assert version("other") != before


def test_an_import_inside_a_function_and_an_f_string_count(package):
    before = version("right")
    edited(package, "parts/inner.py", "1 + 1", "1 + 2")
    between = version("right")
    edited(package, "parts/inner.py", "words", "word")
    assert len({before, between, version("right")}) == 3


def test_a_string_that_is_used_counts(package):
    (package / "other.py").write_text('X = "a"\n')
    before = version("other")
    (package / "other.py").write_text('X = "b"\n')
    assert version("other") != before


def test_a_relative_import_is_followed_like_an_absolute_one(package):
    edited(package, "left.py", "from sgdwalk import base", "from . import base")
    before = version("left")
    edited(package, "base.py", "2 * x", "3 * x")
    assert version("left") != before


def test_unrelated_modules_do_not_count(package):
    before = version("left")
    edited(package, "other.py", "1", "2")
    edited(package, "right.py", "deep()\n", "deep() + 1\n")
    edited(package, "__init__.py", '"1"', '"2"')
    (package / "new.py").write_text("import sgdwalk.left\n")
    assert version("left") == before


def test_several_modules_in_any_order(package):
    assert version("left", "right") == version("right", "left", "left")
    assert version("left", "right") != version("left")


def test_import_cycles_end(package):
    edited(package, "base.py", "LIMIT = 3", "from sgdwalk import left\n\nLIMIT = 3")
    assert version("left") == version("base")


def test_a_module_that_does_not_exist_is_an_error(package):
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        version("nowhere")


def test_place_of_the_package_does_not_count(package, tmp_path, monkeypatch):
    before = version("left", "right")
    elsewhere = tmp_path / "elsewhere" / "sgdwalk"
    shutil.copytree(package, elsewhere)
    monkeypatch.setattr(code_hash, "PACKAGE", elsewhere)
    assert version("left", "right") == before


OWN = {
    "nets/__init__.py": "WIDTH = 64\n",
    "nets/build.py": "from . import WIDTH\nfrom sgdwalk.parts.inner import deep\nimport pieces, numpy, os.path, broken\n",
    "pieces.py": "from . import astray\n\nDEPTH = 3\n",
    "nets/other.py": "X = 1\n",
}


@pytest.fixture
def own(package, tmp_path, monkeypatch):
    """Code of the user's own in the current folder, beside an installed package."""
    installed = tmp_path / "site-packages"
    files = {tmp_path / "here" / name: text for name, text in OWN.items()}
    for path, text in (files | {installed / "broken.py": "not python"}).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(installed)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("here/nets/build.py", "import pieces", "X = 1\nimport pieces"),
        ("here/nets/__init__.py", "64", "32"),
        ("here/pieces.py", "3", "4"),
        ("sgdwalk/parts/inner.py", "1 + 1", "1 + 2"),
    ],
)
def test_code_of_ones_own_counts_with_what_it_imports(own, name, old, new):
    before = version("left", own=("nets.build",))
    edited(own.parent, name, old, new)
    assert version("left", own=("nets.build",)) != before


def test_of_ones_own_code_neither_layout_nor_what_is_not_used_nor_what_is_installed_counts(own):
    before = version("left", own=("nets.build",))
    edited(own, "nets/other.py", "1", "2")
    edited(own, "pieces.py", "3", "3  # deep")
    assert version("left", own=("nets.build",)) == before
    assert version("left", own=("broken", "not_there.nets")) == version("left") != before


def test_ones_own_file_with_an_error_is_named(own):
    (own / "nets" / "build.py").write_text("def (:\n")
    with pytest.raises(SyntaxError) as error:
        version(own=("nets.build",))
    assert error.value.filename.endswith("nets/build.py")


@pytest.mark.parametrize(
    "use",
    [
        "from sgdwalk import double\n",
        "from sgdwalk.parts import double as twice\n",
        "import sgdwalk\n\nX = sgdwalk.double(1)\n",
        "import sgdwalk as walk\n\nX = walk.double(1)\n",
        "import sgdwalk.other\n\nX = sgdwalk.parts.double(1)\n",
        "def f():\n    from sgdwalk import parts\n\n    return parts.double(1)\n",
    ],
)
def test_a_name_that_the_package_exports_counts_as_the_module_that_defines_it(own, use):
    edited(own.parent, "sgdwalk/__init__.py", 'VERSION = "1"', 'EXPORTS = {"double": "sgdwalk.base"}')
    (own / "pieces.py").write_text(use)
    before = version(own=("pieces",))
    edited(own.parent, "sgdwalk/right.py", "deep()", "deep() + 1")
    assert version(own=("pieces",)) == before
    edited(own.parent, "sgdwalk/base.py", "2 * x", "3 * x")
    assert version(own=("pieces",)) != before


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfX = 1\n", b"# -*- coding: latin-1 -*-\nX = 1  # \xe9\n"])
def test_a_module_is_read_as_python_reads_it(own, text):
    plain = version(own=("pieces",))
    (own / "pieces.py").write_bytes(text)
    marked = version(own=("pieces",))
    (own / "pieces.py").write_text("X = 1\n")
    assert marked == version(own=("pieces",)) != plain
