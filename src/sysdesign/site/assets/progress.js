// What has been read, kept on the reader's machine alone: the last place in each document, and what was marked as read.
import { make } from "./element.js";

const KEY = "reading";
const FEW = 3; // headings that a reader has come to before a page counts as begun, and not as looked up

function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch { return {}; }
}

function keep(name, changes) {
  const all = kept();
  all[name] = { ...all[name], ...changes, on: Date.now() };
  try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* not kept */ }
}

export function follow(main) {
  const name = main.dataset.reading;
  const headings = [...main.querySelectorAll(".prose :is(h2, h3)[id]")];
  const seen = new Set();
  let last = null, waiting = 0;
  const place = () => {
    waiting = 0;
    const heading = headings.findLast((each) => each.getBoundingClientRect().top < innerHeight * 0.3);
    if (!heading || heading === last) return;
    last = heading;
    seen.add(heading);
    if (seen.size >= FEW || kept()[name]?.at) keep(name, { at: heading.id, title: heading.firstChild.textContent.trim() });
  };
  const later = () => { waiting ||= setTimeout(place, 1000); };
  addEventListener("scroll", later, { passive: true });
  if (scrollY > 0) later();
  const buttons = [...document.querySelectorAll("[data-mark]")]; // in reach at any place, and at the end of what is read
  main.querySelector(".prose > .head:has(> #references)")?.before(main.querySelector(".prose + .mark"));
  const show = () => {
    const done = Boolean(kept()[name]?.done);
    for (const button of buttons) {
      button.setAttribute("aria-pressed", done);
      button.textContent = done ? "✓ Read" : "Mark as read";
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => { keep(name, { done: !kept()[name]?.done }); show(); });
    button.hidden = false;
  }
  show();
}

export function tell(section) {
  const line = section.querySelector(".so-far");
  const nothing = line.textContent;
  const show = () => {
    const all = kept();
    for (const item of section.querySelectorAll("[data-read]")) {
      const done = Boolean(all[item.dataset.read]?.done);
      item.classList.toggle("done", done);
      item.querySelector(".visually-hidden")?.remove();
      if (done) item.append(make("span", { class: "visually-hidden" }, " (read)"));
    }
    for (const path of section.querySelectorAll("details")) {
      const count = path.querySelectorAll(".done").length;
      path.querySelector(".count").textContent = count ? ` · ${count} read` : "";
    }
    const [name, last] = Object.entries(all).filter(([, each]) => each?.at && !each.done).sort(([, a], [, b]) => b.on - a.on)[0] ?? [];
    const link = name && section.querySelector(`[data-read="${CSS.escape(name)}"] a`);
    const begun = link ? ["Go on with ", make("a", { href: `${link.href}#${encodeURIComponent(last.at)}` }, `${link.textContent}, ${last.title}`), ". "] : [];
    if (!Object.keys(all).length) line.replaceChildren(nothing);
    else line.replaceChildren(...begun, make("button", { class: "button", type: "button", onclick: forget }, "Forget what I have read"));
  };
  const forget = () => { try { localStorage.removeItem(KEY); } catch { /* nothing is kept */ } show(); };
  show();
}
