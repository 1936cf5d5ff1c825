// Bundles the pages and copies the two runtimes' WASM into fv_web/assets: what is used, and nothing else.
//
// The result loads nothing from elsewhere. Comments are dropped, because they hold addresses that a reader (and the test
// that looks for addresses) would take for places that are asked.

import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { build, transform } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "fv_web", "assets");
const modules = path.join(here, "node_modules");
const LITERT = ["litert_wasm_internal", "litert_wasm_compat_internal", "litert_wasm_threaded_internal"];
const ORT = ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"];

const version = async (name) => JSON.parse(await readFile(path.join(modules, name, "package.json"), "utf8")).version;

async function bundle(entry, name, format) {
  await build({
    entryPoints: [path.join(here, "src", entry)],
    outfile: path.join(out, name),
    bundle: true,
    minify: true,
    format,
    target: "es2022",
    legalComments: "none",
    // The builds of onnxruntime-web that load their WASM from a file beside them.
    conditions: ["onnxruntime-web-use-extern-wasm"],
    define: {
      LITERT_VERSION: JSON.stringify(await version("@litertjs/core")),
      ORT_VERSION: JSON.stringify(await version("onnxruntime-web")),
    },
  });
}

async function script(from, to) {
  const { code } = await transform(await readFile(from, "utf8"), { minify: true, legalComments: "none" });
  await writeFile(to, code);
}

await rm(out, { recursive: true, force: true });
await mkdir(path.join(out, "litert"), { recursive: true });
await mkdir(path.join(out, "onnx"));
await bundle("litert_worker.js", "litert-worker.js", "iife");
await bundle("onnx_worker.js", "onnx-worker.js", "esm");
await bundle("onnx_webgpu_worker.js", "onnx-webgpu-worker.js", "esm");
await bundle("benchmark.js", "benchmark.js", "esm");
await bundle("demo.js", "demo.js", "esm");
for (const name of ["benchmark.html", "demo.html", "style.css"]) {
  await copyFile(path.join(here, "src", name), path.join(out, name));
}
await script(path.join(here, "src", "offline.js"), path.join(out, "offline.js"));
for (const name of LITERT) {
  const from = path.join(modules, "@litertjs", "core", "wasm", name);
  await script(`${from}.js`, path.join(out, "litert", `${name}.js`));
  await copyFile(`${from}.wasm`, path.join(out, "litert", `${name}.wasm`));
}
for (const name of ORT) {
  const from = path.join(modules, "onnxruntime-web", "dist", name);
  await script(`${from}.mjs`, path.join(out, "onnx", `${name}.mjs`));
  await copyFile(`${from}.wasm`, path.join(out, "onnx", `${name}.wasm`));
}
await copyFile(path.join(here, "LICENSES.txt"), path.join(out, "LICENSES.txt"));
