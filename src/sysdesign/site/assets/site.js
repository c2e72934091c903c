// What every page can do beyond reading: theme, evidence in place, enlarged figures, keys. Search and panels load at first use.
import { make } from "./element.js";

const root = new URL(document.body.dataset.root, location.href);
const load = (name) => import(new URL(name + new URL(import.meta.url).search, import.meta.url));
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
function themeButton() {
  const button = document.querySelector("[data-theme-button]");
  const order = ["", "light", "dark"];
  const show = () => {
    const name = document.documentElement.dataset.theme || "auto";
    button.replaceChildren({ auto: "◐", light: "○", dark: "●" }[name], make("span", {}, ` ${name}`));
    button.setAttribute("aria-label", `Theme: ${name}. Change`);
  };
  button.addEventListener("click", () => {
    const html = document.documentElement;
    const next = order[(order.indexOf(html.dataset.theme || "") + 1) % 3];
    if (next) html.dataset.theme = next; else delete html.dataset.theme;
    try { next ? localStorage.setItem("theme", next) : localStorage.removeItem("theme"); } catch { /* not kept */ }
    show();
  });
  show();
}

// One card for evidence, terms and links to documents. It stands right behind its handle, so that Tab reaches its links.
const card = make("div", { class: "note-card", popover: "manual", role: "note" });
let holder = null;
let pinned = false;
let timer = 0;

function cardContent(handle) {
  if (handle.matches(".doc")) return [make("b", {}, handle.dataset.title), make("p", {}, handle.dataset.text || "")];
  const note = document.getElementById(decodeURIComponent(handle.hash.slice(1)));
  return note ? [...note.cloneNode(true).childNodes] : null;
}

function openCard(handle, pin = false) {
  clearTimeout(timer);
  pinned = pin;
  if (holder === handle) return;
  const content = cardContent(handle);
  if (!content) return;
  closeCard();
  holder = handle;
  card.replaceChildren(...content);
  handle.after(card);
  handle.classList.add("open");
  card.showPopover();
  placeCard();
}

function placeCard() {
  const at = holder.getClientRects()[0];
  if (!at || at.bottom < 0 || at.top > innerHeight) { closeCard(); return; }
  const size = card.getBoundingClientRect();
  const below = at.bottom + 8 + size.height < innerHeight || at.top < size.height + 8;
  card.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  card.style.top = `${below ? at.bottom + 6 : at.top - size.height - 6}px`;
}

function closeCard() {
  clearTimeout(timer);
  if (!holder) return;
  holder.classList.remove("open");
  holder = null;
  pinned = false;
  card.hidePopover();
  card.remove();
}

function cards() {
  const handles = ".ev, .term, a.doc[data-title]";
  const later = (action, wait) => { clearTimeout(timer); timer = setTimeout(action, wait); };
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const handle = event.target.closest?.(handles);
    if (handle) later(() => openCard(handle), 140);
    else if (event.target.closest?.(".note-card")) clearTimeout(timer);
    else if (holder && !pinned) later(closeCard, 220);
  });
  document.addEventListener("focusin", (event) => {
    const handle = event.target.closest(handles);
    if (handle && handle.matches(":focus-visible")) openCard(handle);
    else if (!handle && holder && !event.target.closest(".note-card")) closeCard();
  });
  document.addEventListener("click", (event) => {
    const handle = event.target.closest(".ev, .term");
    if (!handle) { if (holder && !event.target.closest(".note-card")) closeCard(); return; }
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (holder === handle && pinned) closeCard(); else openCard(handle, true);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !holder) return;
    const handle = holder;
    if (card.contains(document.activeElement)) handle.focus();
    closeCard();
  });
  addEventListener("scroll", () => { if (holder) placeCard(); }, { passive: true, capture: true });
}

const LARGER = 1.3; // than it was in the text, at the least

