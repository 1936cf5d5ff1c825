// From decoded pixels to the network's input, to the byte what fv_core/preprocess.py computes.
//
//   picture (h, w, 3) --upright, centred square of side min(h, w)--> resized to (S, S, 3)      storedSquare
//   stored  (S, S, 3) --centred square of side round(c * S), half up--> resized to (N, N, 3)   networkInput
//
// All arrays are Uint8Array: RGB, row by row, three bytes a pixel. Offsets of a centred square are rounded down.
//
// The resize is Pillow's antialiased bilinear (src/libImaging/Resample.c). With scale s = in / out and support
// r = max(s, 1), the output x at centre c = (x + 1/2) * s is the mean of the inputs i in [c - r, c + r), weighted by
// w_i = max(0, 1 - |i + 1/2 - c| / r). The weights are normalized in double precision and rounded to 22 bits; the sums
// are integers; rows are resized first, then columns, with one rounding to 8 bits after each. A weight is at most
// 2^22 and the weights of one output add up to 2^22, up to one unit each, so a sum stays below 2^31.
//
// No dependency and no browser object: it runs in a page, a worker and Node alike.

const PRECISION_BITS = 22; // 32 - 8 bits of a pixel - 2 bits of head room, as Pillow has it
const HALF = 1 << (PRECISION_BITS - 1);
const WHITE = 255;

/**
 * Decoded picture to network input.
 *
 * @param {Uint8Array} pixels (height, width, 3) RGB as the decoder wrote them
 * @param {number} width pixels of a row as stored
 * @param {number} height rows as stored
 * @param {number} orientation EXIF tag 0x0112; outside 1..8 counts as 1 (also for pixels that already stand upright)
 * @param {{store_size: number, crop_fraction: number, input_size: number}} preprocess as the manifest has it
 * @returns {Uint8Array} (input_size, input_size, 3)
 */
export function squareOf(pixels, width, height, orientation, preprocess) {
  return networkInput(storedSquare(pixels, width, height, orientation, preprocess.store_size), preprocess);
}

/** Picture (height, width, 3) to the stored square (size, size, 3); parameters as in `squareOf`. */
export function storedSquare(pixels, width, height, orientation, size) {
  if (pixels.length !== width * height * 3 || pixels.length === 0) {
    throw new RangeError(`${pixels.length} bytes are not ${width} x ${height} pixels of three`);
  }
  return resized(uprightSquare(pixels, width, height, orientation), Math.min(width, height), size);
}

/** Stored square (S, S, 3) to the network's input (N, N, 3); S is `preprocess.store_size`. */
export function networkInput(stored, preprocess) {
  const size = preprocess.store_size;
  if (stored.length !== size * size * 3) {
    throw new RangeError(`${stored.length} bytes are not ${size} x ${size} pixels of three`);
  }
  const side = Math.max(1, Math.floor(preprocess.crop_fraction * size + 0.5));
  return resized(uprightSquare(stored, size, size, 1, side), side, preprocess.input_size);
}

/** (n, 4) RGBA to (n, 3) RGB over white, rounded as Pillow's alpha_composite rounds. */
export function overWhite(rgba) {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      rgb[to + channel] = alpha === 255 ? rgba[from + channel] : blended(rgba[from + channel], alpha);
    }
  }
  return rgb;
}

// AlphaComposite.c with seven extra bits, over an opaque white: both weights are exact multiples of 128.
function blended(value, alpha) {
  const sum = ((value * alpha + WHITE * (WHITE - alpha)) << 7) + (0x80 << 7);
  return (((sum >> 8) + sum) >> 8) >> 7;
}

