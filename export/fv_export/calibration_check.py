"""Are calibration pictures what the model is used to? Their values, their size and the order of their channels.

Ranges from other pictures make a file that is wrong in silence. What was measured (64 pictures each of three trained
models and their image sets; food at 224 and 64 px, drawn plates):

    values     the median picture has 183 to 256 different values, its middle 99 % spread over 215 to 254. Pictures that
               were saved from floats of 0…1 or −1…1 have 2 or 3 values; an eighth of the brightness leaves 32, over 31.
    channels   with red and blue swapped the models are less sure of their own pictures: mean confidence falls by 0.06
               to 0.30. On pictures whose channels are the wrong way round, swapping them makes it rise by as much:
               z = mean gain / its standard error was +1.6 to +10 (128 pictures like its training's: +12.9); on right
               ones of any origin, CIFAR-10 and ImageNet's among them, never above +1.2.
    size       a picture smaller than half of what the model stores is blurrier than all that it was trained on.

Half the brightness is a dark room, not a mistake: it passes. Channels are told apart only where the model cares about
colour and enough pictures are given; where it cannot be told, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_core.errors import InputError
from fv_core.preprocess import Pixels, Preprocess
from fv_export.verify import separates

MIN_LEVELS = 16
MIN_SPREAD = 64
# Four standard errors: three in 100,000 sets of pictures without any order of channels would be accused.
MIN_Z = 4.0
# And by an amount that matters.
MIN_GAIN = 0.03
# More pictures make the proof stronger, and cost two inferences each.
MAX_ASKED = 128
# So many are asked first. Where the model is not surer of them swapped by a standard error, the others are not asked:
# of mistakes that 100 pictures would just show (four standard errors), one in ten is missed by it, of others fewer.
FIRST_LOOK = 32
MIN_FIRST_Z = 1.0
_OWN = "give --calibration pictures as the device will see them: plain photos, {size} px or larger"
Answers = NDArray[np.float32]


class UnlikeTraining(InputError):
    """Calibration pictures in another value range, channel order or size than the model's own."""

    code = "calibration-unlike-training"


def check_values(inputs: NDArray[np.uint8], path: Path) -> None:
    """Raise `UnlikeTraining` where the pictures (n, H, W, 3) uint8 use too few values or too little of the range."""
    levels = float(np.median([len(np.unique(picture)) for picture in inputs]))
    low, high = np.percentile(inputs, [0.5, 99.5])
    size = inputs.shape[1]
    # One value is a blank picture, which `pictures` refuses as that.
    if 1 < levels < MIN_LEVELS:
        raise UnlikeTraining(
            f"the calibration pictures in {path} are in another value range than the model's",
            why=f"half of them have {levels:.0f} different values or fewer, photos have 180 of 256: they were saved "
            "from numbers between 0 and 1 or -1 and 1",
            hint=_OWN.format(size=size),
        )
    if levels > 1 and high - low < MIN_SPREAD:
        raise UnlikeTraining(
            f"the calibration pictures in {path} are in another value range than the model's",
            why=f"99 % of their values lie between {low:.0f} and {high:.0f}, those of photos spread over 200 of 256",
            hint=_OWN.format(size=size),
        )


def check_sizes(originals: Sequence[Pixels], preprocess: Preprocess, path: Path) -> None:
    """Raise `UnlikeTraining` where the median of the pictures' shorter sides is below half of what the model stores."""
    side = float(np.median([min(picture.shape[:2]) for picture in originals]))
    if 2 * side < preprocess.store_size:
        raise UnlikeTraining(
            f"the calibration pictures in {path} are too small",
            why=f"their shorter side is {side:.0f} px, the model's pictures have {preprocess.store_size} px: enlarged, "
            "they are blurrier than all that it was trained on",
            hint=_OWN.format(size=preprocess.store_size),
        )


def check_channels(ask: Callable[[NDArray[np.uint8]], Answers], inputs: NDArray[np.uint8], path: Path) -> None:
    """Raise `UnlikeTraining` where the model is significantly surer of the pictures with red and blue swapped.

    `ask`: (n, H, W, 3) uint8 network inputs -> (n, C) probabilities of the full model.
    """
    chosen = _spread(inputs, MAX_ASKED)
    plain = ask(chosen)
    if not separates(plain):  # an untrained network prefers either order by chance
        return
    first = _spread(np.arange(len(chosen)), FIRST_LOOK)
    gain = _gain(ask, chosen[first], plain[first])
    if gain.mean() <= MIN_FIRST_Z * _standard_error(gain):
        return
    others = np.setdiff1d(np.arange(len(chosen)), first)
    if len(others):
        gain = np.concatenate([gain, _gain(ask, chosen[others], plain[others])])
    mean, error = float(gain.mean()), _standard_error(gain)
    if mean >= MIN_GAIN and mean >= MIN_Z * error:
        raise UnlikeTraining(
            f"red and blue are swapped in the calibration pictures in {path}",
            why=f"with them swapped back the model is surer of itself, by {mean:.2f} on {len(gain)} pictures "
            f"({mean / max(error, 1e-9):.1f} standard errors)",
            hint="save them as RGB: OpenCV's imwrite wants BGR, Pillow's save wants RGB",
        )


def _gain(ask: Callable[[NDArray[np.uint8]], Answers], inputs: NDArray[np.uint8], plain: Answers) -> Answers:
    """(n,): by how much the model is surer of its answer with red and blue swapped."""
    return np.asarray(ask(np.ascontiguousarray(inputs[..., ::-1])).max(axis=1) - plain.max(axis=1))


def _standard_error(gain: Answers) -> float:
    return float(gain.std(ddof=1) / len(gain) ** 0.5)


def _spread(all_of_them: NDArray[Any], count: int) -> NDArray[Any]:
    """`count` rows, or all where there are not so many, evenly over the array."""
    count = min(count, len(all_of_them))
    return all_of_them[np.arange(count) * len(all_of_them) // count]
