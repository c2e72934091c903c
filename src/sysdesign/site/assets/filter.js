// A list filtered as one types: by what its lines show and the words beside them, in any order, by stems as search has them.
import { make } from "./element.js";

const all = (selector, from) => [...from.querySelectorAll(selector)];

export function attach(form, root, loaded, alone) {
  const list = document.getElementById(form.dataset.filter);
  const rows = all("tbody tr, :scope > div, li", list);
  const texts = rows.map((row) => `${row.textContent} ${row.dataset.words ?? ""}`.toLowerCase());
  const fields = [...form.elements].filter((each) => each.name);
  const key = (field) => (alone ? field.name : `${form.dataset.filter.replace("-list", "")}-${field.name}`);
  const elsewhere = make("a", { class: "elsewhere", hidden: true });
  form.append(elsewhere);

  let search = null, learning = false; // until it is loaded, words are sought as typed
  const known = new Map();
  const stemmed = (at) => { if (!known.has(at)) known.set(at, new Set(search.stems(texts[at]))); return known.get(at); };
  const has = (at, { word, roots }) => texts[at].includes(word) || (roots.length > 0 && roots.every((each) => stemmed(at).has(each)));

  // Rows that hold the most of the words.
  const nearest = (words, fits) => {
    const counts = rows.map((row, at) => (fits[at] ? words.filter(({ roots }) => roots.length && roots.every((each) => stemmed(at).has(each))).length : 0));
    const most = Math.max(...counts);
    return counts.map((count) => most > 0 && count === most);
  };

  const show = () => {
    const { words: typed, ...chosen } = Object.fromEntries(new FormData(form));
    const typedWords = typed.toLowerCase().split(/\s+/).filter(Boolean), telling = typedWords.filter((word) => !search?.saysNothing(word));
    const words = (telling.length ? telling : typedWords).map((word) => ({ word, roots: search?.stems(word) ?? [] }));
    const fits = rows.map((row) => Object.entries(chosen).every(([name, value]) => !value || row.dataset[name] === value));
    const whole = rows.map((row, at) => fits[at] && words.every((word) => has(at, word)));
    const some = search && words.length > 1 && !whole.includes(true) ? nearest(words, fits) : null; // as search: all words need not meet
    rows.forEach((row, at) => { row.hidden = !(some ? some[at] : whole[at]); });
    for (const group of all("[data-group]", list)) showGroup(group, words.length > 0);
    const waits = learning && !whole.includes(true) ? " so far" : ""; // other forms of the words are still to come
    form.querySelector("output").value = `${rows.filter((row) => !row.hidden).length} of ${rows.length}${some?.includes(true) ? "; none has all of the words" : ""}${waits}`;
    elsewhere.hidden = !words.length;
    elsewhere.textContent = `Search the whole reference for “${typed.trim()}”`;
    elsewhere.href = new URL(`search/?q=${encodeURIComponent(typed.trim())}`, root).href;
  };

  // The address holds what was typed and chosen, so that the way back finds it.
  const keep = () => {
    const address = new URL(location.href);
    for (const field of fields) {
      if (field.value.trim()) address.searchParams.set(key(field), field.value); else address.searchParams.delete(key(field));
    }
    history.replaceState(history.state, "", address);
  };

  const learn = async () => {
    const found = await loaded();
    await found.start(root);
    search = found;
  };
  const start = () => {
    learning = true;
    learn().catch(() => {}).finally(() => { learning = false; show(); });
  };
  form.addEventListener("focusin", start, { once: true });
  form.addEventListener("input", () => { show(); keep(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("pageshow", show); // a browser may have filled a field in by itself
  const asked = new URLSearchParams(location.search);
  for (const field of fields) field.value ||= asked.get(key(field)) ?? ""; // what was typed early stays
  if (fields.some((field) => field.value) || form.contains(document.activeElement)) start();
  show();
}

// A group shows how many of its lines are left, and opens where words found some.
function showGroup(group, filtered) {
  const lines = all("li", group), left = lines.filter((line) => !line.hidden).length;
  group.hidden = !left;
  if (!group.matches("details")) return;
  group.open = filtered && left > 0;
  group.querySelector("summary small").textContent = left < lines.length ? `${left} of ${lines.length}` : lines.length;
}
