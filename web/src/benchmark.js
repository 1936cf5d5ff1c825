// The benchmark's page: asks the server what to do next, does it in a fresh worker, and posts the result.
//
//   POST hello           {facts}                    -> {page}: this page's name for what follows
//   GET  next?page=P                                -> a job, or 204 when there is none yet
//   GET  model/INDEX, pictures/JOB/CHUNK            -> bytes
//   POST alive?page=P         nothing: the page is still there
//   POST progress/JOB?page=P  {done, total}
//   POST result/JOB?page=P    JSON, or float32 bytes for answers
//   POST failed/JOB?page=P    {error}
//
// A job: {id, op: measure | answer | sustain | done, model: {index, name, format}, threads, accelerator, range, ...}.

import { abilities, inWords } from "./abilities.js";
import { ModelWorker } from "./model_worker.js";
import { abilityRows, byId, make, msInWords } from "./page.js";

// A browser slows a page in the background down: such a block is measured again, so often.
const TRIES = 3;
const RETRY_MS = 1000;
// A runtime of 27 MB takes a slow phone half a minute to compile; what takes longer than this has got stuck.
const OPENING_MS = 90_000;
// The server gives a page up that has been silent for long; a block of samples alone may take a minute.
const ALIVE_EVERY_MS = 5000;
const models = new Map();
const medians = new Map();
let wakeLock = null;
let hidden = document.hidden;

document.addEventListener("visibilitychange", () => {
  hidden ||= document.hidden;
  if (!document.hidden) stayAwake();
});

async function main() {
  const facts = await abilities();
  byId("abilities").replaceChildren(...abilityRows(inWords(facts)));
  await stayAwake();
  const { page } = JSON.parse(await post("hello", JSON.stringify(facts)));
  document.body.dataset.state = "ready";
  const alive = setInterval(() => post(`alive?page=${page}`, "").catch(() => {}), ALIVE_EVERY_MS);
  for (let job = await next(page); job.op !== "done"; job = await next(page)) await work(job, page);
  show("Finished", "The report is on the computer. You can close this page.", 1, 1);
  document.body.dataset.state = "done";
  clearInterval(alive);
  await wakeLock?.release();
}

async function next(page) {
  show("Waiting for the computer…", "", null, null);
  for (;;) {
    const response = await request(`next?page=${page}`);
    if (response.status === 200) return response.json();
  }
}

async function work(job, page) {
  let body;
  let outcome = "result";
  try {
    body = await inTheForeground(() => OPERATIONS[job.op](job, page));
  } catch (error) {
    outcome = "failed";
    body = JSON.stringify({ error: String(error.message).slice(0, 400) });
  }
  await post(`${outcome}/${job.id}?page=${page}`, body);
}

async function inTheForeground(operation) {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    hidden = document.hidden;
    const found = await operation();
    if (!hidden) return found;
    show("In the background", "Bring this page to the front: a hidden page is slowed down.", null, null);
    await shown();
  }
  throw new Error("the page was sent to the background again and again");
}

const OPERATIONS = {
  measure: (job) =>
    withWorker(job, async (worker, opened) => {
      show(`Measuring ${job.model.name}`, `${job.threads} thread(s), ${job.accelerator}`, null, null);
      const timing = await worker.ask("measure", { pixels: noise(opened.size), protocol: job.protocol });
      addRow(job, timing.samples_ns);
      // No page can see how much memory the browser's processes take.
      const seen = { init_ns: Math.round(opened.open_ms * 1e6), runtime: opened.runtime, peak_memory_bytes: null };
      return JSON.stringify({ ...timing, ...seen });
    }),
  answer: (job, page) =>
    withWorker(job, async (worker, opened) => {
      const all = new Float32Array(job.count * opened.classes);
      for (let from = 0, chunk = 0; from < job.count; chunk++) {
        const pixels = await bytes(`pictures/${job.id}/${chunk}`);
        const count = pixels.length / (opened.size * opened.size * 3);
        const { probabilities } = await worker.ask("answer", { pixels, count });
        all.set(probabilities, from * opened.classes);
        from += count;
        show(`Answering with ${job.model.name}`, `${from} of ${job.count} pictures`, from, job.count);
        await post(`progress/${job.id}?page=${page}`, JSON.stringify({ done: from, total: job.count }));
      }
      return all;
    }),
  sustain: (job, page) =>
    withWorker(job, async (worker, opened) => {
      const tell = (done_s) => {
        show(`${job.model.name} without a pause`, `${Math.round(done_s)} of ${job.seconds} s`, done_s, job.seconds);
        const progress = { done: Math.min(Math.round(done_s), job.seconds), total: job.seconds };
        post(`progress/${job.id}?page=${page}`, JSON.stringify(progress));
      };
      const { seconds, slice_s, most } = job;
      const found = await worker.ask("sustain", { pixels: noise(opened.size), seconds, slice_s, most }, { progress: tell });
      return JSON.stringify({ ...found, runtime: opened.runtime });
    }),
};

