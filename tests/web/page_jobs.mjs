// Runs the pages' arithmetic in Node: one job as JSON on standard input, its answer as JSON on standard output.
import { measure, thinned } from "../../web/src/measure.js";
import { inputForm, outputCount, toInput } from "../../web/src/network.js";
import { mostProbable } from "../../web/src/answer_view.js";

const jobs = {
  // A clock that only calls move: the n-th call takes durations[n] nanoseconds, the last one for ever after.
  measure: ({ durations, protocol }) => {
    let now_ms = 0;
    let calls = 0;
    const call = async () => {
      now_ms += durations[Math.min(calls++, durations.length - 1)] / 1e6;
    };
    return measure(call, () => now_ms, protocol);
  },
  thinned: ({ samples, most }) => thinned(samples, most),
  toInput: ({ pixels, type, shape, range }) => [...toInput(Uint8Array.from(pixels), inputForm(type, shape), range)],
  outputCount: ({ type, shape }) => outputCount(type, shape),
  mostProbable: ({ shares, count }) => mostProbable(Float32Array.from(shares), count),
};

let input = "";
for await (const part of process.stdin) input += part;
const job = JSON.parse(input);
process.stdout.write(JSON.stringify(await jobs[job.what](job)));
