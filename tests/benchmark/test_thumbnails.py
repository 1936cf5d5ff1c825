import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fv_benchmark.render.thumbnails import SIDE_PIXELS, thumbnail


@pytest.mark.parametrize(("side", "shown"), [(8, 8), (SIDE_PIXELS, SIDE_PIXELS), (400, SIDE_PIXELS)])
def test_a_picture_is_made_small_and_never_larger(side, shown):
    square = np.full((side, side, 3), (200, 40, 40), dtype=np.uint8)
    head, _, data = thumbnail(square).partition(",")
    assert head == "data:image/jpeg;base64"
    image = Image.open(BytesIO(base64.b64decode(data)))
    assert image.size == (shown, shown)
    # JPEG moves a flat colour by a step or two.
    assert np.abs(np.asarray(image).astype(int) - square[0, 0]).max() <= 3
