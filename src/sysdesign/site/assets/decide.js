// A decision panel: few inputs first, every input may be unknown, the answer in words with its distances.
import { copy, make, post } from "./element.js";

const FIRST = 5;

export async function open(place, root) {
  const button = place.querySelector("[data-open]");
  const start = async () => {
    button.disabled = true;
    try {
      const answer = await fetch(new URL(`api/decisions/${place.dataset.decision}`, root));
      if (!answer.ok) throw new Error("no service");
      new Decision(place, root, await answer.json()).start();
      button.parentElement.hidden = true;
    } catch {
      button.disabled = false;
      place.querySelector(".panel-message")?.remove();
      place.append(make("p", { class: "panel-message", role: "status" },
        "These pages are served without the program that decides. To answer here, run ", make("code", {}, "sysdesign serve"),
        " and open its address; or run ", make("code", {}, `sysdesign decide ${place.dataset.decision} --workload FILE`)));
    }
  };
  button.addEventListener("click", start);
  if (location.search) start();
}

class Decision {
  constructor(place, root, form) {
    Object.assign(this, { place, root, name: place.dataset.decision, inputs: form.inputs, labels: form.decision.options });
    this.meaning = Object.fromEntries(form.inputs.map((input) => [input.name, input.meaning]));
    this.hrefs = Object.fromEntries([...document.querySelectorAll("[data-option][data-href]")].map((item) => [item.dataset.option, item.dataset.href]));
  }

