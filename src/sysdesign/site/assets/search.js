// Search in the page: the index loads at first use. Stop words are dropped, unknown words corrected, and
// where no section holds all words, those that hold some are shown.
import { make } from "./element.js";
import { correct } from "./spelling.js";

const EXCERPT = 28; // words

let engine;
let words;

async function start(root) {
  if (engine) return;
  const [pagefind, vocabulary] = await Promise.all([
    import(new URL("pagefind/pagefind.js", root)),
    fetch(new URL("search/vocabulary.json", root)).then((answer) => answer.json()),
  ]);
  await pagefind.options({ baseUrl: root.pathname });
  await pagefind.init();
  [engine, words] = [pagefind, vocabulary];
}

export async function find(query, limit) {
  const asked = (query.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'+/-]*/gu) ?? []);
  const kept = asked.filter((word) => !words.stop.includes(word));
  const used = kept.length ? kept : asked;
  const corrected = used.map((word) => correct(word, words.words));
  const changed = corrected.join(" ") !== used.join(" ") ? corrected.join(" ") : "";
  if (!corrected.length) return { hits: [], total: 0, changed: "", some: false };
  let results = (await engine.search(corrected.join(" "))).results;
  const some = !results.length && corrected.length > 1;
  if (some) results = await any(corrected);
  return { hits: await Promise.all(results.slice(0, limit).map((result) => result.data())), total: results.length, changed, some };
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

// Words of the section's own text around the first that was found; other names of its terms come before it, unshown.
function excerpt(hit) {
  const text = hit.content.trim().split(/\s+/);
  const lead = Number(hit.meta.lead);
  const found = new Set(hit.locations.filter((at) => at >= lead));
  const first = found.size ? Math.max(lead, Math.min(...found, text.length - EXCERPT + 6) - 6) : lead;
  const shown = text.slice(first, first + EXCERPT).flatMap((word, at) => [found.has(first + at) ? make("mark", {}, word) : word, " "]);
  return make("span", { class: "excerpt" }, first > lead ? "… " : "", ...shown, first + EXCERPT < text.length ? "…" : "");
}

function item(hit, root, id) {
  const trail = [hit.meta.document, hit.meta.trail].filter(Boolean).join(" › ");
  const option = id ? { id, role: "option", "aria-selected": "false", tabindex: "-1" } : {};
  const link = make("a", { href: new URL(hit.meta.url, root).href, ...option }, make("b", {}, hit.meta.title), make("span", { class: "trail" }, trail), make("br"), excerpt(hit));
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
    if (event.key === "ArrowUp") { choose((at + count) % count - 1 < 0 ? count - 1 : at - 1); event.preventDefault(); }
    if (event.key === "Enter" && at >= 0) { event.preventDefault(); location.href = options()[at].href; open(false); }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) open(false); });
  form.addEventListener("focusout", (event) => { if (event.relatedTarget && !form.contains(event.relatedTarget)) open(false); });
  if (input.value) show();
}
