"""What the accuracy gate says, on a terminal: the question, a row a file, and what to make of each."""

from __future__ import annotations

from collections.abc import Sequence

from fv_benchmark.gate import Decision, Gated
from fv_cli import output

# Of a row and a sentence.
COLOURS = {Decision.PASSES: "green", Decision.REFUSES: "red", Decision.CANNOT_TELL: "yellow"}


def show(found: Sequence[Gated]) -> None:
    """Print what the gate found, on stdout; all files were judged on the same pictures by the same budget."""
    from fv_benchmark.render import gate_words
    from fv_cli.tables import drawn

    if not found:
        return
    console = output.stdout()
    console.print(f"Accuracy gate: {output.safe(gate_words.question(found[0]))}", soft_wrap=True)
    console.print(drawn(gate_words.figures(tuple(found)), {one.value: COLOURS[one] for one in Decision}))
    for one in found:
        colour = COLOURS[one.decision]
        said = f"[bold]{output.safe(one.name)}[/bold] [{colour}]{output.safe(gate_words.answer(one))}[/{colour}]"
        console.print(said, soft_wrap=True)
        for line in (gate_words.flipped(one), gate_words.lost_most(one)):
            console.print(f"  {output.safe(line)}", soft_wrap=True)
    for doubt in dict.fromkeys(doubt for one in found for doubt in one.doubts):
        console.print(f"[yellow]! {output.safe(doubt)}[/yellow]", soft_wrap=True)
