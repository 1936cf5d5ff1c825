// From a network's input as pixels to what a model file wants; the same rules as fv_edge_runtime/tensors.py.
//
// Pixels p are 0..255. A float input gets x = lo + p (hi - lo) / 255, with (lo, hi) = (0, 255) unless a range is given;
// uint8 gets p, int8 gets p - 128. A quantized input with a range, and an output that is not float, would need scales
// that neither runtime tells a page: refused, in words.

const RAW = [0, 255];

/** {type, size, channelsFirst} of a session's input; throws unless it is one square RGB picture. */
export function inputForm(type, shape) {
  const [batch, first, second, last] = shape;
  const channelsFirst = last !== 3 && first === 3;
  const square = channelsFirst ? second === last : first === second && last === 3;
  if (shape.length !== 4 || batch !== 1 || !square || !["uint8", "int8", "float32"].includes(type)) {
    throw new Error(`the model's input is ${type} (${shape.join(", ")}); a picture is needed: (1, size, size, 3)`);
  }
  return { type, size: second, channelsFirst };
}

/** How many classes an output has; throws unless it is float32, one number a class. */
export function outputCount(type, shape) {
  const classes = shape[shape.length - 1];
  if (type !== "float32") {
    throw new Error(`the model answers in ${type}, and a page cannot read its scale; fv export writes float answers`);
  }
  if (!(classes >= 2) || shape.slice(0, -1).some((length) => length !== 1)) {
    throw new Error(`the model's output is (${shape.join(", ")}); one number for each class is needed`);
  }
  return classes;
}

/** Uint8Array (size, size, 3) -> the typed array that the runtime takes. */
export function toInput(pixels, form, range) {
  const { type, size, channelsFirst } = form;
  if (pixels.length !== size * size * 3) {
    throw new Error(`${pixels.length} bytes are no picture of ${size} x ${size}`);
  }
  const ordered = channelsFirst ? planes(pixels, size * size) : pixels;
  if (type === "float32") return scaled(ordered, range ?? RAW);
  if (range) throw new Error(`the input is ${type}: with an input range its scale is needed, which a page cannot read`);
  return type === "uint8" ? ordered : Int8Array.from(ordered, (value) => value - 128);
}

function scaled(pixels, [low, high]) {
  if (low === RAW[0] && high === RAW[1]) return Float32Array.from(pixels);
  // Rounded to single precision after each step, as NumPy does it.
  const step = Math.fround((high - low) / 255);
  return Float32Array.from(pixels, (value) => Math.fround(value * step) + Math.fround(low));
}

function planes(pixels, count) {
  const ordered = new Uint8Array(pixels.length);
  for (let at = 0; at < count; at++) {
    for (let channel = 0; channel < 3; channel++) ordered[channel * count + at] = pixels[at * 3 + channel];
  }
  return ordered;
}
