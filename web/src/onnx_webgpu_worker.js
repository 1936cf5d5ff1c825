// The worker that runs .onnx files on WebGPU; another build of the runtime, twice as large.

import * as ort from "onnxruntime-web/webgpu";

import { openOnnx } from "./onnx.js";
import { serve } from "./worker_side.js";

serve((job) => openOnnx(ort, job));
