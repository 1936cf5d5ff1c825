"""A browser on this or another device: a page is served here, its address and a QR code are shown, and it measures.

`--on browser` uses the processor (WASM), `--on browser:webgpu` the graphics chip.
"""

from __future__ import annotations

from fv_benchmark.errors import BadTarget
from fv_benchmark.targets import Target, TargetKind, TargetOptions

SYNTAX = "browser[:webgpu]"


def make(text: str, options: TargetOptions) -> Target:
    """See `TargetKind`. Nothing is served before `open`."""
    from fv_benchmark.targets.browser.target import BrowserTarget

    _, _, accelerator = text.partition(":")
    if text not in ("browser", "browser:webgpu"):
        raise BadTarget(f"no such browser: {text!r}", why=f"it is written {SYNTAX}", hint="--on browser")
    return BrowserTarget(text, accelerator or "wasm", options)


TARGET = TargetKind(SYNTAX, make)
