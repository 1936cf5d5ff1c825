// The page's preprocessing in Node: PREPROCESS (module) JOBS (JSON) PIXELS (bytes) OUT (bytes).
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, jobs, pixels, out] = process.argv.slice(2);
const { squareOf } = await import(pathToFileURL(module));
const stored = readFileSync(pixels);
const answers = JSON.parse(readFileSync(jobs, "utf8")).map((job) => {
  const picture = new Uint8Array(stored.subarray(job.at, job.at + job.width * job.height * 3));
  return Buffer.from(squareOf(picture, job.width, job.height, job.orientation, job.preprocess));
});
writeFileSync(out, Buffer.concat(answers));
