// What every runtime's worker does: open one model file, then measure it or answer pictures. One worker, one model; a
// fresh block of a benchmark is a fresh worker, with a fresh heap.
//
// A message is {id, op, ...}; the answer is {id, value} or {id, error: text}. Operations, in this order of life:
//   open     {model: ArrayBuffer, threads, accelerator: "wasm" | "webgpu", range: null | [lo, hi]}
//            -> {runtime, size, classes, open_ms}
//   answer   {pixels: Uint8Array (n, size, size, 3), count: n} -> {probabilities: Float32Array (n, classes), each_ms}
//   measure  {pixels, protocol} -> fields of `fv_benchmark.measure.Timing`
//   sustain  {pixels, seconds, slice_s, most} -> {slices: [{at_s, seconds, calls, samples_ns}]}, {progress} in between

import { measure, thinned } from "./measure.js";
import { toInput } from "./network.js";

/**
 * Serve messages. `open(job)` resolves to {runtime, form, classes, run}, where `run` takes the runtime's typed array and
 * resolves to a Float32Array of the answers.
 */
export function serve(open) {
  let network = null;
  const clock = () => performance.now();
  const operations = {
    open: async (job) => {
      const start = clock();
      network = { ...(await open(job)), range: job.range };
      return { runtime: network.runtime, size: network.form.size, classes: network.classes, open_ms: clock() - start };
    },
    answer: (job) => answer(network, job, clock),
    measure: (job) => {
      const input = toInput(job.pixels, network.form, network.range);
      return measure(() => network.run(input), clock, job.protocol);
    },
    sustain: (job, id) => sustain(network, job, clock, (done_s) => self.postMessage({ id, progress: done_s })),
  };
  self.onmessage = async ({ data }) => {
    try {
      self.postMessage({ id: data.id, value: await operations[data.op](data, data.id) });
    } catch (error) {
      self.postMessage({ id: data.id, error: said(error) });
    }
  };
}

/** What a thrown thing says; WASM throws numbers and strings, too. */
export function said(error) {
  return error instanceof Error ? error.message || error.name : `the runtime failed: ${String(error)}`;
}

async function answer(network, { pixels, count }, clock) {
  const { size } = network.form;
  const length = size * size * 3;
  const probabilities = new Float32Array(count * network.classes);
  const each_ms = [];
  for (let row = 0; row < count; row++) {
    const input = toInput(pixels.subarray(row * length, (row + 1) * length), network.form, network.range);
    const start = clock();
    const found = await network.run(input);
    each_ms.push(clock() - start);
    probabilities.set(found, row * network.classes);
  }
  return { probabilities, each_ms };
}

// Without a pause for so many seconds; the calls of each slice, thinned, so that a long run stays a small report.
async function sustain(network, { pixels, seconds, slice_s, most }, clock, tell) {
  const input = toInput(pixels, network.form, network.range);
  const begin = clock();
  const slices = [];
  while (clock() - begin < seconds * 1000) {
    const start = clock();
    const samples = [];
    while (clock() - start < slice_s * 1000) {
      const before = clock();
      await network.run(input);
      samples.push(Math.round((clock() - before) * 1e6));
    }
    const at_s = (start - begin) / 1000;
    slices.push({ at_s, seconds: (clock() - start) / 1000, calls: samples.length, samples_ns: thinned(samples, most) });
    tell((clock() - begin) / 1000);
  }
  return { slices };
}
