// Runs the page's preprocessing in Node: a list of jobs on standard input, base64 pixels in, base64 pixels out.
import { overWhite, squareOf, storedSquare } from "../../web/src/preprocess.js";

const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
let input = "";
for await (const part of process.stdin) input += part;
const answers = JSON.parse(input).map((job) => {
  const pixels = bytes(job.pixels);
  if (job.what === "overWhite") return overWhite(pixels);
  if (job.what === "storedSquare") {
    return storedSquare(pixels, job.width, job.height, job.orientation, job.preprocess.store_size);
  }
  return squareOf(pixels, job.width, job.height, job.orientation, job.preprocess);
});
process.stdout.write(JSON.stringify(answers.map((answer) => Buffer.from(answer).toString("base64"))));
