// The worker that runs .onnx files on the processor. A module worker: the runtime is imported.

import * as ort from "onnxruntime-web/wasm";

import { openOnnx } from "./onnx.js";
import { serve } from "./worker_side.js";

serve((job) => openOnnx(ort, job));
