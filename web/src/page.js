// Small helpers of the pages. Text from a model or a server goes through textContent alone: a label is never markup.

/** An element with attributes, and children that are elements or text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** 1234567 -> "1.2 MB" (decimal, as files are sold). */
export function sizeInWords(bytes) {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;
}

/** Milliseconds with three digits that count. */
export function msInWords(ms) {
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}

/** What the browser gives, as rows of a table. */
export function abilityRows(words) {
  return words.map(([what, there, why]) =>
    make("tr", {}, make("th", { scope: "row" }, what),
      make("td", { class: there ? "yes" : "no" }, there ? "yes" : `no${why ? `: ${why}` : ""}`)));
}
