// Search in the page, over the same index and by the same rules as sysdesign.search: words.json says how queries are
// read, and of the terms and entries only those are loaded that a query needs. A test holds both to one order.
import { ask, make } from "./element.js";
import { correct } from "./spelling.js";

const PART = /[\p{L}\p{N}]+/gu, COMPOUND = /[\p{L}\p{N}]+(?:[-_./+:]+[\p{L}\p{N}]+)*/gu;

const CAMEL = /[A-Za-z0-9]*[a-z0-9][A-Z][A-Za-z0-9]*/g, HUMPS = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g;

const KINDS = { fact: "Fact", term: "Term", symptom: "Symptom", decision: "Decision", model: "Model", explorer: "Explorer" };

let known; // what words.json holds
let base;
const kept = new Map(); // files, by path

async function file(path) {
  if (!kept.has(path)) kept.set(path, ask(new URL(path, base)).then(({ ok, value }) => { if (!ok) throw new Error("none"); return value; }));
  try { return await kept.get(path); } catch (error) { kept.delete(path); throw error; } // to be asked for again
}

// Files that a page brought along, because it has no server to ask.
export function bring(files) {
  for (const [path, content] of Object.entries(files)) kept.set(path, Promise.resolve(content));
}

export async function start(root) {
  base = root;
  known ??= await file("search/words.json");
}