// The centred square of the upright picture, `side` pixels wide. `step` is where the next pixel of an upright row
// stands in the stored picture, `line` where the next upright row does.
function uprightSquare(pixels, width, height, orientation, side = Math.min(width, height)) {
  const { origin, step, line, turned } = walk(width, height, orientation);
  const top = Math.floor(((turned ? width : height) - side) / 2);
  const left = Math.floor(((turned ? height : width) - side) / 2);
  const square = new Uint8Array(side * side * 3);
  let to = 0;
  for (let y = 0; y < side; y++) {
    let from = (origin + (top + y) * line + left * step) * 3;
    for (let x = 0; x < side; x++, from += step * 3) {
      square[to++] = pixels[from];
      square[to++] = pixels[from + 1];
      square[to++] = pixels[from + 2];
    }
  }
  return square;
}

// How to walk over the stored pixels so that they come upright (Exif 2.32, tag 0x0112): where the upright picture's
// first pixel is stored, and the steps from there, in pixels. `turned`: width and height change places.
function walk(width, height, orientation) {
  const right = width - 1;
  const bottom = (height - 1) * width;
  switch (orientation) {
    case 2: return { origin: right, step: -1, line: width, turned: false };
    case 3: return { origin: bottom + right, step: -1, line: -width, turned: false };
    case 4: return { origin: bottom, step: 1, line: -width, turned: false };
    case 5: return { origin: 0, step: width, line: 1, turned: true };
    case 6: return { origin: bottom, step: -width, line: 1, turned: true };
    case 7: return { origin: bottom + right, step: -width, line: -1, turned: true };
    case 8: return { origin: right, step: width, line: -1, turned: true };
    default: return { origin: 0, step: 1, line: width, turned: false };
  }
}

// Square of `from` pixels to a square of `to` pixels. Equal sizes are left alone, as in Pillow.
function resized(square, from, to) {
  if (from === to) return square;
  const table = weights(from, to);
  const wide = new Uint8Array(from * to * 3);
  for (let row = 0; row < from; row++) resample(square, row * from * 3, 3, wide, row * to * 3, 3, to, table);
  const done = new Uint8Array(to * to * 3);
  for (let column = 0; column < to; column++) resample(wide, column * 3, to * 3, done, column * 3, to * 3, to, table);
  return done;
}

// One row or one column: `count` outputs, `fromStep` and `toStep` bytes apart.
function resample(source, start, fromStep, target, targetStart, toStep, count, { first, length, weight, width }) {
  for (let out = 0; out < count; out++) {
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    let at = start + first[out] * fromStep;
    for (let tap = 0; tap < length[out]; tap++, at += fromStep) {
      const share = weight[out * width + tap];
      red += source[at] * share;
      green += source[at + 1] * share;
      blue += source[at + 2] * share;
    }
    const to = targetStart + out * toStep;
    target[to] = clipped(red >> PRECISION_BITS);
    target[to + 1] = clipped(green >> PRECISION_BITS);
    target[to + 2] = clipped(blue >> PRECISION_BITS);
  }
}

function clipped(value) {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

// For each output: the first input, how many inputs, and their weights as 22-bit integers. The order of the floating
// point operations is Pillow's: another order would round some weights otherwise.
function weights(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1.0);
  const inverse = 1.0 / support;
  const width = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const length = new Int32Array(to);
  const weight = new Int32Array(to * width);
  const exact = new Float64Array(width);
  for (let out = 0; out < to; out++) {
    const centre = (out + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - support + 0.5));
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - begin;
    let total = 0.0;
    for (let tap = 0; tap < count; tap++) {
      exact[tap] = triangle((tap + begin - centre + 0.5) * inverse);
      total += exact[tap];
    }
    for (let tap = 0; tap < count; tap++) {
      const share = total === 0.0 ? exact[tap] : exact[tap] / total;
      weight[out * width + tap] = Math.trunc(0.5 + share * (1 << PRECISION_BITS));
    }
    first[out] = begin;
    length[out] = count;
  }
  return { first, length, weight, width };
}

function triangle(distance) {
  const away = Math.abs(distance);
  return away < 1.0 ? 1.0 - away : 0.0;
}
