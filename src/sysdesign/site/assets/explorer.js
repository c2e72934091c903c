// A protocol step by step: every run stands in one file, so that nothing is computed here but places on the screen.
import { ask, make } from "./element.js";

const SVG = "http://www.w3.org/2000/svg";
const draw = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const PACE = 900; // milliseconds a step while it plays
const LETTER = 6; // a letter's width in an arrow's words, about
const still = matchMedia("(prefers-reduced-motion: reduce)");
const seconds = (at) => (at >= 1 || at === 0 ? `${+at.toFixed(2)} s` : `${+(at * 1000).toFixed(1)} ms`);
const amount = (value) => value.toLocaleString("en", { maximumSignificantDigits: 3 });

export async function open(room, root) {
  const status = make("p", { class: "small", role: "status" }, "Loading the steps …");
  room.append(status);
  const found = await ask(new URL(`explorers/${room.dataset.explorer}/steps.json`, root), {}, (text) => status.replaceChildren(text)).catch(() => null);
  if (!found?.ok) return void status.replaceChildren("The steps did not load; they stand below as text. ", make("button", { class: "button", type: "button", onclick: () => { status.remove(); open(room, root); } }, "Try again"));
  status.remove();
  const { runs } = found.value;
  const form = room.querySelector(".faults");
  const curves = JSON.parse(room.dataset.curves);
  const view = controls(room, curves);
  const asked = new URLSearchParams(location.search);
  const early = [...form.elements].filter((select) => !select.selectedOptions[0].defaultSelected); // chosen before this script came
  for (const select of form.elements) if (!early.includes(select) && [...select.options].some((each) => each.value === asked.get(select.name))) select.value = asked.get(select.name);
  const choose = () => {
    const given = Object.fromEntries(new FormData(form));
    const { steps } = runs.find((run) => Object.entries(given).every(([name, word]) => run.given[name] === word));
    view.show(steps);
    tell(steps);
    document.querySelector("pre code").textContent = ["sysdesign explore", room.dataset.explorer, ...Object.entries(given).map(([name, word]) => `${name}=${word}`)].join(" ");
  };
  const change = () => {
    choose();
    const address = new URL(location.href);
    for (const [name, word] of new FormData(form)) address.searchParams.set(name, word);
    history.replaceState(history.state, "", address);
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", change);
  if (early.length) change(); else choose();
}

// The list below the stage, which needs no picture, follows the choice.
function tell(steps) {
  document.querySelector(".told").replaceChildren(...steps.filter((step, at) => step.says || (step.broken && !steps[at - 1]?.broken)).map((step) => make("li", {},
    make("b", {}, `${+step.at.toFixed(3)} s`), ` ${step.says ?? ""}`, step.broken ? make("strong", {}, ` Broken: ${step.broken}.`) : null)));
}

function controls(room, curves) {
  let steps = [];
  let at = 0;
  let timer = 0;
  let met = false;
  const stage = room.querySelector(".stage");
  const says = make("p", { class: "says", "aria-live": "polite" });
  const holds = make("p", { class: "holds" });
  const parts = make("ul", { class: "parts", "aria-label": "State" });
  const counts = make("dl", { class: "counts" });
  const canvas = make("div", { class: "canvas" });
  const slider = make("input", { type: "range", min: 0, value: 0, "aria-label": "Step", oninput: () => { inSight(); go(+slider.value); } });
  const where = make("output", {});
  const button = (label, name, act) => make("button", { class: "button", type: "button", "aria-label": name, onclick: act }, label);
  const back = button("←", "Step back", () => { inSight(); go(at - 1); });
  const next = button("→", "Next step", () => { inSight(); go(at + 1); });
  const play = button("Play", "Play", () => { inSight(); if (timer) stop(); else start(); });
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; play.setAttribute("aria-label", "Play"); };
  const start = () => {
    if (at === steps.length - 1) go(0);
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(() => { if (at < steps.length - 1) go(at + 1, true); else stop(); }, curves.length ? PACE / 3 : PACE);
  };
  const quiet = () => { play.hidden = still.matches; if (still.matches) stop(); };
  still.addEventListener("change", quiet);
  quiet();
  // On a phone the first step brings what moves into sight.
  const inSight = () => { if (!met && innerWidth < 480) stage.scrollIntoView(); met = true; };
  const go = (wanted, playing = false) => {
    if (!playing && timer) stop();
    at = Math.max(0, Math.min(steps.length - 1, wanted));
    const step = steps[at];
    slider.value = at;
    slider.setAttribute("aria-valuetext", `step ${at + 1} of ${steps.length}, ${seconds(step.at)}`);
    where.value = `${at + 1} of ${steps.length} · ${seconds(step.at)}`;
    back.disabled = at === 0;
    next.disabled = at === steps.length - 1;
    if (step.says || !curves.length) says.textContent = step.says ?? "";
    else if (!playing) says.textContent = [...steps.slice(0, at)].reverse().find((each) => each.says)?.says ?? "";
    const broken = steps.slice(0, at + 1).filter((each) => each.broken).length;
    holds.className = step.broken ? "holds broken" : "holds";
    holds.textContent = step.broken ? `✗ Broken: ${step.broken}.` : `✓ The promise holds here${broken ? `; it was broken in ${broken} ${broken === 1 ? "step" : "steps"} before` : ""}.`;
    parts.replaceChildren(...(step.parts ?? []).map(([name, role, held, mood]) => make("li", { class: mood || null }, make("b", {}, name), make("span", {}, role), held ? make("span", { class: "held" }, held) : null)));
    counts.replaceChildren(...(step.counts ?? []).flatMap(([label, value]) => [make("div", {}, make("dt", {}, label), make("dd", {}, value))]));
    const wide = Math.max(320, Math.min(720, canvas.clientWidth));
    canvas.replaceChildren(...(curves.length ? [courses(steps, at, curves, wide)] : lanes(steps, at, wide)));
    canvas.scrollTop = canvas.scrollHeight;
    if (canvas.scrollHeight > canvas.clientHeight) canvas.tabIndex = 0; else canvas.removeAttribute("tabindex"); // for keys to scroll it
  };
  stage.append(
    make("div", { class: "steering" }, back, play, next, slider, where), says, holds, parts, room.dataset.key ? make("p", { class: "key small" }, room.dataset.key) : "", canvas, counts);
  stage.hidden = false;
  addEventListener("resize", () => go(at, true));
  return { show: (chosen) => { stop(); steps = chosen; slider.max = steps.length - 1; go(0); } };
}

