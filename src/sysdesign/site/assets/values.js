// A chart's values where the pointer is, drawn or live, and the chart to take along as SVG or CSV. Where along x a
// pointer stands is read off the drawing's own ticks, so that any drawing will do: no scale is kept beside it.
import { make } from "./element.js";

const SIZES = { "": 1, k: 1e3, M: 1e6, G: 1e9, B: 1e9, T: 1e12, "%": .01 };
const SCALES = [(x) => x, Math.log10, (x) => -Math.log10(1 - x)]; // even, by ratios, by nines
const OFF = 1.5; // pixels that a tick may lie beside its place

export function number(text, ofBytes = false) {
  const [, digits, size] = /^([-−]?[\d,]*\.?\d+(?:e[-+−]?\d+)?)\s*([kMGTB%]?)B?$/.exec(text.trim()) ?? [];
  if (digits === undefined) return NaN;
  return Number(digits.replaceAll(",", "").replaceAll("−", "-")) * (ofBytes && size === "B" ? 1 : SIZES[size]);
}

// The ticks of x: of all texts that stand in one row, the lowest row of several numbers, or of the names given.
function ticksOf(drawing, names) {
  const rows = new Map();
  for (const text of drawing.querySelectorAll("text")) {
    const box = text.getBoundingClientRect(), row = `${Math.round(box.bottom)} ${text.getAttribute("font-size")}`;
    const at = { start: box.left, middle: (box.left + box.right) / 2, end: box.right }[text.getAttribute("text-anchor") ?? "start"];
    rows.set(row, [...(rows.get(row) ?? []), { text: text.textContent, at, top: box.top }]);
  }
  const said = (row) => row.length > 1 && row.every(({ text }) => names.includes(text) || Number.isFinite(number(text)));
  return [...rows.values()].filter(said).sort((one, other) => other[0].top - one[0].top)[0] ?? [];
}

// From a value of x to its place on the screen, where all ticks agree on the scale; else nothing.
export function placing(ticks) {
  const ofBytes = ticks.every(({ text }) => text.endsWith("B"));
  const known = ticks.map(({ text, at }) => [number(text, ofBytes), at]);
  const [first, last] = [known[0], known.at(-1)];
  for (const scale of SCALES) {
    const span = scale(last[0]) - scale(first[0]);
    const place = (x) => first[1] + (last[1] - first[1]) * (scale(x) - scale(first[0])) / span;
    if (Number.isFinite(span) && span && known.every(([x, at]) => Math.abs(place(x) - at) < OFF)) return place;
  }
  return null;
}

// What stands in the table beside a drawing, or in the rows of a live chart: for each x its values by name.
function points(figure) {
  if (figure.live) {
    const { rows, x, y } = figure.live, found = new Map();
    for (const row of rows) found.set(row.x, [...(found.get(row.x) ?? []), [row.text || row.series || y, said(row.y)]]);
    return [...found].map(([at, cells]) => ({ x: at, name: said(at), head: x, cells }));
  }
  const heads = [...figure.querySelectorAll(".data th")].map((cell) => cell.textContent);
  return [...figure.querySelectorAll(".data tbody tr")].map((row) => {
    const [name, ...cells] = [...row.cells].map((cell) => cell.textContent);
    return { x: number(name), name, head: heads[0], cells: cells.map((cell, at) => [heads[at + 1], cell]).filter(([, cell]) => cell) };
  });
}
const said = (value) => (typeof value === "number" ? new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value) : String(value));

export function show(figure, event) {
  const canvas = figure.querySelector(".canvas");
  const drawing = figure.querySelector(".live-chart:not([hidden]) svg") ?? canvas.querySelector(":scope > svg.drawing");
  if (!drawing) return;
  const known = points(figure), ticks = ticksOf(drawing, known.map(({ name }) => name));
  const named = new Map(ticks.map(({ text, at }) => [text, at]));
  const place = ticks.length > 1 && !known.every(({ name }) => named.has(name)) ? placing(ticks) : null;
  const placed = known.map((point) => ({ ...point, at: place ? place(point.x) : named.get(point.name) })).filter(({ at }) => Number.isFinite(at));
  const reach = [ticks[0]?.at, ticks.at(-1)?.at];
  if (!placed.length || event.clientX < reach[0] - 12 || event.clientX > reach[1] + 12) { hide(figure); return; }
  const nearest = placed.reduce((best, each) => (Math.abs(each.at - event.clientX) < Math.abs(best.at - event.clientX) ? each : best));
  const same = placed.filter(({ at }) => at === nearest.at);
  draw(figure, canvas, drawing, nearest, same.flatMap(({ cells }) => cells), ticks[0].top);
}

function draw(figure, canvas, drawing, { at, head, name }, cells, bottom) {
  const frame = canvas.getBoundingClientRect(), box = drawing.getBoundingClientRect();
  figure.probe ??= make("div", { class: "probe", "aria-hidden": "true" });
  figure.said ??= make("div", { class: "values", "aria-hidden": "true" });
  figure.said.replaceChildren(make("b", {}, `${head}: ${name}`), ...cells.slice(0, 9).map(([label, value]) => make("span", {}, `${label}: `, make("i", {}, value))));
  canvas.append(figure.probe, figure.said);
  const left = at - frame.left + canvas.scrollLeft - canvas.clientLeft;
  Object.assign(figure.probe.style, { left: `${left}px`, top: `${box.top - frame.top + 16}px`, height: `${Math.max(0, bottom - box.top - 22)}px` });
  const right = at - frame.left > canvas.clientWidth / 2;
  Object.assign(figure.said.style, { top: `${box.top - frame.top + 16}px`, left: right ? "" : `${left + 10}px`, right: right ? `${canvas.clientWidth - left + 10}px` : "" });
}

export function hide(figure) {
  figure.probe?.remove();
  figure.said?.remove();
}

const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export function csv(figure) {
  const rows = [...figure.querySelectorAll(".data tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
  const plain = (text) => (/^[-−]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text) ? text.replaceAll(",", "") : text);
  return `${rows.map((row) => row.map((cell) => quoted(plain(cell))).join(",")).join("\n")}\n`;
}

export function svg(figure) {
  const drawing = figure.querySelector(".live-chart:not([hidden]) svg") ?? figure.querySelector(".canvas > svg.drawing");
  const alone = drawing.cloneNode(true);
  for (const name of ["class", "aria-labelledby", "aria-describedby", "style"]) alone.removeAttribute(name);
  alone.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  alone.setAttribute("font-family", "sans-serif");
  alone.prepend(Object.assign(document.createElementNS("http://www.w3.org/2000/svg", "title"), { textContent: figure.querySelector("figcaption").textContent }));
  return new XMLSerializer().serializeToString(alone);
}

// The ways to take a chart along, beside its data once that is open.
export function offer(figure) {
  if (figure.querySelector(".take")) return;
  const name = figure.id.replace(/^fig:/, "");
  const take = (label, kind, content, ending) => make("button", { class: "button", type: "button", onclick: () => {
    const address = URL.createObjectURL(new Blob([content(figure)], { type: kind }));
    make("a", { href: address, download: `${name}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  } }, label);
  figure.querySelector(".data summary").after(make("p", { class: "take" }, take("Take it as CSV", "text/csv", csv, "csv"), take("Take the chart as SVG", "image/svg+xml", svg, "svg")));
}
