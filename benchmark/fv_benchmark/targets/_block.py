"""What a measuring process or page answers, into a `Block`: every field checked, whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

from fv_benchmark import strict
from fv_benchmark.condition import Condition
from fv_benchmark.errors import BadAnswer
from fv_benchmark.protocol import Protocol
from fv_benchmark.slices import MAX_SLICE_SAMPLES, SLICE_SECONDS, Slice, Sustained
from fv_benchmark.targets import Block
from fv_core.text import printable

# No call, no process and no machine reaches these; what is above is damage or a lie. 2⁵³ is where JSON's numbers of
# other languages stop to be whole; 2⁶³ where ours would leave 64 bits.
_LARGEST = 1 << 53
_MAX_NAME_CHARACTERS = 200
# What a machine can be: °C in which electronics work, MHz, twenty bits of vcgencmd, as many jobs as Linux allows.
_RANGES = {
    "temperature_c": (-100.0, 200.0),
    "clock_mhz": (0.0, 100_000.0),
    "throttled_bits": (0, 0xFFFFF),
    "load": (0.0, 4_194_304.0),
}
# No machine of ours is watched for longer than a few days.
_LONGEST_S = 1e6


def block_from(answer: Any, protocol: Protocol) -> Block:
    """The block in a decoded JSON object with the fields of `Block`; raises `BadAnswer` for anything else."""
    try:
        return _block(answer, protocol)
    except strict.UNFIT as error:
        why = printable(f"{type(error).__name__}: {error}", max_characters=_MAX_NAME_CHARACTERS)
        raise BadAnswer("the device answered with something that is no block of samples", why=why) from None


def sustained_from(answer: Any, seconds: float) -> Sustained:
    """The run in a decoded JSON object with the fields of `Sustained`; raises `BadAnswer` for anything else."""
    try:
        if not 0 < len(answer["slices"]) <= 2 + seconds / SLICE_SECONDS:
            raise ValueError(f"{len(answer['slices'])} slices in {seconds:g} s")
        slices = tuple(_slice(entry) for entry in answer["slices"])
        if any(later.at_s <= earlier.at_s for earlier, later in pairwise(slices)):
            raise ValueError("slices that do not follow each other")
        return Sustained(slices, printable(str(answer["runtime"]), max_characters=_MAX_NAME_CHARACTERS))
    except strict.UNFIT as error:
        why = printable(f"{type(error).__name__}: {error}", max_characters=_MAX_NAME_CHARACTERS)
        raise BadAnswer("the device answered with something that is no continuous run", why=why) from None


def condition_from(answer: Any) -> Condition | None:
    """A condition in a decoded JSON object, None for null; raises what `strict.plain` raises."""
    if answer is None:
        return None
    typed = dict(answer)
    if typed.get("governor") is not None:
        typed["governor"] = printable(str(typed["governor"]), max_characters=_MAX_NAME_CHARACTERS)
    found = strict.plain(Condition, typed)
    for name, (low, high) in _RANGES.items():
        value = getattr(found, name)
        if value is not None and not low <= value <= high:
            raise ValueError(f"{name} of {value:g}")
    return found


def _block(answer: Mapping[str, Any], protocol: Protocol) -> Block:
    typed = dict(answer)
    if typed.get("summary") is not None:
        raise ValueError("a summary where single calls were asked for")
    typed["samples_ns"] = strict.counts(typed["samples_ns"])
    if len(typed["samples_ns"]) > protocol.max_calls:
        raise ValueError(f"{len(typed['samples_ns'])} samples, asked for at most {protocol.max_calls}")
    for end in ("before", "after"):
        typed[end] = condition_from(typed.get(end))
    block = strict.plain(Block, typed)
    numbers = (block.init_ns, block.first_ns, block.warm_up_calls, block.peak_memory_bytes or 0, block.energy_uj or 0)
    if min(numbers) < 0 or max(*numbers, *block.samples_ns) > _LARGEST:
        raise ValueError("a number that nothing can have measured")
    if not 0 <= (block.waited_share or 0.0) <= 1:
        raise ValueError(f"a share of {block.waited_share}")
    return replace(block, runtime=printable(block.runtime, max_characters=_MAX_NAME_CHARACTERS))


def _slice(answer: Mapping[str, Any]) -> Slice:
    typed = dict(answer)
    typed["samples_ns"] = strict.counts(typed["samples_ns"])
    typed["condition"] = condition_from(typed.get("condition"))
    one = strict.plain(Slice, typed)
    in_time = 0 <= one.at_s <= _LONGEST_S and 0 < one.seconds <= _LONGEST_S
    if not in_time or not len(one.samples_ns) <= min(one.calls, MAX_SLICE_SAMPLES):
        raise ValueError(f"a slice of {one.seconds} s at {one.at_s} s with {one.calls} calls")
    counters = (one.calls, one.throttle_events or 0, one.energy_uj or 0)
    if min(counters) < 0 or max(counters) > _LARGEST or not 0 <= (one.waited_share or 0.0) <= 1:
        raise ValueError("a counter that nothing can have counted")
    if max(one.samples_ns) > _LARGEST:
        raise ValueError("a number that nothing can have measured")
    return one
