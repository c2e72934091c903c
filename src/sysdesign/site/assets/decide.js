// A decision panel: few inputs first, every input may be unknown, the answer in words with its outcomes as a table.
import { ask, copy, make, post, unanswered } from "./element.js";
import * as own from "./workload.js";

const FIRST = 5;

export async function open(place, root) {
  const button = place.querySelector("[data-open]");
  if (button.disabled) return;
  const message = place.querySelector(".panel-message") ?? place.appendChild(make("p", { class: "panel-message", role: "status" }));
  const tell = (...parts) => { message.replaceChildren(...parts); message.hidden = !parts.length; };
  button.disabled = true;
  tell();
  try {
    const { ok, value } = await ask(new URL(`api/decisions/${place.dataset.decision}`, root), {}, tell);
    tell();
    if (!ok) tell(value.error.message);
    else { new Decision(place, root, value).start(); button.parentElement.hidden = true; }
  } catch (error) {
    tell(...unanswered(error, "decides", `sysdesign decide ${place.dataset.decision} --workload FILE`, () => open(place, root)));
  }
  button.disabled = false;
}

class Decision {
  constructor(place, root, form) {
    Object.assign(this, { place, root, name: place.dataset.decision, inputs: form.inputs, labels: form.decision.options });
    this.known_decisions = new Set((place.dataset.known ?? "").split(" "));
    this.hrefs = Object.fromEntries([...document.querySelectorAll("[data-option][data-href]")].map((item) => [item.dataset.option, item.dataset.href]));
  }

