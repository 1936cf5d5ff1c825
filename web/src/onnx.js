// A session of onnxruntime-web behind the interface of worker_side.js; `ort` is one of its builds.

import { inputForm, outputCount } from "./network.js";

const FOLDER = new URL("onnx/", self.location.href).href;

export async function openOnnx(ort, { model, threads, accelerator }) {
  if (threads > 1 && !self.crossOriginIsolated) {
    throw new Error("more than one thread needs a cross-origin isolated page");
  }
  const webgpu = accelerator === "webgpu";
  if (webgpu && !(await navigator.gpu?.requestAdapter())) throw new Error("this browser gives a page no WebGPU");
  const build = webgpu ? "ort-wasm-simd-threaded.asyncify" : "ort-wasm-simd-threaded";
  ort.env.wasm.wasmPaths = { mjs: `${FOLDER}${build}.mjs`, wasm: `${FOLDER}${build}.wasm` };
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  const session = await ort.InferenceSession.create(new Uint8Array(model), {
    executionProviders: [accelerator],
    // With WebGPU: refuse the file instead of running part of it on the processor in silence.
    ...(webgpu ? { extra: { session: { disable_cpu_ep_fallback: "1" } } } : {}),
  });
  const [input] = session.inputMetadata;
  const [output] = session.outputMetadata;
  const shape = [...input.shape];
  return {
    runtime: `onnxruntime-web ${ORT_VERSION} ${webgpu ? "WebGPU" : "WASM, SIMD"}`,
    form: inputForm(input.type, shape),
    classes: outputCount(output.type, [...output.shape]),
    run: async (values) => {
      const found = await session.run({ [input.name]: new ort.Tensor(input.type, values, shape) });
      return found[output.name].data;
    },
  };
}
