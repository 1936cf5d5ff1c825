// The worker that runs .tflite files with LiteRT.js. A classic worker: the runtime's loader uses importScripts.

import { loadAndCompile, loadLiteRt, supportsFeature, Tensor } from "@litertjs/core";

import { inputForm, outputCount } from "./network.js";
import { serve } from "./worker_side.js";

const FOLDER = new URL("litert/", self.location.href).href;

serve(async ({ model, threads, accelerator, range }) => {
  const threaded = threads > 1;
  if (threaded && !self.crossOriginIsolated) {
    throw new Error("more than one thread needs a cross-origin isolated page");
  }
  // LiteRT.js names no script to its threads, so that they would load this worker: tell them theirs.
  if (threaded) {
    const script = `${FOLDER}litert_wasm_threaded_internal.js`;
    self.Module = { mainScriptUrlOrBlob: script, locateFile: (name) => FOLDER + name };
  } else {
    self.Module = { locateFile: (name) => FOLDER + name };
  }
  const litert = await loadLiteRt(FOLDER, { threads: threaded });
  if (accelerator === "webgpu" && !litert.getWebGpuDevice()) throw new Error("this browser gives a page no WebGPU");
  const compiled = await loadAndCompile(new Uint8Array(model), { accelerator, cpuOptions: { numThreads: threads } });
  if (accelerator === "webgpu" && !compiled.isFullyAccelerated) {
    throw new Error("WebGPU does not take the whole model; LiteRT.js would run it on the processor");
  }
  const [input] = compiled.getInputDetails();
  const [output] = compiled.getOutputDetails();
  const form = inputForm(input.dtype, [...input.shape]);
  const classes = outputCount(output.dtype, [...output.shape]);
  const simd = (await supportsFeature("relaxedSimd")) ? "relaxed SIMD" : "no relaxed SIMD";
  return {
    runtime: `LiteRT.js ${LITERT_VERSION} ${accelerator === "webgpu" ? "WebGPU" : `WASM, ${simd}`}`,
    form,
    classes,
    run: (values) => run(compiled, values, input.shape),
  };
});

async function run(compiled, values, shape) {
  const tensor = new Tensor(values, shape);
  const [result] = await compiled.run(tensor);
  const here = result.accelerator === "wasm" ? result : await result.moveTo("wasm");
  const answers = here.toTypedArray().slice();
  here.delete();
  tensor.delete();
  return answers;
}
