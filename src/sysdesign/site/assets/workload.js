// One workload for every decision and for the models that share its fields, kept on the reader's machine alone.
import { make } from "./element.js";

const KEY = "workload";
const LINE = /^([a-z_]+\.[a-z_]+):\s*(.*?)\s*$/;
const UNITS = ["share", "count", "factor", ""];

export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return Object.fromEntries(Object.entries(found ?? {}).filter(([name, text]) => /^[a-z_]+\.[a-z_]+$/.test(name) && typeof text === "string" && text));
  } catch { return {}; }
}

export function keep(changes) {
  const all = { ...kept(), ...changes };
  for (const [name, text] of Object.entries(all)) if (!text) delete all[name];
  try { localStorage.setItem(KEY, JSON.stringify(all)); } catch { /* not kept */ }
}

export function forget() { try { localStorage.removeItem(KEY); } catch { /* nothing is kept */ } }

// What a page without its field's unit needs to read it: "150" in a field of milliseconds is "150 ms".
export const withUnit = (text, unit) => (/^[\d.,]+(e[-+]?\d+)?[kM]?$/.test(text) && !UNITS.includes(unit ?? "") ? `${text}${unit.startsWith("1/") ? unit.slice(1) : ` ${unit}`}` : text);

// The file that `--workload FILE` reads.
export const written = (all) => `name: My workload\n${Object.entries(all).sort().map(([name, text]) => `${name}: ${/^[\w.][\w ./%,+-]*$/.test(text) ? text : JSON.stringify(text)}`).join("\n")}\n`;

export function read(text) {
  const found = {};
  for (const line of text.split("\n")) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (!name || !value || value === "unknown") continue;
    found[name] = /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value.replace(/\s+#.*$/, "");
  }
  return found;
}

// A line that says how much is kept, with what can be done about it; `changed` hears when something was.
export function bar(changed) {
  const says = make("span");
  const status = make("span", { role: "status" });
  const chooser = make("input", { class: "visually-hidden", type: "file", accept: ".yaml,.yml,.txt", onchange: async () => {
    const found = read(await chooser.files[0].text()), count = Object.keys(found).length;
    chooser.value = "";
    if (count) { forget(); keep(found); changed(); }
    show();
    status.textContent = count ? "" : "No line of that file gives a field, as in traffic.reads_per_s: 40/s.";
  } });
  const button = (label, act) => make("button", { class: "button", type: "button", onclick: act }, label);
  const save = button("Save as a file", () => {
    const address = URL.createObjectURL(new Blob([written(kept())], { type: "text/yaml" }));
    make("a", { href: address, download: "workload.yaml" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  const drop = button("Forget it", () => { forget(); changed(); show(); });
  const show = () => {
    const count = Object.keys(kept()).length;
    says.textContent = count ? `Your workload: ${count} ${count === 1 ? "fact" : "facts"}, kept on this machine for every decision and the models that share them. ` : "What you enter is kept on this machine alone, for every decision and the models that share it. ";
    save.hidden = drop.hidden = !count;
    status.textContent = "";
  };
  show();
  const line = make("div", { class: "workload-bar small" }, says, save, make("label", { class: "button" }, "Load a file", chooser), drop, status);
  line.show = show;
  return line;
}

// On the page of all fields: what is kept, by name.
export function tell(place) {
  const list = make("ul", { class: "kept" });
  const show = () => list.replaceChildren(...Object.entries(kept()).sort().map(([name, text]) => make("li", {}, make("a", { href: `#${name}` }, document.getElementById(name)?.cells[0].textContent ?? name), `: ${text}`)));
  place.append(bar(show), list);
  show();
}
