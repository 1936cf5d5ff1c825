// The page's own test: pictures drawn from seeds, with the answers that the file gave where it was made.

import { squareOfFile } from "./picture.js";

/** {passed, largest, count}: the largest difference of a probability, against the tolerance of the manifest. */
export async function checkGolden(page, network) {
  let largest = 0;
  for (const { path, expected } of page.golden.pictures) {
    const { pixels } = await squareOfFile(await (await fetch(path)).blob());
    const { probabilities } = await network.ask(pixels);
    expected.forEach((share, index) => {
      largest = Math.max(largest, Math.abs(share - probabilities[index]));
    });
  }
  return { passed: largest <= page.golden.tolerance, largest, count: page.golden.pictures.length };
}
