// From a file, a video frame or an address to decoded pixels: the centred square of the picture, upright, RGB.
//
// The browser decodes. It is told to leave an embedded colour profile alone, as fv_core does, and turns the picture
// upright by its EXIF. The square is read in strips: a canvas on a phone holds 16 million pixels, a photo has 50.

import { overWhite } from "./preprocess.js";

const STRIP_PIXELS = 4_000_000;

/** A Blob of a picture file -> {pixels: Uint8Array (side, side, 3), side}; throws what a person can read. */
export async function squareOfFile(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", imageOrientation: "from-image" });
  } catch {
    throw new Error("this browser cannot read that picture; a JPEG, PNG or WebP works everywhere");
  }
  try {
    return squareOfSource(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** Anything that a canvas draws, of this size -> the same. */
export function squareOfSource(source, width, height) {
  const side = Math.min(width, height);
  if (side === 0) throw new Error("the picture has no pixels");
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  const rows = Math.max(1, Math.min(side, Math.floor(STRIP_PIXELS / side)));
  const canvas = new OffscreenCanvas(side, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row += rows) {
    const count = Math.min(rows, side - row);
    context.clearRect(0, 0, side, rows);
    context.drawImage(source, left, top + row, side, count, 0, 0, side, count);
    pixels.set(overWhite(context.getImageData(0, 0, side, count).data), row * side * 3);
  }
  return { pixels, side };
}

/** Draw RGB pixels (side, side, 3) on a canvas of the page. */
export function drawSquare(canvas, pixels, side) {
  const image = new ImageData(side, side);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    image.data[to] = pixels[from];
    image.data[to + 1] = pixels[from + 1];
    image.data[to + 2] = pixels[from + 2];
    image.data[to + 3] = 255;
  }
  canvas.width = canvas.height = side;
  canvas.getContext("2d").putImageData(image, 0, 0);
}