const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/(?<=[\p{L}\p{N}_])['’](?=[\p{L}\p{N}_])/gu, "");
const has = (word) => Object.hasOwn(known.words, word);
const count = (word) => [known.words[word]].flat()[0];
const stemOf = (word) => (has(word) && Array.isArray(known.words[word]) ? known.words[word][1] : word);
export const stems = (text) => (folded(text).match(PART) ?? []).map(stemOf);
export const saysNothing = (word) => known.stop.includes(word);
const byAlphabet = (one, other) => (one < other ? -1 : Number(one > other));
const distinct = (lists, key) => [...new Map(lists.map((each) => [key(each), each])).values()];

// The query as words and as terms: bounded, without words that say nothing, unknown ones corrected.
function understood(query) {
  let typed = distinct((folded(query.replace(CAMEL, apart)).match(COMPOUND) ?? []).map((each) => each.match(PART)), (each) => each.join(" "));
  let words = 0;
  typed = typed.filter((parts, at) => (words += parts.length) <= known.rules.most_words || at === 0);
  const said = typed.filter((parts) => parts.length > 1 || !known.stop.includes(parts[0]));
  const sought = (said.length ? said : typed).map((parts) => parts.slice(0, known.rules.most_words));
  const fixed = sought.map((parts) => parts.map((word) => correct(word, known.words, count)));
  const terms = [];
  fixed.forEach((parts, at) => {
    parts.forEach((word, place) => {
      const last = at === fixed.length - 1 && place === parts.length - 1 && !has(word);
      terms.push([...new Set((last ? longer(word) : [word]).map(stemOf))].sort(byAlphabet));
    });
    if (parts.length > 1) terms.push([parts.join("")]);
  });
  return {
    words: fixed.flat(), terms: distinct(terms, (each) => each.join(" ")),
    changed: fixed.flat().join(" ") === sought.flat().join(" ") ? "" : fixed.flat().join(" "),
  };
}

// A program's name that no text holds is sought by its words, and is no slip of another; and its longest known start.
const apart = (name) => {
  const humps = name.split(HUMPS), held = Object.keys(known.words).some((each) => each.startsWith(name.toLowerCase()));
  const starts = humps.slice(1, -1).map((_, at) => humps.slice(0, at + 2).join("")).reverse();
  return [...(held ? [name] : humps), ...starts.filter((each) => Object.hasOwn(known.words, each.toLowerCase())).slice(0, 1)].join(" ");
};

// The word and the most frequent known ones that begin with it: the last word may not be typed to its end.
const longer = (word) => [word, ...Object.keys(known.words).filter((each) => each.startsWith(word))
  .sort((one, other) => count(other) - count(one) || byAlphabet(one, other)).slice(0, known.rules.most_longer)];

async function piece(term) {
  const start = term.slice(0, 2), name = /^[a-z0-9]+$/.test(start) ? start : "other";
  return known.pieces.includes(name) ? file(`search/terms/${name}.json`) : { terms: {}, names: {}, texts: {} };
}

async function held(term) {
  const rows = new Map(), steps = (await piece(term)).terms[term] ?? [];
  for (let at = 0, row = 0; at < steps.length; at += 2) rows.set(row += steps[at], steps[at + 1]);
  return rows;
}

async function scored(terms) {
  const scores = new Float64Array(known.rows), holding = new Int32Array(known.rows);
  let standing = 0, at = 0;
  const stands = new Set();
  for (const found of await Promise.all(terms.map((anyOf) => Promise.all(anyOf.map(held))))) {
    const best = new Map();
    for (const rows of found) for (const [row, score] of rows) best.set(row, Math.max(score, best.get(row) ?? 0));
    standing += best.size > 0;
    if (best.size) stands.add(terms[at]);
    at += 1;
    for (const [row, score] of best) { scores[row] += score; holding[row] += 1; }
  }
  const whole = (row) => holding[row] > 0 && holding[row] === standing;
  return { scores: scores.map((score, row) => score * known.rules.all_terms[whole(row) ? 0 : 1]), whole, stands };
}

// The scores of sections, more where their document's best sections score well too.
function leaned(scores) {
  const ends = [...known.starts.slice(1), known.sections], found = scores.slice();
  const sums = known.starts.map((start, at) => scores.slice(start, ends[at]).sort().slice(-known.rules.leaning).reduce((sum, each) => sum + each, 0));
  const most = Math.max(...sums);
  sums.forEach((sum, at) => { for (let row = known.starts[at]; row < ends[at]; row++) found[row] *= most + sum; });
  return found;
}

// Rows that come first: 0 where a text of programs is the query or stands in it, 1 for what it names.
async function named(query, words) {
  const typed = (folded(query).match(PART) ?? []).map(stemOf);
  const rows = new Map();
  const look = async (kind, row, first) => {
    const name = row.join(" ");
    const found = row.length ? (await piece(row[0]))[kind] : {};
    if (Object.hasOwn(found, name)) for (const each of found[name]) rows.set(each, first);
  };
  for (const name of [typed, words.map(stemOf)]) await look("names", name, 1);
  const looked = typed.slice(0, 2 * known.rules.most_words);
  for (let from = 0; from < looked.length; from++) for (let to = from + 1; to <= looked.length; to++) {
    if (to - from >= known.rules.shortest_text || to - from === typed.length) await look("texts", looked.slice(from, to), 0);
  }
  return rows;
}

async function entry(row, terms) {
  const [kind, title, url, document, trail, text] = (await file(`search/rows/${Math.floor(row / known.a_file)}.json`))[row % known.a_file];
  return { row, kind, title, url, trail: [KINDS[kind], document, trail].filter(Boolean).join(" › "), own: text.split(" "), found: new Set(terms.flat()) };
}

export async function find(query, limit) {
  const { words, terms, changed } = understood(query);
  if (!words.length) return { hits: [], others: [], shown: [], total: 0, changed: "", some: false };
  const [{ scores: plain, whole, stands }, came] = await Promise.all([scored(terms), named(query, words)]);
  const scores = leaned(plain);
  const last = new Set(known.last);
  const rows = [...scores.keys()].filter((row) => scores[row] > 0).sort((one, other) =>
    last.has(one) - last.has(other) || (came.get(one) ?? 2) - (came.get(other) ?? 2) || scores[other] - scores[one] || one - other);
  const sections = rows.filter((row) => row < known.sections);
  const others = rows.filter((row) => row >= known.sections && whole(row)).slice(0, known.rules.most_others);
  const [hits, more] = await Promise.all([sections.slice(0, limit), others].map((each) => Promise.all(each.map((row) => entry(row, terms)))));
  const several = terms.length > 1 && !terms.some((anyOf) => !stands.has(anyOf));
  const atOnce = ({ kind, row }) => (kind === "fact" && several) || (["term", "model"].includes(kind) && came.has(row));
  const first = came.has(sections[0]) ? 1 : 0, [at, later] = [more.filter(atOnce), more.filter((each) => !atOnce(each))];
  const shown = [...hits.slice(0, first), ...at, ...hits.slice(first, known.rules.best), ...later, ...hits.slice(known.rules.best)];
  return { hits, others: more, shown, total: sections.length, changed, some: sections.length > 0 && !whole(sections[0]) };
}

const holds = (word, found) => (folded(word).match(COMPOUND) ?? []).some((whole) => {
  const parts = whole.match(PART);
  return (parts.length > 1 && found.has(parts.join(""))) || parts.some((part) => found.has(stemOf(part)));
});

// Words of the entry's own text around the first that was found.
function excerpt({ own, found }) {
  const place = own.findIndex((word) => holds(word, found));
  const first = Math.max(0, Math.min(place - known.rules.before, own.length - known.rules.excerpt));
  const shown = own.slice(first, first + known.rules.excerpt).flatMap((word) => [holds(word, found) ? make("mark", {}, word) : word, " "]);
  return make("span", { class: "excerpt" }, first ? "… " : "", ...shown, first + known.rules.excerpt < own.length ? "…" : "");
}

function item(shown, root, id) {
  const option = id ? { id, role: "option", "aria-selected": "false", tabindex: "-1" } : {};
  const link = make("a", { href: new URL(shown.url, root).href, ...option }, 
    make("b", {}, shown.title),
    make("span", { class: "trail" }, shown.trail), make("br"), excerpt(shown));
  if (id) link.dataset.kind = shown.kind;
  return id ? link : make("li", { "data-kind": shown.kind }, link);
}

// How many match says little where all that share a word do: the best come first, more where they are asked for.
const told = ({ total, shown, hits, changed, some }, query) =>
  (shown.length ? `${total > hits.length ? `The best ${shown.length}` : `${shown.length} found`}, best first` : `Nothing found for “${query}”`)
  + (some && total ? "; none has all of the words" : "") + (changed ? `; searching for “${changed}”` : "");
const BEST = 10, MORE = 20;
const silent = "The search index did not load: the connection may be gone.";

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
  const more = make("button", { class: "button", type: "button", hidden: true, onclick: () => show(limit + MORE) }, "Show more");
  list.after(more);
  let limit = BEST;
  const show = latest(async (wanted = BEST) => {
    limit = wanted;
    const query = input.value.trim();
    history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
    if (!query) return () => { list.replaceChildren(); status.textContent = ""; more.hidden = true; };
    if (!known) status.textContent = "Searching …";
    try {
      await start(root);
      const found = await find(query, limit);
      return () => {
        list.replaceChildren(...found.shown.map((hit) => item(hit, root)));
        status.textContent = told(found, query);
        more.hidden = found.total <= found.hits.length;
      };
    } catch {
      return () => status.replaceChildren(silent, " ", make("button", { class: "button", type: "button", onclick: () => show(limit) }, "Try again"));
    }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  input.addEventListener("input", () => show());
  input.value ||= new URLSearchParams(location.search).get("q") ?? ""; // what was typed early stays
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
    const note = (text) => { list.replaceChildren(make("div", { class: "note", role: "presentation" }, text)); open(document.activeElement === input); };
    if (!known) note("Searching …");
    try {
      await start(root);
      const found = await find(query, 7);
      return () => {
        status.textContent = told(found, query);
        list.replaceChildren(...found.shown.map((hit, order) => item(hit, root, `${list.id}-${order}`)));
        if (!found.shown.length || found.changed || found.some) list.prepend(make("div", { class: "note", role: "presentation" }, told(found, query)));
        choose(-1);
        open(document.activeElement === input);
      };
    } catch {
      return () => note(`${silent} Type again to try again.`);
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
