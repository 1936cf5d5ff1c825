"""Why a tensor loses what it loses, in words, and what to type against it.

The questions are asked in this order, and the first that is answered with yes is the reason:

    foreign weights    the gain is not 1, or values stand at an end where the layer would have put them inside
    too narrow         values that were cut off make more than half of the error
    bias shift         the channels' means are off: more than half of the error
    few channels       rounding, in a range that a few channels need and the others do not
    one-sided tail     rounding, in a range most of which few values reach, at one end
    too wide           the same at both ends, or the file's range is wider than all values
    too coarse         rounding, in a range that is used: 8 bits are not enough for this tensor
    weights            what is left: the layer's own weights in 8 bits
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fv_core.manifest import Manifest
from fv_export import answer_bias
from fv_export.layer_stats import Ends, Figures
from fv_export.provenance import FINE_TUNED

# A layer of integers gets its scale right to a percent; weights of another model do not.
_GAIN = 1.25
# Values at the ends that the layer would not have put there: rounding moves half a step, so none.
_MORE_AT_ENDS = 0.05
# A part of the error that makes its cause the reason.
_MOST = 0.5
# The expected energy of rounding, s²/12 for each value, holds for values spread over many steps. Where it is a third of
# the error or more, a better grid would help; below that it is something else.
_ROUNDING = 1 / 3
# Half of the range is used by less than one value in a thousand: a whole bit is lost.
_UNUSED = 0.5
# An eighth: three bits less for the median channel than for the widest.
_TYPICAL = 1 / 8
_FEW = 1 / 8
# An SQNR that no file needs to better: the picture's own rounding to 8 bits is 59 dB below a full-range signal.
_FINE_DB = 60.0


@dataclass(frozen=True)
class Reason:
    """`kind`: one word for scripts. `text`: a sentence with figures. `cure`: a command, RUN the full model."""

    kind: str
    text: str
    cure: str


def reason_for(
    tensor: str, figures: Figures, scheme: str, manifest: Manifest | None, corrected: Collection[str] = ()
) -> Reason:
    """See the module. `corrected`: tensors whose mean was moved on purpose (`answer_bias`)."""
    foreign = _foreign_weights(figures)
    if foreign:
        return Reason("other-weights", foreign, f"fv export RUN --{scheme}")
    if figures.own_sqnr_db >= _FINE_DB:
        return Reason("fine", f"its own error is {figures.own_sqnr_db:.0f} dB below its values", "")
    keep = f"fv export RUN --{scheme} --keep-float '{tensor}'"
    learnt = _learnt(scheme, manifest) or keep
    ranges = _other_ranges(scheme, manifest) or learnt
    clipped = figures.clipped_parts.low + figures.clipped_parts.high
    if clipped > _MOST and figures.stored is not None:
        return Reason("too-narrow", _narrow(figures, figures.stored), ranges)
    if figures.shifted_part > _MOST and tensor in corrected:
        text = f"moved on purpose ({answer_bias.NAME}): it takes back what the layers before add to the answer's mean"
        return Reason("answer-bias", text, "")
    if figures.shifted_part > _MOST:
        text = f"bias shift: the means of its channels are off, {figures.shifted_part:.0%} of its error"
        return Reason("bias-shift", text, learnt)
    if figures.rounding_part >= _ROUNDING and figures.stored is not None:
        # Ranges that were not chosen the best known way come before a tensor that costs time in float.
        by_default = ranges == f"fv export RUN --{scheme}"
        return _rounding(figures, figures.stored, keep, ranges if by_default else keep, ranges)
    text = f"its weights in 8 bits: {max(1 - figures.rounding_part - clipped, 0):.0%} of its error is theirs"
    return Reason("weights", text, learnt)


def _foreign_weights(figures: Figures) -> str:
    if not 1 / _GAIN < figures.gain < _GAIN:
        times = f"{figures.gain:.3g} times"
        return f"other weights: its values are {times} what the full model's layer makes of the same inputs"
    more = Ends(figures.at_end.low - figures.expected_at_end.low, figures.at_end.high - figures.expected_at_end.high)
    if max(more.low, more.high) > _MORE_AT_ENDS:
        return (
            f"other weights: it saturates, {figures.at_end.low:.0%} of its values at the low and "
            f"{figures.at_end.high:.0%} at the high end, where the full model's layer would put "
            f"{figures.expected_at_end.low:.0%} and {figures.expected_at_end.high:.0%}"
        )
    return ""


def _narrow(figures: Figures, stored: Ends) -> str:
    is_high = figures.clipped_parts.high >= figures.clipped_parts.low
    share, end = (figures.cut_off.high, stored.high) if is_high else (figures.cut_off.low, stored.low)
    reach = figures.values.high if is_high else figures.values.low
    where = "above" if is_high else "below"
    return f"too narrow: {share:.2%} of its values lie {where} {end:.3g} and are cut off, as far as {reach:.3g}"


def _other_ranges(scheme: str, manifest: Manifest | None) -> str:
    """The default method is the best known for int8; empty where it was used already.

    More pictures do not help it: ranges that it made too narrow or too wide for a tensor disturb the answer least, and
    where four times the pictures were tried, agreement was lower (docs/findings.md).
    """
    calibration = manifest.calibration if manifest else None
    if scheme != "int8":
        return f"fv export RUN --{scheme} --calibration-samples {2 * (calibration.count if calibration else 200)}"
    by_default = calibration is None or calibration.method.startswith("disturbance")
    return "" if by_default else f"fv export RUN --{scheme}"


def _learnt(scheme: str, manifest: Manifest | None) -> str:
    """Fine-tuning, which moves ranges, weights and biases; empty where it was done already, or is not to be had."""
    calibration = manifest.calibration if manifest else None
    done = calibration is not None and FINE_TUNED in calibration.method
    return "" if scheme != "int8" or done else f"fv export RUN --{scheme} --finetune"


def _rounding(figures: Figures, stored: Ends, keep: str, narrower: str, ranges: str) -> Reason:
    step, width = f"a step is {figures.step:.3g}", stored.high - stored.low
    core = figures.core
    used = (max(core.high, 0.0) - min(core.low, 0.0)) / width if width > 0 else 1.0
    if figures.channels > 1 and figures.typical < _TYPICAL and figures.wide <= max(1, _FEW * figures.channels):
        text = (
            f"few channels dominate: {figures.wide} of {figures.channels} need more than half of the range, "
            f"the median one {figures.typical:.0%} of it; {step}"
        )
        return Reason("few-channels", text, narrower)
    if used < _UNUSED:
        low, high = min(core.low, 0.0) - stored.low, stored.high - max(core.high, 0.0)
        if max(low, high) > 0.8 * (low + high):
            end = f"up to {stored.high:.3g}" if high > low else f"down to {stored.low:.3g}"
            text = f"one-sided tail: 99.8 % of its values lie in {_range(core)}, the range goes {end}; {step}"
            return Reason("one-sided-tail", text, narrower)
        text = f"too wide: 99.8 % of its values lie in {_range(core)}, the range is {_range(stored)}; {step}"
        return Reason("too-wide", text, ranges)
    text = f"too coarse: its range {_range(stored)} is used, and 8 bits leave {figures.own_sqnr_db:.0f} dB; {step}"
    return Reason("too-coarse", text, keep)


def _range(ends: Ends) -> str:
    return f"[{ends.low:.3g}, {ends.high:.3g}]"
