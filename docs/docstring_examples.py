"""Examples in docstrings as blocks of code: Markdown would take their >>> for quotations."""

import re

from griffe import Extension

EXAMPLE = re.compile(r"(?:^[ \t]*>>> .*\n?(?:^[ \t]*(?!>>>)\S.*\n?)*)+", re.M)


class Examples(Extension):
    """Puts a fence around each run of lines that begins with >>>."""

    def on_object(self, *, obj, **_) -> None:
        """Called for every module, class, function and attribute."""
        if obj.docstring and ">>> " in obj.docstring.value:
            obj.docstring.value = EXAMPLE.sub(
                lambda found: f"\n```python\n{found[0].rstrip()}\n```\n", obj.docstring.value
            )