function enlarge(figure) {
  const drawing = figure.querySelector(".live-chart:not([hidden]) svg") ?? figure.querySelector(".canvas > .drawing");
  if (!drawing) return;
  const home = drawing.parentElement;
  home.style.minHeight = `${home.offsetHeight}px`;
  const { width, height } = drawing.viewBox.baseVal;
  const before = drawing.getBoundingClientRect().width / width;
  const room = make("div", { class: "room", tabindex: "0" }, drawing);
  const text = figure.querySelector(".description p")?.textContent;
  const words = make("div", { class: "words", hidden: true, tabindex: "0" }, text || "");
  let scale = 1;
  const size = (factor) => {
    scale = Math.min(8, Math.max(0.2, factor));
    drawing.style.width = `${width * scale}px`;
    drawing.style.height = `${height * scale}px`;
  };
  const fit = () => size(Math.min((room.clientWidth - 32) / width, (room.clientHeight - 32) / height));
  const toggle = () => { words.hidden = !words.hidden; fit(); };
  const button = (label, name, act) => make("button", { class: "button", type: "button", "aria-label": name, onclick: act }, label);
  const dialog = make("dialog", { class: "zoomed", "aria-label": "Figure, enlarged" },
    make("header", {}, make("p", {}, figure.querySelector("figcaption").textContent),
      text ? button("Description", "Description", toggle) : null,
      button("−", "Smaller", () => size(scale / 1.25)), button("+", "Larger", () => size(scale * 1.25)),
      button("Fit", "Fit to the window", fit), button("Close", "Close", () => dialog.close())),
    room, words);
  dialog.addEventListener("keydown", (event) => {
    const act = { "+": () => size(scale * 1.25), "=": () => size(scale * 1.25), "-": () => size(scale / 1.25), 0: fit, d: toggle }[event.key];
    if (act) { act(); event.preventDefault(); event.stopPropagation(); }
  });
  dialog.addEventListener("close", () => {
    drawing.style.width = drawing.style.height = home.style.minHeight = "";
    home.append(drawing);
    dialog.remove();
    figure.querySelector(".enlarge")?.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  fit();
  if (scale < LARGER * before) size(LARGER * before); // on a phone the window alone gives no more room: it scrolls
  room.focus();
}

// What scrolls sideways must be reachable by keyboard; what does not should not cost a key.
function reachable() {
  for (const canvas of all(".canvas")) canvas.toggleAttribute("tabindex", false);
  for (const canvas of all(".canvas").filter((each) => each.scrollWidth > each.clientWidth)) canvas.tabIndex = 0;
}

function figures() {
  reachable();
  addEventListener("resize", reachable);
  for (const figure of all(".figure")) {
    figure.querySelector(".enlarge")?.addEventListener("click", () => enlarge(figure));
    if (figure.classList.contains("chart")) values(figure);
    if (!figure.dataset.model) continue;
    const open = () => load("./panel.js").then((panel) => panel.open(figure, root));
    figure.addEventListener("click", (event) => {
      if (!event.target.closest(".use")) return;
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      open();
    });
    if (figure.dataset.page === "model" || new URLSearchParams(location.search).get("panel") === figure.id) open();
  }
}

// Values on hover and tap; and with its data, a chart to take along.
function values(figure) {
  const canvas = figure.querySelector(".canvas");
  const act = (name, event) => load("./values.js").then((values) => values[name](figure, event));
  for (const name of ["pointermove", "click"]) canvas.addEventListener(name, (event) => { if (name === "click" || event.pointerType !== "touch") act("show", event); });
  canvas.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") act("hide"); });
  figure.querySelector(".data")?.addEventListener("toggle", () => act("offer"));
}

const nearestFigure = () => document.activeElement?.closest?.(".figure") ?? all(".figure")
  .map((figure) => [figure, figure.getBoundingClientRect()])
  .filter(([, box]) => box.bottom > 80 && box.top < innerHeight - 40)
  .sort(([, a], [, b]) => Math.abs(a.top + a.bottom - innerHeight) - Math.abs(b.top + b.bottom - innerHeight))[0]?.[0];

const KEYS = [
  ["/", "search"], ["Ctrl K", "search, from within a field too"], ["?", "this list"], ["d", "description of the figure in sight"], ["z", "enlarge the figure in sight"],
  ["t", "theme: automatic, light, dark"], ["Esc", "close"],
];

function keyList() {
  const dialog = make("dialog", { class: "keys", "aria-labelledby": "keys-title" },
    make("h2", { id: "keys-title" }, "Keys"),
    make("dl", {}, ...KEYS.flatMap(([key, meaning]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, meaning)])),
    make("p", {}, make("button", { class: "button", type: "button", autofocus: true, onclick: () => dialog.close() }, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function toSearch() {
  const box = all(".search input").find((input) => input.offsetParent);
  if (box) { box.focus(); box.select(); } else document.querySelector(".search-link")?.click();
}

function keys() {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") { event.preventDefault(); toSearch(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const description = () => nearestFigure()?.querySelector(".description");
    const acts = {
      "/": toSearch,
      "?": keyList,
      d: () => { const found = description(); if (found) found.open = !found.open; },
      z: () => { const found = nearestFigure(); if (found) enlarge(found); },
      t: () => document.querySelector("[data-theme-button]").click(),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  });
}

function permalinks() {
  for (const link of all(".permalink")) link.addEventListener("click", () => {
    navigator.clipboard?.writeText(link.href).then(() => {
      link.classList.add("copied");
      setTimeout(() => link.classList.remove("copied"), 1500);
    }, () => {});
  });
}

function outline() {
  const links = all(".outline a");
  if (!links.length) return;
  const marks = links.map((link) => [document.getElementById(decodeURIComponent(link.hash.slice(1))), link]);
  let waiting = false;
  const mark = () => {
    waiting = false;
    let current = null;
    for (const [heading, link] of marks) if (heading && heading.getBoundingClientRect().top < innerHeight * 0.3) current = link;
    for (const link of links) {
      if (link === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const pane = document.querySelector(".outline");
    if (current && pane.scrollHeight > pane.clientHeight) {
      const top = current.offsetTop - pane.clientHeight / 2;
      if (Math.abs(pane.scrollTop - top) > pane.clientHeight / 3) pane.scrollTop = top;
    }
  };
  addEventListener("scroll", () => { if (!waiting) { waiting = true; requestAnimationFrame(mark); } }, { passive: true });
  for (const link of links) link.addEventListener("click", () => { const pane = link.closest("[popover]"); if (pane.matches(":popover-open")) pane.hidePopover(); });
  mark();
}

function map() {
  const drawing = document.querySelector(".map-drawing");
  if (!drawing) return;
  const arrows = all(".arrows path", drawing);
  const light = (slug) => {
    const wanted = new Set();
    const walk = (name) => arrows.forEach((arrow) => { if (arrow.dataset.after === name && !wanted.has(arrow)) { wanted.add(arrow); walk(arrow.dataset.before); } });
    if (slug) { walk(slug); arrows.forEach((arrow) => arrow.dataset.before === slug && wanted.add(arrow)); }
    arrows.forEach((arrow) => arrow.classList.toggle("lit", wanted.has(arrow)));
    drawing.classList.toggle("lighting", wanted.size > 0);
  };
  for (const box of all("[data-slug]", drawing)) {
    for (const name of ["pointerenter", "focus"]) box.addEventListener(name, () => light(box.dataset.slug));
    for (const name of ["pointerleave", "blur"]) box.addEventListener(name, () => light(null));
  }
}

function filters() {
  const forms = all("form[data-filter]");
  if (!forms.length) return;
  load("./filter.js").then((filter) => { for (const form of forms) filter.attach(form, root, () => load("./search.js"), forms.length === 1); });
}

function searchBoxes() {
  for (const form of all("form.search")) {
    const start = () => load("./search.js").then((search) => search.attach(form, root));
    const status = form.classList.contains("page") && document.querySelector("[data-search-status]");
    if (status && location.search) status.textContent = "Searching …";
    if (status || form.contains(document.activeElement)) start();
    else form.addEventListener("focusin", start, { once: true });
  }
}

function decision() {
  const place = document.querySelector("[data-decision]");
  if (!place) return;
  const button = place.querySelector("[data-open]"), label = button.textContent;
  const open = async () => {
    button.textContent = "Opening …";
    await load("./decide.js").then((decide) => decide.open(place, root)).catch(() => {});
    button.textContent = label;
  };
  button.addEventListener("click", open);
  if (location.search) open();
}

// While the reference is being edited the service offers a stream of changes, and says so in the page's own response.
function refresh() {
  const told = performance.getEntriesByType("navigation")[0]?.serverTiming?.find((entry) => entry.name === "changes");
  if (!told) return;
  const stream = new EventSource(new URL(`api/changes?after=${encodeURIComponent(told.description)}`, root));
  let entered = false; // what a reader entered or opened, a reload would lose
  const enter = (event) => { entered ||= event.type !== "click" || Boolean(event.target.closest("main :is(button, .use)")); };
  for (const name of ["input", "change", "click"]) document.addEventListener(name, enter, { capture: true });
  stream.addEventListener("change", () => {
    if (!entered) location.reload();
    else if (!document.querySelector(".changed")) document.body.append(make("p", { class: "changed", role: "status" },
      "The content changed. What you entered is kept until you reload. ", make("button", { class: "button", type: "button", onclick: () => location.reload() }, "Reload")));
  });
}

refresh(); themeButton(); cards(); figures(); keys(); permalinks(); outline(); map(); filters(); searchBoxes(); decision();
if (document.querySelector("[data-workload]")) load("./workload.js").then((workload) => workload.tell(document.querySelector("[data-workload]")));
for (const [selector, act] of [["[data-reading]", "follow"], [".paths", "tell"]]) {
  const place = document.querySelector(selector);
  if (place) load("./progress.js").then((progress) => progress[act](place));
}
if (document.querySelector("[data-explorer]")) load("./explorer.js").then((explorer) => explorer.open(document.querySelector("[data-explorer]"), root));