  start() {
    const query = new URLSearchParams(location.search);
    // A link says its own workload; without one, the reader's fills what this decision reads.
    if (!this.inputs.some(({ name }) => query.has(name))) {
      const kept = own.kept();
      for (const { name, kind, words } of this.inputs) if (kept[name] && (kind !== "word" || Object.hasOwn(words, kept[name]))) query.set(name, kept[name]);
      if (query.size) history.replaceState(null, "", `?${query}`); // the link to copy says what is filled in
    }
    const given = (input, at) => at < FIRST || query.has(input.name);
    const row = (input) => this.row(input, query.get(input.name) ?? "");
    const first = this.inputs.filter(given).map(row);
    const rest = this.inputs.filter((input, at) => !given(input, at)).map(row);
    const buttons = [["Copy link", (b) => copy(b, location.href)], ["Copy as command", (b) => copy(b, this.command())],
      ["Download the record", () => this.download()], ["All unknown again", () => this.clear()]];
    this.form = make("form", { class: "panel", "aria-label": "Your workload" },
      make("p", { class: "small" }, "What you know of your workload, most influential first. Leave the rest unknown. A number may be a range: 200 to 400, or 5-10 ms."),
      make("div", { class: "panel-inputs" }, ...first),
      rest.length ? make("details", {}, make("summary", {}, `${rest.length} more`), make("div", { class: "panel-inputs" }, ...rest)) : null,
      this.bar = own.bar(() => { location.href = location.pathname + "?"; }),
      make("div", { class: "panel-tools" }, ...buttons.map(([label, act]) => make("button", { type: "button", onclick: (event) => act(event.target) }, label))));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => this.change());
    this.answer = make("div", { class: "answer", id: "answer", tabindex: "-1", "aria-live": "polite" }, make("p", { class: "small" }, "Working …"));
    this.short = make("a", { class: "answer-short", href: "#answer", hidden: true }); // in reach where the answer is not in sight
    this.place.append(make("div", { class: "decision-room" }, make("div", {}, this.form, this.short), this.answer));
    this.run();
  }

  row(input, given) {
    const id = `in.${input.name}`;
    const unit = ["share", "count", "factor"].includes(input.unit) ? "" : (input.unit ?? "").replace(/^1\//, "/");
    const field = input.kind === "word"
      ? make("select", { class: "field words", id }, make("option", { value: "" }, "I do not know"),
        ...Object.entries(input.words).map(([word, meaning]) => make("option", { value: word, selected: word === given }, meaning === word ? word : `${word.replaceAll("_", " ")}: ${meaning}`)))
      : make("input", { class: "field words", id, type: "text", value: given, autocomplete: "off", spellcheck: "false", placeholder: "unknown", "aria-describedby": `help.${input.name} why.${input.name}` });
    const unknown = make("input", { type: "checkbox", checked: !given });
    const parts = input.kind === "word" ? [field] : [field, unit ? make("span", { class: "unit" }, unit) : null, make("label", { class: "unknown" }, unknown, " I do not know")];
    field.addEventListener("input", () => { unknown.checked = !field.value.trim(); });
    unknown.addEventListener("input", (event) => {
      if (!unknown.checked) { event.stopPropagation(); field.focus(); return; }
      field.value = "";
    });
    return make("div", { class: "panel-input", "data-name": input.name, "data-kind": input.kind },
      make("label", { for: id }, input.label), make("p", { class: "help", id: `help.${input.name}` }, input.usual ? `${input.meaning}. Usually ${input.usual}.` : input.meaning), make("div", { class: "row" }, ...parts),
      make("p", { class: "reason", id: `why.${input.name}`, role: "alert", hidden: true }));
  }

  rows() { return [...this.form.querySelectorAll(".panel-input")]; }

  known() {
    return this.rows().map((row) => [row.dataset.name, row.querySelector(".field").value.trim()]).filter(([, text]) => text);
  }

  workload() {
    const found = {};
    for (const [name, text] of this.known()) {
      const [group, field] = name.split(".");
      (found[group] ??= {})[field] = text;
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
    const units = Object.fromEntries(this.inputs.map(({ name, unit }) => [name, unit]));
    own.keep(Object.fromEntries(this.rows().map((row) => [row.dataset.name, own.withUnit(row.querySelector(".field").value.trim(), units[row.dataset.name])])));
    this.bar.show();
    const query = new URLSearchParams(this.known().map(([name, text]) => [name, text]));
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
    this.run();
  }

  async run() {
    this.again = Boolean(this.running);
    if (this.running) return;
    this.running = true;
    this.place.ariaBusy = "true";
    try {
      this.show(await post(new URL(`api/decisions/${this.name}/decide`, this.root), { workload: this.workload() }, (text) => this.tell(text)));
    } catch (error) {
      this.tell(...unanswered(error, "decides", this.command(), () => this.run()));
    }
    this.place.ariaBusy = null;
    this.running = false;
    if (this.again) this.run();
  }

  tell(...parts) {
    this.answer.querySelector(".panel-message")?.remove();
    if (parts.length) this.answer.prepend(make("p", { class: "panel-message" }, ...parts));
    this.short.replaceChildren(make("span", {}, "No answer yet: see why"), "↓");
    this.short.hidden = !parts.length && this.short.hidden;
  }

  show({ ok, value }) {
    this.tell();
    for (const row of this.rows()) this.reason(row, "");
    this.answer.classList.toggle("stale", !ok);
    if (!ok) {
      const row = this.rows().find((each) => each.dataset.name === value.error.input || value.error.message.includes(each.dataset.name));
      if (row) this.reason(row, value.error.message); else this.tell(value.error.message);
      return;
    }
    this.short.replaceChildren(make("span", {}, "Answer: ", make("b", {}, value.words.choice)), "↓");
    this.short.hidden = false;
    this.record = value.record;
    this.beside(value);
    this.answer.replaceChildren(...this.words(value));
  }

  // The page opens with an answer for nobody in particular; what is said of it must not stand against the one below.
  beside({ first, either }) {
    const plain = this.place.dataset.plain, given = this.known().length;
    const holds = either.length ? either.includes(plain) : first === plain;
    const whose = given ? "what you gave" : "what is usual";
    document.querySelector("[data-beside]").textContent = holds
      ? ` For ${whose} it ${either.length ? "is as good as another" : "holds"}: see below.`
      : ` For ${whose} something does: see the answer below.`;
  }

  reason(row, text) {
    const place = row.querySelector(".reason");
    place.textContent = text;
    place.hidden = !text;
    const field = row.querySelector(".field");
    if (text) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  }

  // The service's own words; sections to read and decisions to take next become links.
  words(value) {
    const said = value.words;
    const about = (remark) => (remark.about ? `${remark.about}: ${remark.text}` : remark.text);
    const becomes = (remark) => `${remark.about} → ${remark.text}`;
    const bullets = (lines) => (lines.length ? make("ul", {}, ...lines.map((line) => make("li", {}, line))) : null);
    const list = (title, lines) => (lines.length ? make("div", {}, make("h2", {}, title), bullets(lines)) : null);
    const chosen = value.either.length ? value.either : [value.first];
    const read = chosen.filter((option) => this.hrefs[option]).map((option) => make("a", { href: this.hrefs[option] }, this.labels[option]));
    return [
      make("p", { class: "choice" }, make("b", {}, said.choice), [said.sure, said.why].filter(Boolean).join(" ")),
      read.length ? make("p", {}, "Read: ", ...read.flatMap((link, at) => (at ? [", ", link] : [link]))) : null,
      this.table(said),
      list("Why not the others", said.others.map(about)),
      list("What would change it, nearest first", said.changes.map(becomes)),
      said.steady ? make("div", {}, make("h2", {}, "What would change it"), make("p", {}, said.steady)) : null,
      said.ask ? make("div", {}, make("h2", {}, value.either.length ? "What would settle it" : "What would help most to know"),
        make("p", {}, `${said.ask.about}. ${said.ask.text}`), bullets(said.leads.map(becomes))) : null,
      list("Take care", said.cautions.map(about)),
      list("To decide next", said.next.map((remark, at) => this.decision(remark, value.interactions[at].target))),
      list("Not considered here", said.not_considered.map(about)),
      list("Beyond what a model covers", said.notes),
      list("Examples of products", said.products.map(about)),
      make("details", { class: "rules" }, make("summary", {}, "How this answer is computed"), make("pre", { tabindex: "0" }, value.explanation)),
    ].filter(Boolean);
  }

  decision(remark, name) {
    const label = this.known_decisions.has(name) ? make("a", { href: `../${name}/` }, remark.about) : remark.about;
    return make("span", {}, label, `: ${remark.text}`);
  }

  // Options across, outcomes down; only what tells them apart. On a phone they stand under each other: roles say what they are.
  table(said) {
    if (!said.columns.length) return null;
    const goal = (row) => (row.goal && !row.stated ? `${row.goal} (usual)` : row.goal);
    const cell = (found, at) => make("td", { role: "cell", class: found?.missed ? "missed" : null, "data-option": said.columns[at] },
      make("span", { class: "value" }, found?.text ?? "–", found?.missed ? make("span", { class: "visually-hidden" }, " misses the goal") : null), found?.range ? make("small", {}, found.range) : null);
    const rows = said.rows.filter((row) => row.differs);
    return make("div", {}, make("div", { class: "frame outcomes", role: "region", tabindex: "0", "aria-label": "Outcomes of each option" },
      make("table", { role: "table" }, make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...["Outcome", ...said.columns].map((label) => make("th", { scope: "col", role: "columnheader" }, label)))),
        make("tbody", { role: "rowgroup" }, ...rows.map((row) => make("tr", { role: "row" }, make("th", { scope: "row", role: "rowheader" }, row.label, row.goal ? make("small", {}, goal(row)) : null), ...row.cells.map(cell)))))),
      make("p", { class: "small" }, "The middle of the likely cases, and below it where four in five of them lie. ", make("span", { class: "missed" }, "Marked"), ": misses the goal in most of them."));
  }

  download() {
    if (!this.record) return;
    const address = URL.createObjectURL(new Blob([this.record], { type: "text/markdown" }));
    make("a", { href: address, download: `${this.name}.md` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
