// The demo's page: a photo or the camera in, the answers of one or two networks out. No picture leaves the browser.
//
// What it shows is told by model.json beside it; see openPage. The same files are the page of `fv embed --target web`.

import { abilities, inWords } from "./abilities.js";
import { showAnswer } from "./answer_view.js";
import { Camera } from "./camera.js";
import { checkGolden } from "./golden_check.js";
import { openNetworks, threadsHere } from "./networks.js";
import { abilityRows, byId, make, sizeInWords } from "./page.js";
import { drawSquare, squareOfFile } from "./picture.js";
import { squareOf } from "./preprocess.js";

const SCHEMA_VERSION = 1;
let page = null;
let networks = [];
let asking = Promise.resolve();

async function openPage() {
  const response = await fetch("model.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`model.json could not be loaded (${response.status})`);
  page = await response.json();
  if (page.schema_version !== SCHEMA_VERSION) throw new Error("model.json is of another version than this page");
  document.title = page.name;
  byId("name").textContent = page.name;
  const files = page.models.map(({ title, size_bytes }) => `${title} ${sizeInWords(size_bytes)}`).join(" beside ");
  byId("about").textContent = `${page.labels.length} classes, ${files}. Runs in this browser: no picture leaves it.`;
  showMistakes(page.mistakes);
  const found = await abilities();
  byId("abilities").replaceChildren(...abilityRows(inWords(found)));
  byId("camera").disabled = !found.camera;
  if (!found.camera) say(found.secure_context ? "" : "Over plain HTTP a browser gives a page no camera.");
  networks = await openNetworks(page, say);
  const threads = threadsHere();
  byId("runtimes").textContent = networks
    .map(({ model, runtime }) => `${model.title}: ${runtime}, ${threads} thread${threads > 1 ? "s" : ""}`)
    .join(" · ");
  byId("check").hidden = !page.golden;
  say(found.camera || found.secure_context ? "" : "Over plain HTTP a browser gives a page no camera.");
  document.body.dataset.state = "ready";
  if (page.offline) await keepForOffline();
  if (location.hash === "#check" && page.golden) await check();
}

// Two pictures at once would share the processor, and their times would say nothing: one after the other.
function ask(square) {
  asking = asking.then(() => answer(square)).catch((error) => say(error.message));
  return asking;
}

async function answer({ pixels, side }) {
  const start = performance.now();
  const input = squareOf(pixels, side, side, 1, page.preprocess);
  const preparing_ms = performance.now() - start;
  if (!camera.running) drawSquare(byId("photo"), pixels, side);
  drawSquare(byId("seen"), input, page.preprocess.input_size);
  const found = [];
  for (const { model, ask: askNetwork } of networks) found.push({ model, ...(await askNetwork(input, camera.running)) });
  showAnswer(page.labels, found, preparing_ms);
  document.body.dataset.shown = "answer";
}

async function open(blob) {
  stopCamera();
  say("");
  try {
    await ask(await squareOfFile(blob));
  } catch (error) {
    say(error.message);
  }
}

const camera = new Camera(byId("video"));

async function toggleCamera() {
  if (camera.running) return stopCamera();
  document.body.dataset.camera = "on";
  byId("camera").textContent = "Stop the camera";
  say("");
  try {
    await camera.run(ask);
  } catch (error) {
    stopCamera();
    say(error.message);
  }
}

function stopCamera() {
  camera.stop();
  delete document.body.dataset.camera;
  byId("camera").textContent = "Camera";
}

function showMistakes(mistakes) {
  byId("mistakes").hidden = mistakes.length === 0;
  byId("gallery").replaceChildren(
    ...mistakes.map(({ path, label, answer: wrong, probability }) => {
      const image = make("img", { src: path, alt: "", loading: "lazy" });
      const truth = make("span", { class: "truth" }, label);
      const said = make("span", { class: "wrong" }, `${wrong} ${Math.round(100 * probability)} %`);
      const card = make("button", { type: "button", class: "mistake" }, image, truth, said);
      card.addEventListener("click", async () => {
        await open(await (await fetch(path)).blob());
        byId("photo").scrollIntoView({ behavior: "smooth", block: "center" });
      });
      return card;
    }),
  );
}

async function check() {
  byId("checked").textContent = "Checking…";
  try {
    const { passed, largest, count } = await checkGolden(page, networks[0]);
    document.body.dataset.check = passed ? "passed" : "failed";
    const words = passed ? "Right" : "Wrong";
    byId("checked").textContent =
      `${words}: on ${count} golden pictures no probability is off by more than ${largest.toPrecision(2)} ` +
      `(allowed: ${page.golden.tolerance}).`;
  } catch (error) {
    document.body.dataset.check = "failed";
    byId("checked").textContent = error.message;
  }
}

async function keepForOffline() {
  try {
    await navigator.serviceWorker.register(`offline.js?version=${versionOf(page)}`);
  } catch {
    // No service worker without HTTPS, or in a private window: the page works all the same, with a network.
    byId("runtimes").textContent += " · this browser does not keep the page for times without a network";
  }
}

// A cache of another model must not answer: the sizes and names stand for the files.
function versionOf({ name, models }) {
  return encodeURIComponent([name, ...models.map(({ path, size_bytes }) => `${path}-${size_bytes}`)].join("-"));
}

function say(text) {
  byId("said").textContent = text;
}

function listen() {
  const drop = byId("drop");
  byId("file").addEventListener("change", ({ target }) => target.files[0] && open(target.files[0]));
  byId("camera").addEventListener("click", toggleCamera);
  byId("check").addEventListener("click", check);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files[0]) open(event.clipboardData.files[0]);
  });
}

listen();
openPage().catch((error) => {
  say(error.message);
  document.body.dataset.state = "failed";
});
