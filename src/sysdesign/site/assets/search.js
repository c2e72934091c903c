// Search in the page: the index loads at first use. Stop words are dropped, unknown words corrected, and
// where no section holds all words, those that hold some are shown.
import { make } from "./element.js";
import { correct } from "./spelling.js";

const EXCERPT = 28; // words
const LOOKED_AT = 12; // results, of which those that the query names come first

let engine;
let words;

async function start(root) {
  if (engine) return;
  const [pagefind, vocabulary] = await Promise.all([
    import(new URL("pagefind/pagefind.js", root)),
    fetch(new URL("search/vocabulary.json", root)).then((answer) => answer.json()),
  ]);
  await pagefind.options({ baseUrl: root.pathname, ranking: { metaWeights: { url: 0, document: 0, trail: 0 } } });
  await pagefind.init();
  [engine, words] = [pagefind, vocabulary];
}

export async function find(query, limit) {
  const asked = (query.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'+/-]*/gu) ?? []);
  const kept = asked.filter((word) => !words.stop.includes(word));
  const used = (kept.length ? kept : asked).map((word) => word.replace(/^(.)[+/](.)$/u, "$1$2")); // N+1, I/O: so indexed
  const corrected = used.map((word) => correct(word, words.words));
  const changed = corrected.join(" ") !== used.join(" ") ? corrected.join(" ") : "";
  if (!corrected.length) return { hits: [], total: 0, changed: "", some: false };
  let results = (await engine.search(corrected.join(" "))).results;
  const some = !results.length && corrected.length > 1;
  if (some) results = await any(corrected);
  const hits = await Promise.all(results.slice(0, Math.max(limit, LOOKED_AT)).map(async (result) => section(await result.data())));
  const asNamed = (name) => sameWords(name, query) || sameWords(name, corrected.join(" "));
  const named = hits.filter(({ names }) => names.some(asNamed));
  return { hits: [...named, ...hits.filter((hit) => !named.includes(hit))].slice(0, limit), total: results.length, changed, some };
}

// Whether two texts hold the same words, whatever their case, hyphens and plurals.
function sameWords(one, other) {
  const plain = (text) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map((word) => word.replace(/(?<=..)s$/u, "")).join(" ");
  return plain(one) === plain(other);
}

async function any(list) {
  const scores = new Map();
  for (const word of list) {
    for (const result of (await engine.search(word)).results) {
      const entry = scores.get(result.id) ?? { result, score: 0, count: 0 };
      entry.score += result.score;
      entry.count += 1;
      scores.set(result.id, entry);
    }
  }
  return [...scores.values()].sort((a, b) => b.count - a.count || b.score - a.score).map((entry) => entry.result);
}

// A page of the index holds one section, or on a large site a heading with all sections below it. Of those, the one
// that holds most of what was sought: where it is, its title, what stands above it, and its own words.
function section(hit) {
  const words = hit.content.trim().split(/\s+/);
  const sections = [];
  for (const { element, id, text, location } of hit.anchors) {
    const level = Number(/^h([1-6])$/.exec(element)?.[1]);
    if (!level) {
      sections.at(-1).end ??= location;
      if (text) sections.at(-1).names.push(text);
      continue;
    }
    const above = (sections.findLast((other) => other.level < level) ?? { path: [] }).path;
    const path = [...above, text];
    sections.push({ level, id, title: text, names: [text], path, first: location, from: location + text.split(/\s+/).length, score: 0 });
  }
  for (const { location, balanced_score } of hit.weighted_locations) {
    const held = sections.findLast((other) => other.first <= location);
    if (held) held.score += balanced_score;
  }
  const best = sections.reduce((one, other) => (other.score > one.score ? other : one));
  return {
    title: best.title,
    names: best.names,
    url: best === sections[0] ? hit.meta.url : `${hit.meta.url.split("#")[0]}#${best.id}`,
    trail: [hit.meta.document, hit.meta.trail, ...best.path.slice(0, -1)].filter(Boolean).join(" › "),
    own: words.slice(best.from, best.end),
    found: new Set(hit.locations.map((at) => at - best.from)),
  };
}

// Words of the section's own text around the first that was found.
function excerpt({ own, found }) {
  const place = own.findIndex((_, at) => found.has(at));
  const first = place < 0 ? 0 : Math.max(0, Math.min(place, own.length - EXCERPT + 6) - 6);
  const shown = own.slice(first, first + EXCERPT).flatMap((word, at) => [found.has(first + at) ? make("mark", {}, word) : word, " "]);
  return make("span", { class: "excerpt" }, first ? "… " : "", ...shown, first + EXCERPT < own.length ? "…" : "");
}

function item(shown, root, id) {
  const option = id ? { id, role: "option", "aria-selected": "false", tabindex: "-1" } : {};
  const link = make("a", { href: new URL(shown.url, root).href, ...option }, make("b", {}, shown.title), make("span", { class: "trail" }, shown.trail), make("br"), excerpt(shown));
  return id ? link : make("li", {}, link);
}

const told = ({ total, changed, some }, query) =>
  (total ? `${total} section${total === 1 ? "" : "s"}` : `Nothing found for “${query}”`)
  + (some && total ? " with some of the words" : "") + (changed ? `, searching for “${changed}”` : "");

const attached = new WeakSet();

export function attach(form, root) {
  if (attached.has(form)) return;
  attached.add(form);
  start(root).catch(() => {});
  const input = form.querySelector("input");
  if (form.classList.contains("page")) attachPage(form, input, root); else attachList(form, input, root);
}

function latest(run) {
  let number = 0;
  return async (...given) => {
    const mine = ++number;
    const shown = await run(...given);
    if (mine === number) shown?.();
  };
}

function attachPage(form, input, root) {
  const status = document.querySelector("[data-search-status]");
  const list = document.querySelector("[data-search-results]");
  const show = latest(async () => {
    const query = input.value.trim();
    history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
    if (!query) return () => { list.replaceChildren(); status.textContent = ""; };
    try {
      await start(root);
      const found = await find(query, 30);
      return () => { list.replaceChildren(...found.hits.map((hit) => item(hit, root))); status.textContent = told(found, query); };
    } catch {
      return () => { status.textContent = "The search index did not load. It is part of the built site: serve it over HTTP."; };
    }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  input.addEventListener("input", show);
  input.value = new URLSearchParams(location.search).get("q") ?? "";
  if (input.value) show();
  input.focus();
}

function attachList(form, input, root) {
  const list = make("div", { class: "search-list", role: "listbox", id: `found-${Math.random().toString(36).slice(2, 8)}`, "aria-label": "Sections found", hidden: true });
  const status = make("div", { class: "visually-hidden", role: "status" });
  form.append(list, status);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" })) input.setAttribute(name, value);
  let at = -1;
  const options = () => [...list.querySelectorAll('[role="option"]')];
  const open = (wanted) => { list.hidden = !wanted; input.setAttribute("aria-expanded", String(wanted)); if (!wanted) choose(-1); };
  const choose = (next) => {
    at = next;
    options().forEach((option, order) => option.setAttribute("aria-selected", String(order === at)));
    const chosen = options()[at];
    if (chosen) { input.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); } else input.removeAttribute("aria-activedescendant");
  };
  const show = latest(async () => {
    const query = input.value.trim();
    if (!query) return () => open(false);
    try {
      await start(root);
      const found = await find(query, 7);
      return () => {
        status.textContent = told(found, query);
        list.replaceChildren(...found.hits.map((hit, order) => item(hit, root, `${list.id}-${order}`)));
        if (!found.hits.length || found.changed || found.some) list.prepend(make("div", { class: "note", role: "presentation" }, told(found, query)));
        choose(-1);
        open(document.activeElement === input);
      };
    } catch {
      return () => { list.replaceChildren(make("div", { class: "note", role: "presentation" }, "The search index did not load.")); open(true); };
    }
  });
  input.addEventListener("input", show);
  input.addEventListener("focus", () => { if (input.value.trim()) show(); });
  input.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "Escape") { if (list.hidden) input.blur(); else open(false); event.preventDefault(); }
    if (!count || list.hidden) return;
    if (event.key === "ArrowDown") { choose((at + 1) % count); event.preventDefault(); }
    if (event.key === "ArrowUp") { choose(at > 0 ? at - 1 : count - 1); event.preventDefault(); }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); options()[at].click(); }
  });
  list.addEventListener("click", (event) => { if (event.target.closest("a")) { open(false); input.blur(); } }); // it may stand on this page
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) open(false); });
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !form.contains(event.relatedTarget)) open(false); });
  if (input.value) show();
}
