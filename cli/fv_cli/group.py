"""The commands of `fv`: a table of names, and a group that imports a command's module only when it is invoked.

`fv --help` and shell completion see placeholders with the help line of the table. Resolving a command for invocation
(or for its own `--help`) imports `fv_cli.commands.NAME` and takes the Typer application that the module calls `app`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fv_cli import __version__

if TYPE_CHECKING:  # the classes that Typer derives its own from have no public name
    from typer._click import Command, Context

# Name -> the line of `fv --help` (64 characters fit), in the order in which a newcomer meets them.
COMMANDS = {
    "quickstart": "Go the whole way once, on pictures that fv draws itself.",
    "doctor": "Say what is installed, what is missing, and what mends it.",
    "data": "Prepare an image set from photos or a public data set.",
    "recipes": "List the training recipes, and show one.",
    "train": "Train a classifier on an image set with a recipe.",
    "evaluate": "Measure the accuracy of a run or a model, with intervals.",
    "predict": "Classify pictures with a model file.",
    "export": "Turn a model into small, fast, checked TFLite and ONNX files.",
    "gate": "Judge model files by a budget: yes, no, or cannot tell.",
    "inspect": "Show what is inside a model file.",
    "benchmark": "Measure latency, size and accuracy on this machine.",
    "compare": "Compare two benchmarks: better, worse, or cannot tell.",
    "embed": "Write a small app around a model file: phone, Pi, web, Space.",
    "demo": "Show a model's answers to photos and the camera, in a browser.",
}


def command_line() -> TyperGroup:
    """The root command; no command's module has been imported yet."""
    root = typer.Typer(cls=_LazyGroup, rich_markup_mode=None)
    root.callback(invoke_without_command=True)(_fv)
    group = get_command(root)
    assert isinstance(group, TyperGroup)  # noqa: S101 - for the type checker: an application with a callback is a group
    return group


def load(name: str) -> Command:
    """Import the module of the command `name` of the table and build its command."""
    app: typer.Typer = importlib.import_module(f"fv_cli.commands.{name}").app
    # Plain help: it reads the same without colour, costs no import of rich, and a `[` in it stays a `[`.
    app.rich_markup_mode = None
    app._add_completion = False  # Typer's argument of the same name, for an application that is mounted in another
    command = get_command(app)
    command.help = command.help or COMMANDS[name]
    # A word that is missing is an error like every other, not a page of help.
    command.no_args_is_help = False
    return command


def run(words: Sequence[str]) -> None:
    """Run one command line within this process; it fails as its command fails, and `Exit` where that says a code."""
    group = command_line()
    with group.make_context("fv", list(words)) as context:
        group.invoke(context)


class _LazyGroup(TyperGroup):
    """A group whose `commands` are placeholders until one is invoked."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # Typer's own settings, passed on as they came
        self.commands = {
            name: TyperCommand(name, callback=None, help=line, rich_markup_mode=None) for name, line in COMMANDS.items()
        }

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else placeholder, rest


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fv {__version__}")
        raise typer.Exit


def _fv(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the stack trace of a failure, and what libraries say.")
    ] = False,
) -> None:
    """From a pile of photos to a small, fast, trustworthy image classifier.

    Begin with: fv quickstart
    """
    # `debug` is taken from the command line before Typer sees it (fv_cli.main); it stands here to be in the help.
    del version, debug
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
