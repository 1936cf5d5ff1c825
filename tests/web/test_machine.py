"""Browsers and systems in user agents as they are sent."""

from __future__ import annotations

import pytest

from fv_benchmark.targets.browser.machine import browser_name, machine_of, system_name
from fv_benchmark.targets.browser.session import facts_from
from tests.web.test_session import FACTS

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = "Linux; Android 10; K"
IPHONE = "iPhone; CPU iPhone OS 18_6 like Mac OS X"
GECKO = "Android 15; Mobile; rv:141.0"
# As sent → (browser, system).
AGENTS = {
    f"Mozilla/5.0 ({ANDROID}) {KIT} Chrome/150.0.0.0 Mobile Safari/537.36": ("Chrome or Chromium 150", ANDROID),
    f"Mozilla/5.0 (X11; Linux x86_64) {KIT} Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0": (
        "Edge 150",
        "X11; Linux x86_64",
    ),
    f"Mozilla/5.0 (X11; Linux x86_64) {KIT} HeadlessChrome/150.0.0.0 Safari/537.36": (
        "Chromium (headless) 150",
        "X11; Linux x86_64",
    ),
    f"Mozilla/5.0 ({ANDROID}) {KIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": (
        "Samsung Internet 28",
        ANDROID,
    ),
    f"Mozilla/5.0 ({GECKO}) Gecko/141.0 Firefox/141.0": ("Firefox 141", GECKO),
    f"Mozilla/5.0 ({IPHONE}) {KIT} Version/26.0 Mobile/15E148 Safari/604.1": ("Safari 26.0", IPHONE),
    "curl/8.0": ("unknown", "unknown"),
    "": ("unknown", "unknown"),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_browser_and_its_system(agent: str) -> None:
    assert (browser_name(agent), system_name(agent)) == AGENTS[agent]


@pytest.mark.parametrize(
    ("changes", "kernel"),
    [
        ({}, "an isolated page"),
        ({"cross_origin_isolated": False}, "a page that is not isolated"),
        ({"cross_origin_isolated": False, "secure_context": False}, "a page over plain HTTP"),
    ],
)
def test_under_what_conditions_the_page_ran(changes: dict[str, bool], kernel: str) -> None:
    machine = machine_of(facts_from(FACTS | changes), "wasm")
    assert machine.kernel == kernel
    assert machine.facts["cross-origin isolated"] is changes.get("cross_origin_isolated", True)


def test_what_a_page_does_not_tell_is_none() -> None:
    machine = machine_of(facts_from(FACTS | {"cores": None, "memory_gb": None}), "webgpu")
    assert (machine.memory_bytes, machine.python, machine.governor, machine.load_before) == (None, None, None, None)
    assert machine.architecture == "WebGPU"