// An arrow's words begin where it begins, and stay between the times and the right edge.
function words(text, at, way, y, now, left, wide) {
  const length = text.length * LETTER, begin = Math.max(left, Math.min(way > 0 ? at : at - length, wide - length));
  return draw("text", { x: begin, y, class: `saying ${now}` }, text);
}

// Who sent what to whom, time running down; the step in sight is drawn stronger.
function lanes(steps, at, wide) {
  const names = [...new Set(steps.flatMap((step) => [...(step.parts ?? []).map(([name]) => name), ...(step.messages ?? []).flatMap(([from, to]) => [from, to])]))];
  const ordered = [...names.filter((name) => name === "writer"), ...names.filter((name) => !["writer", "reader"].includes(name)), ...names.filter((name) => name === "reader")];
  const left = wide > 500 ? 62 : 44, x = (name) => left + ((wide - left) / ordered.length) * (ordered.indexOf(name) + 0.5);
  const shown = steps.slice(0, at + 1).filter((step, index) => step.messages || index === at);
  const marks = [];
  let y = 16;
  for (const step of shown) {
    const now = step === steps[at] ? "now" : "";
    marks.push(draw("text", { x: 4, y: y + 4, class: `moment ${now}` }, seconds(step.at)));
    const said = new Set();
    for (const [from, to, text, arrives] of step.messages ?? []) {
      if (said.size && !said.has(text)) y += 8; // so that the words stand clear of the arrow above
      const begin = x(from), end = arrives ? x(to) : begin + (x(to) - begin) * 0.6, way = Math.sign(end - begin);
      marks.push(draw("path", { d: `M${begin} ${y}H${end}`, class: `message ${now} ${arrives ? "" : "lost"}` }));
      marks.push(arrives ? draw("path", { d: `M${end - way * 7} ${y - 4}L${end} ${y}L${end - way * 7} ${y + 4}`, class: `tip ${now}` })
        : draw("path", { d: `M${end - 4} ${y - 4}L${end + 4} ${y + 4}M${end - 4} ${y + 4}L${end + 4} ${y - 4}`, class: `tip ${now} lost` }));
      if (!said.has(text)) marks.push(words(text, begin + way * 8, way, y - 5, now, left, wide));
      y += 10;
      said.add(text);
    }
    y += 16;
  }
  const height = Math.max(y, 120);
  const poles = ordered.map((name) => draw("path", { d: `M${x(name)} 0V${height}`, class: "pole" }));
  const heads = ordered.map((name) => draw("text", { x: x(name), y: 15, "text-anchor": "middle", class: "name" }, name));
  return [draw("svg", { viewBox: `0 0 ${wide} 22`, class: "heads", "aria-hidden": "true" }, ...heads), // they stay while the rest scrolls
    draw("svg", { viewBox: `0 0 ${wide} ${height}`, class: "lanes", role: "img", "aria-label": `Messages so far between ${ordered.join(", ")}, time running down` }, ...poles, ...marks)];
}

// Each curve on a scale of its own, all of it faint and what has happened strong.
function courses(steps, at, curves, wide) {
  const tall = 84, gap = 34, last = steps.at(-1).at, x = (step) => 8 + (step.at / last) * (wide - 16);
  const marks = curves.flatMap(([label, unit], which) => {
    const top = which * (tall + gap) + 24, most = Math.max(...steps.map((step) => step.course[which]), 1e-9);
    const y = (step) => top + tall - (step.course[which] / most) * tall;
    const line = (part) => part.map((step, index) => `${index ? "L" : "M"}${x(step).toFixed(1)} ${y(step).toFixed(1)}`).join("");
    const here = steps[at], shown = { "1/s": "/s", s: " s" }[unit] ?? "";
    return [
      draw("text", { x: 8, y: top - 8, class: "name" }, `${label}: ${amount(here.course[which])}${shown}`),
      draw("text", { x: wide - 8, y: top - 8, "text-anchor": "end", class: "moment" }, `at most ${amount(most)}${shown}`),
      draw("path", { d: `M8 ${top + tall}H${wide - 8}`, class: "pole" }),
      draw("path", { d: line(steps), class: "course" }), draw("path", { d: line(steps.slice(0, at + 1)), class: "course now" }),
      draw("circle", { cx: x(here), cy: y(here), r: 4, class: "here" }),
    ];
  });
  return draw("svg", { viewBox: `0 0 ${wide} ${curves.length * (tall + gap)}`, class: "courses", role: "img", "aria-label": "Curves over time" }, ...marks);
}
