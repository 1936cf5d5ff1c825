"""A browser in the words of a report. A page learns little of the device: what it does not tell is None."""

from __future__ import annotations

import re

from fv_benchmark.machine import Machine
from fv_benchmark.targets.browser.session import Facts

UNKNOWN = "unknown"
# Product tokens of user agents, the more particular first: Edge and Opera also say Chrome, Chrome also says Safari.
_BROWSERS = (
    ("Edg|EdgA|EdgiOS", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox|FxiOS", "Firefox"),
    ("HeadlessChrome", "Chromium (headless)"),
    ("CriOS|Chrome", "Chrome or Chromium"),
)


def machine_of(facts: Facts, accelerator: str) -> Machine:
    """The browser as a `Machine`: its name stands where a processor's would, which no page can see."""
    browser = browser_name(facts.user_agent)
    return Machine(
        cpu=browser,
        architecture="WebGPU" if accelerator == "webgpu" else "WebAssembly",
        cores=facts.cores or 1,
        memory_bytes=None if facts.memory_gb is None else round(facts.memory_gb * (1 << 30)),
        os=system_name(facts.user_agent),
        kernel=_page_kind(facts),
        python=None,
        governor=None,
        frequency_mhz=None,
        load_before=None,
        load_after=None,
        target="browser",
        facts={
            "secure context": facts.secure_context,
            "cross-origin isolated": facts.cross_origin_isolated,
            "threads": facts.threads,
            "WebGPU": facts.webgpu or False,
            "clock step (ms)": facts.clock_step_ns / 1e6,
        },
    )


def _page_kind(facts: Facts) -> str:
    """Where another machine has its kernel: under what conditions the page ran."""
    if not facts.secure_context:
        return "a page over plain HTTP"
    return "an isolated page" if facts.cross_origin_isolated else "a page that is not isolated"


def browser_name(user_agent: str) -> str:
    """`Firefox 141`; a browser that says nothing known is `unknown`."""
    for tokens, name in _BROWSERS:
        match = re.search(rf"\b(?:{tokens})/(\d+)", user_agent)
        if match:
            return f"{name} {match[1]}"
    match = re.search(r"\bVersion/(\d+(?:\.\d+)?).*\bSafari/", user_agent)
    return f"Safari {match[1]}" if match else UNKNOWN


def system_name(user_agent: str) -> str:
    """What stands in the user agent's first parentheses, which is the system: `Linux; Android 10; K`."""
    match = re.search(r"\(([^)]{1,100})\)", user_agent)
    return match[1] if match else UNKNOWN
