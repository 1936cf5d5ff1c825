// The page's side of a worker: one opened model file.

const WORKERS = {
  "tflite wasm": ["litert-worker.js", "classic"],
  "tflite webgpu": ["litert-worker.js", "classic"],
  "onnx wasm": ["onnx-worker.js", "module"],
  "onnx webgpu": ["onnx-webgpu-worker.js", "module"],
};

export class ModelWorker {
  #worker;
  #waiting = new Map();
  #next = 0;

  /** `base`: where the workers' scripts lie, as an address. `format`: tflite or onnx. */
  constructor(base, format, accelerator) {
    const [script, type] = WORKERS[`${format} ${accelerator}`];
    this.#worker = new Worker(new URL(script, base), { type });
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(event.message || `${script} could not be loaded`);
  }

  /** Do one operation of worker_side.js; rejects with what the worker says. */
  ask(op, job, { transfer = [], progress = () => {} } = {}) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject, progress });
      this.#worker.postMessage({ ...job, id, op }, transfer);
    });
  }

  close() {
    this.#worker.terminate();
    this.#fail("the worker was stopped");
  }

  #receive({ id, value, error, progress }) {
    const waiting = this.#waiting.get(id);
    if (progress !== undefined) return waiting.progress(progress);
    this.#waiting.delete(id);
    return error === undefined ? waiting.resolve(value) : waiting.reject(new Error(error));
  }

  #fail(message) {
    for (const { reject } of this.#waiting.values()) reject(new Error(message));
    this.#waiting.clear();
  }
}
