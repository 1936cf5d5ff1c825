// The one or two networks of a demo page, opened and asked side by side.

import { ModelWorker } from "./model_worker.js";

// More threads than the big cores of a phone make it slower; the largest of these networks gain nothing above four.
const MOST_THREADS = 4;
// The first calls pay for lazy initialization; a person should not see them as the network's speed.
const WARM_UP_CALLS = 3;
// One call says little on a device that does other things too; of five the middle one stands.
const CALLS_A_PHOTO = 5;
// Of the camera's stream the last so many calls are remembered: about a second.
const CALLS_OF_A_STREAM = 15;

export function threadsHere() {
  return self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
}

/**
 * Open the models of model.json; `said` is told what goes on. Resolves to [{model, ask, runtime}], where
 * `ask(pixels, streaming)` takes a network input (N, N, 3) and resolves to {probabilities: Float32Array, ms}: the median
 * of five calls, or of the last calls while a camera is `streaming`.
 */
export async function openNetworks(page, said) {
  const opened = [];
  for (const model of page.models) {
    said(`Opening ${model.title}…`);
    opened.push(await openNetwork(model, page));
  }
  return opened;
}

async function openNetwork(model, page) {
  const response = await fetch(model.path);
  if (!response.ok) throw new Error(`${model.path} could not be loaded (${response.status})`);
  const worker = new ModelWorker(document.baseURI, model.format, "wasm");
  const job = { model: await response.arrayBuffer(), threads: threadsHere(), accelerator: "wasm", range: page.input_range };
  const { runtime, size, classes } = await worker.ask("open", job);
  if (size !== page.preprocess.input_size || classes !== page.labels.length) {
    throw new Error(`${model.path} takes ${size} pixels and answers ${classes} classes: not what this page was made for`);
  }
  let times = [];
  const once = async (pixels) => {
    const { probabilities, each_ms } = await worker.ask("answer", { pixels, count: 1 });
    times.push(each_ms[0]);
    return probabilities;
  };
  const ask = async (pixels, streaming = false) => {
    times = streaming ? times.slice(1 - CALLS_OF_A_STREAM) : [];
    let probabilities = await once(pixels);
    while (!streaming && times.length < CALLS_A_PHOTO) probabilities = await once(pixels);
    return { probabilities, ms: [...times].sort((a, b) => a - b)[times.length >> 1] };
  };
  for (let call = 0; call < WARM_UP_CALLS; call++) await once(new Uint8Array(size * size * 3));
  return { model, ask, runtime };
}