async function withWorker(job, use) {
  show(`Opening ${job.model.name}`, "", null, null);
  const model = await modelBytes(job.model.index);
  const worker = new ModelWorker(document.baseURI, job.model.format, job.accelerator);
  const { threads, accelerator, range } = job;
  try {
    const opening = worker.ask("open", { model: model.slice(0), threads, accelerator, range });
    return await use(worker, await inTime(opening, OPENING_MS, "the runtime did not start"));
  } finally {
    worker.close();
  }
}

function inTime(promise, limit_ms, what) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${what} within ${limit_ms / 1000} s`)), limit_ms);
    promise.then(resolve, reject).finally(() => clearTimeout(late));
  });
}

async function modelBytes(index) {
  if (!models.has(index)) models.set(index, (await bytes(`model/${index}`)).buffer);
  return models.get(index);
}

async function bytes(path) {
  return new Uint8Array(await (await request(path)).arrayBuffer());
}

// The answer is read to its end, or the browser would keep its connection for nothing.
async function post(path, body) {
  return (await request(path, { method: "POST", body })).text();
}

// A phone's network drops a request now and then; the server hands the same job out again.
async function request(path, options = {}) {
  for (let attempt = 1; ; attempt++) {
    let response;
    try {
      response = await fetch(path, { cache: "no-store", ...options });
    } catch (error) {
      if (attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    // 410: the job is over, because a request that seemed to fail had arrived after all.
    if (!response.ok && response.status !== 410) throw new Error(await response.text());
    return response;
  }
}

// Values 0..255 from a seeded generator (xorshift32): all zeros would let a sparse kernel skip work.
function noise(size) {
  const pixels = new Uint8Array(size * size * 3);
  let state = 2463534242;
  for (let at = 0; at < pixels.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    pixels[at] = state & 255;
  }
  return pixels;
}

function addRow(job, samples) {
  const key = `${job.model.index} ${job.threads} ${job.accelerator}`;
  const found = medians.get(key) ?? { job, blocks: [] };
  found.blocks.push(samples.sort((a, b) => a - b)[samples.length >> 1] / 1e6);
  medians.set(key, found);
  byId("measured").hidden = false;
  byId("rows").replaceChildren(
    ...[...medians.values()].map(({ job: { model, threads }, blocks }) => {
      const middle = [...blocks].sort((a, b) => a - b)[blocks.length >> 1];
      const cells = [model.name, String(threads), msInWords(middle), String(blocks.length)];
      return make("tr", {}, ...cells.map((text) => make("td", {}, text)));
    }),
  );
}

function show(state, note, done, total) {
  byId("state").textContent = state;
  if (note) byId("note").textContent = note;
  const bar = byId("bar");
  if (total === null) bar.removeAttribute("value");
  else Object.assign(bar, { max: total, value: done });
}

async function stayAwake() {
  wakeLock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
}

function shown() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

main().catch((error) => {
  show("Stopped", `${error.message} — the computer may have ended the benchmark. Open a new address from there.`, 0, 1);
  document.body.dataset.state = "failed";
});
