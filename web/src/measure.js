// Warm up until steady, then time single calls: fv_benchmark/measure.py in JavaScript, with the same constants.
//
// The first call is reported alone. Then calls are made in windows of at least WINDOW_MS and WINDOW_CALLS; the worker is
// steady when the medians of two successive windows differ by no more than REPEATS_WITHIN. Then every single call is
// timed until the block's time is over, and of more calls than a report should hold an even selection is kept.
// The clock is an argument; it returns milliseconds and never goes back.

const WINDOW_MS = 25;
const WINDOW_CALLS = 5;
const REPEATS_WITHIN = 0.05;
const NS = 1e6;

/** @returns {Promise<{first_ns, warm_up_calls, steady, samples_ns}>} as `fv_benchmark.measure.Timing` */
export async function measure(call, clock, protocol) {
  const first_ns = await timed(call, clock);
  const { calls, steady } = await warmUp(call, clock, protocol.warm_up_seconds * 1000);
  const samples = [];
  const end = clock() + protocol.block_seconds * 1000;
  while (samples.length < protocol.min_calls || clock() < end) samples.push(await timed(call, clock));
  return { first_ns, warm_up_calls: calls, steady, samples_ns: thinned(samples, protocol.max_calls) };
}

/** At most `most` of the samples, evenly in time. */
export function thinned(samples, most) {
  if (samples.length <= most) return samples;
  return Array.from({ length: most }, (_, index) => samples[Math.floor((index * samples.length) / most)]);
}

/** The smallest step that the clock shows, in nanoseconds: browsers coarsen it where a page is not isolated. */
export function clockStepNs(clock) {
  let smallest = Infinity;
  for (let change = 0; change < 20; change++) {
    const begin = clock();
    let now = clock();
    while (now === begin) now = clock();
    smallest = Math.min(smallest, now - begin);
  }
  return Math.round(smallest * NS);
}

async function warmUp(call, clock, limitMs) {
  const end = clock() + limitMs;
  let before = null;
  let calls = 0;
  while (clock() < end) {
    const window = await windowOf(call, clock, end);
    calls += window.length;
    const now = median(window);
    if (before !== null && window.length >= WINDOW_CALLS && Math.abs(now - before) <= REPEATS_WITHIN * before) {
      return { calls, steady: true };
    }
    before = now;
  }
  return { calls, steady: false };
}

async function windowOf(call, clock, end) {
  const window = [];
  const start = clock();
  while (window.length < WINDOW_CALLS || clock() - start < WINDOW_MS) {
    window.push(await timed(call, clock));
    if (clock() >= end) break;
  }
  return window;
}

async function timed(call, clock) {
  const start = clock();
  await call();
  return Math.round((clock() - start) * NS);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
