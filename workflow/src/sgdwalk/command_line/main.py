"""The command `sgdwalk` and `python -m sgdwalk`."""

import argparse
import os
import sys
from collections.abc import Sequence

import sgdwalk
from sgdwalk.command_line import check, clean, compare, draw, new, status, table
from sgdwalk.study.validation import ConfigError

COMMANDS = (new, check, status, table, compare, draw, clean)
BAD_INPUT = 2  # exit status


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str):
        """Print the message and exit."""
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser() -> Parser:
    """The parser of all commands; `run` of what it returns is the function of the command."""
    top = Parser(
        prog="sgdwalk", description="Studies of SGD as a random walker: plan, follow, read.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"sgdwalk {sgdwalk.__version__}")
    commands = top.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        text = module.__doc__.partition("\n")[0]
        own = commands.add_parser(name, help=text, description=module.__doc__, allow_abbrev=False)
        module.arguments(own)
        own.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit status: 0, 1 if it found what must be mended, 2 for bad input, said in one line."""
    given = parser().parse_args(arguments)
    try:
        status = given.run(given) or 0
        sys.stdout.flush()
        return status
    except (ConfigError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # of `sgdwalk ... | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(f"sgdwalk {given.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return 130