  start() {
    const query = new URLSearchParams(location.search);
    const rows = this.inputs.map((input) => this.row(input, query.get(input.name) ?? ""));
    const rest = rows.slice(FIRST);
    const buttons = [["Copy link", (b) => copy(b, location.href)], ["Copy as command", (b) => copy(b, this.command())],
      ["Download the record", () => this.download()], ["All unknown again", () => this.clear()]];
    this.form = make("form", { class: "panel", "aria-label": "Your workload" },
      make("p", { class: "small" }, "What you know of your workload, most influential first. Leave the rest unknown."),
      make("div", { class: "panel-inputs" }, ...rows.slice(0, FIRST)),
      rest.length ? make("details", { open: this.inputs.slice(FIRST).some((input) => query.has(input.name)) }, make("summary", {}, `${rest.length} more`), make("div", { class: "panel-inputs" }, ...rest)) : null,
      make("div", { class: "panel-tools" }, ...buttons.map(([label, act]) => make("button", { type: "button", onclick: (event) => act(event.target) }, label))));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.change());
    this.answer = make("div", { class: "answer", "aria-live": "polite" });
    this.place.append(make("div", { class: "decision-room" }, this.form, this.answer));
    this.run();
  }

  row(input, given) {
    const id = `in.${input.name}`;
    const unit = ["share", "count", "factor"].includes(input.unit) ? "" : (input.unit ?? "").replace(/^1\//, "/");
    const usual = input.unknown;
    const field = input.kind === "word"
      ? make("select", { class: "field words", id }, make("option", { value: "" }, "I do not know"),
        ...Object.entries(input.words).map(([word, meaning]) => make("option", { value: word, selected: word === given }, meaning === word ? word : `${word.replaceAll("_", " ")}: ${meaning}`)))
      : make("input", { class: "field words", id, type: "text", value: given, autocomplete: "off", spellcheck: "false", placeholder: `unknown: usually ${usual.low} to ${usual.high}`, "aria-describedby": `why.${input.name}` });
    const unknown = make("input", { type: "checkbox", checked: !given });
    const parts = input.kind === "word" ? [field] : [field, unit ? make("span", { class: "unit" }, unit) : null, make("label", { class: "unknown" }, unknown, " I do not know")];
    field.addEventListener("input", () => { unknown.checked = !field.value.trim(); });
    unknown.addEventListener("input", (event) => {
      if (!unknown.checked) { event.stopPropagation(); field.focus(); return; }
      field.value = "";
    });
    return make("div", { class: "panel-input", "data-name": input.name, "data-kind": input.kind },
      make("label", { for: id }, input.meaning), make("div", { class: "row" }, ...parts),
      make("p", { class: "reason", id: `why.${input.name}`, role: "alert", hidden: true }));
  }

  rows() { return [...this.form.querySelectorAll(".panel-input")]; }

  known() {
    return this.rows().map((row) => [row.dataset.name, row.querySelector(".field").value.trim(), row.dataset.kind]).filter(([, text]) => text);
  }

  workload() {
    const found = {};
    for (const [name, text, kind] of this.known()) {
      const [group, field] = name.split(".");
      const plain = Number(text.replaceAll(",", ""));
      const ends = text.split(/\s+to\s+/);
      (found[group] ??= {})[field] = kind === "word" ? text : Number.isFinite(plain) ? plain : ends.length === 2 ? { low: ends[0], high: ends[1] } : text;
    }
    return found;
  }

  command() {
    const words = this.known().map(([name, text]) => `--set ${/^[\w.+-]+$/.test(text) ? `${name}=${text}` : `'${name}=${text}'`}`);
    return ["sysdesign decide", this.name, ...words].join(" ");
  }

  clear() {
    for (const row of this.rows()) {
      row.querySelector(".field").value = "";
      const unknown = row.querySelector("[type=checkbox]");
      if (unknown) unknown.checked = true;
    }
    this.change();
  }

  change() {
    const query = new URLSearchParams(this.known().map(([name, text]) => [name, text]));
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    this.run();
  }

  async run() {
    this.again = Boolean(this.running);
    if (this.running) return;
    this.running = true;
    try {
      this.show(await post(new URL(`api/decisions/${this.name}/decide`, this.root), { workload: this.workload() }));
    } catch {
      this.answer.replaceChildren(make("p", { class: "panel-message" }, "The service does not answer."));
    }
    this.running = false;
    if (this.again) this.run();
  }

  show({ ok, value }) {
    for (const row of this.rows()) this.reason(row, "");
    this.answer.classList.toggle("stale", !ok);
    if (!ok) {
      const row = this.rows().find((each) => each.dataset.name === value.error.input || value.error.message.includes(each.dataset.name));
      if (row) this.reason(row, value.error.message); else this.answer.replaceChildren(make("p", { class: "panel-message" }, value.error.message));
      return;
    }
    this.record = value.record;
    this.answer.replaceChildren(...this.words(value));
  }

  reason(row, text) {
    const place = row.querySelector(".reason");
    place.textContent = text;
    place.hidden = !text;
    const field = row.querySelector(".field");
    if (text) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  }

  // The service's own prose, with names of inputs said in words and the sections to read as links.
  words(value) {
    const blocks = value.prose.trim().split("\n\n").slice(1).filter((block) => !block.startsWith("Read: "));
    const label = value.first ? this.labels[value.first] : null;
    const shown = blocks.map((block, at) => {
      const lines = block.split("\n");
      if (at === 0 && label) return make("p", { class: "choice" }, make("b", {}, label), this.said(block.replace(/^Choose: .*?\.(?= It is|$)/, "").replace(/^Choose: .*/, "")));
      if (lines.length > 1 && lines[1].startsWith("- ")) return make("div", {}, make("h3", {}, lines[0].replace(/:$/, "")), make("ul", {}, ...lines.slice(1).map((line) => make("li", {}, this.said(line.slice(2))))));
      return make("p", {}, this.said(block));
    });
    if (value.first && this.hrefs[value.first]) shown.push(make("p", {}, "Read: ", make("a", { href: this.hrefs[value.first] }, label)));
    return shown;
  }

  said(text) {
    return text.replace(/\b([a-z]+\.[a-z_0-9]+)( \(([^)]*)\))?/g, (whole, name, _, meaning) => (this.meaning[name] ? `“${meaning && meaning === this.meaning[name] ? meaning : this.meaning[name]}”` : whole));
  }

  download() {
    if (!this.record) return;
    const address = URL.createObjectURL(new Blob([this.record], { type: "text/markdown" }));
    make("a", { href: address, download: `${this.name}.md` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
