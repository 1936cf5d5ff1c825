// The answer on the page: the five most probable labels with bars, the times, and how two networks differ.

import { byId, make, msInWords } from "./page.js";

const TOP = 5;

/** Indices of the most probable classes, most probable first; equal ones in the order of the labels. */
export function mostProbable(probabilities, count = TOP) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b).slice(0, count);
}

/** `found`: for each network {model, probabilities, ms}; `preparing_ms`: cutting and resizing the picture. */
export function showAnswer(labels, found, preparing_ms) {
  const [first, second] = found;
  const order = mostProbable(first.probabilities);
  byId("answer").textContent = labels[order[0]];
  byId("bars").replaceChildren(...order.map((index) => row(labels[index], found, index)));
  byId("times").replaceChildren(...found.map(timeChip), preparedChip(preparing_ms));
  byId("difference").textContent = second ? difference(labels, first, second) : "";
}

/** One sentence about two networks' answers to the same picture. */
export function difference(labels, first, second) {
  const mine = mostProbable(first.probabilities, 1)[0];
  const other = mostProbable(second.probabilities, 1)[0];
  let largest = 0;
  first.probabilities.forEach((share, index) => {
    largest = Math.max(largest, Math.abs(share - second.probabilities[index]));
  });
  const apart = `no probability differs by more than ${(100 * largest).toFixed(1)} points`;
  if (mine === other) return `${first.model.title} and ${second.model.title} agree; ${apart}.`;
  const says = (network, index) => `${network.model.title} says “${labels[index]}”`;
  return `They disagree: ${says(first, mine)}, ${says(second, other)}; ${apart}.`;
}

function row(label, found, index) {
  const bars = found.map(({ probabilities }, network) => {
    const fill = make("span", { class: `fill network${network}` });
    fill.style.width = `${100 * probabilities[index]}%`;
    const share = make("span", { class: "share" }, percent(probabilities[index]));
    return make("span", { class: "bar" }, make("span", { class: "track" }, fill), share);
  });
  return make("li", {}, make("span", { class: "label" }, label), ...bars);
}

function timeChip({ model, ms }, network) {
  return make("li", {}, make("span", { class: `dot network${network}` }), `${model.title} `, make("b", {}, msInWords(ms)));
}

function preparedChip(ms) {
  return make("li", { class: "quiet" }, "preparing the picture ", make("b", {}, msInWords(ms)));
}

function percent(share) {
  return share >= 0.1 ? `${(100 * share).toFixed(0)} %` : `${(100 * share).toFixed(1)} %`;
}
