// What this browser gives this page; what is missing is said, with the reason where it is known.

import { clockStepNs } from "./measure.js";

/** Facts for the page and for every result. */
export async function abilities() {
  return {
    user_agent: navigator.userAgent,
    secure_context: self.isSecureContext,
    cross_origin_isolated: self.crossOriginIsolated,
    threads: self.crossOriginIsolated ? navigator.hardwareConcurrency : 1,
    cores: navigator.hardwareConcurrency ?? null,
    memory_gb: navigator.deviceMemory ?? null,
    webgpu: await webgpu(),
    camera: Boolean(navigator.mediaDevices?.getUserMedia),
    clock_step_ns: clockStepNs(() => performance.now()),
  };
}

/** [[what, "yes" | "no", why not]] for the page's table. */
export function inWords(found) {
  const secure = found.secure_context ? "" : "the page came over plain HTTP";
  return [
    ["secure context", found.secure_context, secure],
    ["cross-origin isolated", found.cross_origin_isolated, secure || "the server sent no COOP and COEP headers"],
    [`WASM threads (${found.threads})`, found.threads > 1, found.cores === 1 ? "one core" : "it is not isolated"],
    ["WebGPU", Boolean(found.webgpu), secure || "this browser or this graphics chip has none"],
    ["camera", found.camera, secure || "this browser has none"],
  ].map(([what, there, why]) => [what, there, there ? "" : why]);
}

async function webgpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { vendor, architecture, description } = adapter.info ?? {};
  return [vendor, architecture, description].filter(Boolean).join(" ") || "unnamed";
}
