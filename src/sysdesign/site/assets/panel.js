// A model panel: the static chart turned live. Each change runs the model on the local service; the latest wins.
import { copy, make, post, send, unanswered } from "./element.js";
import { kept } from "./workload.js";

const EARLIER = 4; // runs that stay in the chart
const PLAIN = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const SCALES = { "%": .01, k: 1e3, K: 1e3, M: 1e6, bn: 1e9 };

// What a text says as a number where that is certain; what else people write ("200 ms") the service reads.
function number(text) {
  const [, numeral, scale] = /^([\d.eE+-]+|\d{1,3}(?:,\d{3})+(?:\.\d+)?)\s*(%|k|K|M|bn)?$/.exec(String(text).trim()) ?? [];
  const plain = numeral?.replaceAll(",", "") ?? "";
  return PLAIN.test(plain) ? Number((Number(plain) * (SCALES[scale] ?? 1)).toPrecision(15)) : NaN;
}
// A field that stands as the page brought it; else somebody wrote in it before this script came.
const untouched = (field) => field.value === (field.options ? field.querySelector("[selected]") ?? field.options[0] : { value: field.defaultValue }).value;
const short = (value, digits = 3) => String(Number(value.toPrecision(digits)));
const amount = (bytes) => (bytes < 1e6 ? `${short(Math.max(bytes, 1) / 1e3)} kB` : `${short(bytes / 1e6)} MB`);
const quoted = (text) => (/^[\w.+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

// Inputs by one name for each set of them, however they are ordered or written.
const named = (inputs) => JSON.stringify(Object.entries(inputs).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : String(value)]).sort());

export async function open(figure, root) {
  if (figure.dataset.live) return;
  figure.dataset.live = "yes";
  const name = figure.dataset.model, use = figure.querySelector(".use");
  const onModelPage = figure.dataset.page === "model";
  const label = use?.textContent;
  if (use) use.textContent = "Opening …";
  const form = onModelPage ? document.querySelector("form.panel") : await borrowed(name, root).catch(() => null);
  if (!form) { delete figure.dataset.live; use?.replaceChildren("Did not open. Try again"); return; }
  if (!onModelPage) {
    figure.querySelector(".tools").before(form);
    if (use) { use.hidden = true; use.textContent = label; }
    form.querySelector(".panel-tools").append(make("button", { type: "button", "data-act": "close" }, "Close"), make("a", { class: "button", href: new URL(`models/${name}/`, root).href }, "Open the model’s page"));
  }
  new Panel(figure, form, root, onModelPage).start();
}

// In a document the form comes from the model's own page, so that it is written once.
async function borrowed(name, root) {
  const page = await (await fetch(new URL(`models/${name}/`, root))).text();
  return document.adoptNode(new DOMParser().parseFromString(page, "text/html").querySelector("form.panel"));
}

class Panel {
  constructor(figure, form, root, onModelPage) {
    Object.assign(this, { figure, form, root, onModelPage, name: figure.dataset.model });
    this.rows = [...form.querySelectorAll(".panel-input")];
    for (const row of this.rows) {
      Object.assign(row, {
        field: row.querySelector(".field"), slider: row.querySelector("input[type=range]"), chooser: row.querySelector("input[type=file]"),
        choices: [...row.querySelectorAll(".choice")].map((place) => ({ place, name: place.dataset.choice, label: place.querySelector("label").textContent, input: place.querySelector("input") })),
      });
    }
    this.solving = form.querySelector(".panel-solve");
    if (!onModelPage) this.separateIds();
  }

  separateIds() {
    for (const element of this.form.querySelectorAll("[id], [for], [aria-describedby]")) {
      for (const attribute of ["id", "for", "aria-describedby"]) {
        if (element.hasAttribute(attribute)) element.setAttribute(attribute, `${this.figure.id}.${element.getAttribute(attribute)}`);
      }
    }
  }

  start() {
    const query = new URLSearchParams(location.search);
    const mine = this.onModelPage || query.get("panel") === this.figure.id;
    this.drawn = JSON.parse(this.figure.dataset.inputs || "{}");
    const asked = mine ? Object.fromEntries(query) : {};
    const given = { ...this.drawn, ...(Object.keys(asked).some((name) => name !== "panel") ? asked : this.own()) };
    const early = this.rows.filter((row) => row.field && !untouched(row.field));
    for (const row of this.rows) {
      const { field, slider, chooser } = row;
      const value = given[row.dataset.name];
      if (value !== undefined && field && !early.includes(row)) field.value = Array.isArray(value) ? value.join(", ") : value;
      field?.addEventListener("input", () => { this.slide(row); this.change(); });
      field?.addEventListener("keydown", (event) => this.step(row, event));
      slider?.addEventListener("input", () => { field.value = this.fromSlider(row, slider.value / 1000); this.change(); });
      chooser?.addEventListener("change", () => this.take(row, chooser.files[0]));
      for (const choice of row.choices) choice.input.addEventListener("change", () => this.change());
      this.slide(row);
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("click", (event) => this.act(event.target.closest("[data-act]")));
    this.solving?.querySelector("[data-solve=value]").addEventListener("keydown", (event) => { if (event.key === "Enter") this.solve(); });
    const chosen = this.rows.filter((row) => row.chooser?.files.length);
    for (const row of chosen) this.take(row, row.chooser.files[0]);
    if (early.length) this.change(); else if (!chosen.length) this.run();
  }

  // What the reader's own workload says of these inputs, as decisions hand it to the model.
  own() {
    const all = kept();
    const shared = Object.entries(JSON.parse(this.form.dataset.fields || "{}")).filter(([, field]) => all[field]);
    const found = Object.fromEntries(shared.map(([name, field]) => [name, all[field]]).filter(([, text]) => /^[\d.,]+(e[-+]?\d+)?\s*[\w/%]*$/.test(text)));
    const labels = this.rows.filter((row) => row.dataset.name in found).map((row) => row.querySelector("label").textContent);
    if (labels.length) this.form.prepend(make("p", { class: "small own" }, `From your workload: ${labels.join(", ")}.`));
    return found;
  }

  range({ dataset }) {
    const [low, high] = [number(dataset.low), number(dataset.high)];
    return { low, high, log: low > 0 && high / low >= 100, whole: dataset.kind === "integer" };
  }

  fromSlider(row, at) {
    const { low, high, log, whole } = this.range(row);
    const value = log ? low * (high / low) ** at : low + (high - low) * at;
    const kept = Math.min(high, Math.max(low, Number(short(value))));
    return whole ? Math.round(kept) : kept;
  }

  // The slider stands where the field says: at once where its number is certain, else where the service read it.
  slide(row, read = number(row.field?.value)) {
    const { slider } = row;
    if (!slider || !Number.isFinite(read)) return;
    const { low, high, log } = this.range(row);
    const value = Math.min(high, Math.max(low, read));
    slider.value = 1000 * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  }

  // Arrows in a field move it as they would its slider.
  step(row, event) {
    const way = { ArrowUp: 10, ArrowDown: -10, PageUp: 100, PageDown: -100 }[event.key];
    if (!way || !row.slider) return;
    event.preventDefault();
    const before = this.fromSlider(row, row.slider.value / 1000);
    row.slider.value = Number(row.slider.value) + way;
    const after = this.fromSlider(row, row.slider.value / 1000);
    const { low, high, whole } = this.range(row);
    row.field.value = whole && after === before ? Math.min(high, Math.max(low, before + Math.sign(way))) : after;
    this.slide(row);
    this.change();
  }

  // A file stands in for what would be typed, until it is taken away.
  take(row, file) {
    const most = Number(this.form.dataset.most);
    const tooLong = file && file.size > most;
    if (file && !tooLong) row.file = file;
    this.dress(row);
    if (tooLong) this.reason(row, `${file.name} has ${amount(file.size)}; a page takes ${amount(most)}. Of any size: ${this.command({ [row.dataset.name]: file.name })}`);
    else if (file) this.change();
  }

  dress(row) {
    const { file, field, slider } = row;
    row.chooser.value = "";
    row.querySelector(".file-name").textContent = file ? `${file.name}, ${amount(file.size)}` : row.original ??= row.querySelector(".file-name").textContent;
    row.querySelector("[data-act=drop]").hidden = !file;
    if (field) field.disabled = Boolean(file);
    if (slider) slider.disabled = Boolean(file);
    if (!file) for (const { place, input } of row.choices) { place.hidden = true; input.value = ""; }
  }

  drop(row) {
    row.file = undefined;
    this.dress(row);
  }

  files() { return this.rows.filter((row) => row.file); }

  // What is at its default is left out, so that it may move where another input asks for it.
  inputs() {
    const found = {};
    for (const row of this.rows) {
      const text = row.field?.value.trim() ?? "";
      if (text === "" || row.file || !(this.isChanged(row) || row.dataset.name in this.drawn)) continue;
      found[row.dataset.name] = PLAIN.test(text) && ["number", "integer"].includes(row.dataset.kind) ? Number(text) : text;
    }
    return { ...found, ...this.said() };
  }

  said() {
    const found = {};
    for (const row of this.files()) for (const { name, input } of row.choices) if (input.value.trim()) found[`${row.dataset.name}_${name}`] = input.value.trim();
    return found;
  }

  isChanged({ field, dataset }) {
    const text = field?.value.trim() ?? "";
    return text !== "" && text !== dataset.default && !(number(text) === number(dataset.default));
  }

  changed() {
    return this.rows.filter((row) => !row.file && this.isChanged(row)).map((row) => [row.dataset.name, row.field.value.trim()]);
  }

  link() {
    const query = new URLSearchParams(this.onModelPage ? {} : { panel: this.figure.id });
    for (const [name, value] of this.changed()) query.set(name, value);
    return `${location.pathname}${query.size ? `?${query}` : ""}${this.onModelPage ? "" : `#${this.figure.id}`}`;
  }

  command(files = {}) {
    for (const row of this.files()) files[row.dataset.name] ??= row.file.name;
    const given = [...this.changed().filter(([name]) => !(name in files)), ...Object.entries(files), ...Object.entries(this.said())];
    return ["sysdesign model run", this.name, ...given.map(([name, value]) => `${name}=${quoted(value)}`)].join(" ");
  }

  act(button) {
    if (!button) return;
    const { act } = button.dataset;
    if (act === "link") copy(button, new URL(this.link(), location.href).href);
    if (act === "command") copy(button, this.command());
    if (act === "solve") this.solve();
    if (act === "close") this.close();
    if (act === "forget") { Object.assign(this, { runs: [], forgets: named(this.inputs()) !== this.asked }); button.hidden = true; this.draw(this.spec); }
    if (act === "drop") {
      const row = button.closest(".panel-input");
      this.drop(row);
      row.chooser.focus();
      this.change();
    }
    if (act === "reset") {
      for (const row of this.rows) {
        if (row.file) this.drop(row);
        if (row.field) row.field.value = row.dataset.default;
        this.slide(row);
      }
      this.change();
    }
  }

  // Back to the drawing in the text, at the place from which the reader came.
  close() {
    this.closed = true;
    history.replaceState(null, "", location.pathname + location.hash);
    this.form.remove();
    this.place?.remove();
    delete this.figure.dataset.live;
    delete this.figure.live;
    this.figure.querySelector(".canvas").style.minHeight = "";
    const use = this.figure.querySelector(".use");
    if (use) { use.hidden = false; use.focus(); }
  }

  change() {
    history.replaceState(null, "", this.link());
    if (this.solving) { this.solving.querySelector(".solve-answer").textContent = ""; this.reason(this.solving, ""); }
    this.run();
  }

  // Inputs as JSON; with files, these are the body and the rest stands in the address.
  ask(operation, asked) {
    const address = new URL(`api/models/${this.name}/${operation}`, this.root);
    const files = this.files();
    const tell = (text) => this.message(text);
    if (!files.length) return post(address, asked, tell);
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, name === "inputs" ? JSON.stringify(value) : value === true ? "yes" : value);
    for (const row of files) {
      address.searchParams.append("file", row.dataset.name);
      address.searchParams.append("bytes", row.file.size);
    }
    return send(address, "application/octet-stream", new Blob(files.map((row) => row.file)), tell);
  }

  // One input for a wanted result; what is found fills its field.
  async solve() {
    const [result, sign, value, name] = ["result", "sign", "value", "input"].map((part) => this.solving.querySelector(`[data-solve=${part}]`));
    const said = this.solving.querySelector(".solve-answer");
    this.reason(this.solving, value.value.trim() ? "" : "type the value that the result is to have, with or without a unit");
    if (!value.value.trim()) return;
    said.textContent = "…";
    const { [name.value]: unknown, ...inputs } = this.inputs();
    const row = this.rows.find((each) => each.dataset.name === name.value);
    try {
      const answer = await this.ask("solve", { inputs, solve: name.value, for: `${result.value}${sign.value}${value.value.trim()}` });
      said.textContent = "";
      this.message("");
      if (!answer.ok) return void this.reason(this.solving, this.inWords(answer.value.error.message, { [result.value]: result, [name.value]: name }));
      row.field.value = short(answer.value.value, 7);
      this.slide(row);
      this.change();
      said.textContent = `${answer.value.exact ? "" : "As near as it comes: "}${answer.value.sentence}`;
    } catch (error) {
      said.textContent = "";
      this.unanswered(error, () => this.solve());
    }
  }

  // Names as the page calls them.
  inWords(message, lists) {
    return message.replace(/\w+/g, (word) => (Object.hasOwn(lists, word) ? lists[word].selectedOptions[0].text.replace(/ \([^)]*\)$/, "") : word));
  }

  // The latest change wins. Where the chart takes long, the results are shown before it.
  async run() {
    this.again = Boolean(this.running);
    if (this.running) return;
    this.running = true;
    this.form.ariaBusy = "true";
    const began = performance.now();
    const ask = (chart) => this.ask("run", { inputs: this.inputs(), chart });
    try {
      const whole = !this.slow && !this.files().length;
      const answer = await ask(whole);
      this.show(answer);
      if (whole) this.slow = performance.now() - began > 100;
      else if (answer.ok && !this.again) {
        const drawn = await ask(true);
        if (drawn.ok) this.show(drawn);
        else this.message(`The results hold; their chart is not drawn: ${drawn.value.error.message}`);
      }
    } catch (error) {
      this.unanswered(error, () => this.run());
    }
    this.form.ariaBusy = null;
    this.running = false;
    if (this.again) this.run();
  }

  show({ ok, value }) {
    for (const row of this.rows) this.reason(row, "");
    this.message("");
    this.form.classList.toggle("stale", !ok);
    if (!ok) return this.refused(value.error);
    this.offer(value.notes);
    const notes = this.form.querySelector(".panel-notes");
    notes.replaceChildren(...value.notes.map((note) => make("li", {}, this.worded(note))));
    notes.hidden = !value.notes.length;
    for (const row of this.rows) {
      const read = this.isChanged(row) && value.inputs.find((each) => each.name === row.dataset.name)?.value;
      if (Number.isFinite(read) && !this.again) this.slide(row, read); // not back to what was asked before the latest change
    }
    for (const result of value.results) {
      const place = this.form.querySelector(`.panel-results [data-name="${result.name}"] dd`);
      if (!place) continue;
      place.textContent = result.text;
      place.parentElement.hidden = result.value === null;
    }
    this.form.querySelector(".panel-sentence").textContent = value.sentence;
    if (value.spec) this.beside(value.spec).then(() => this.draw(value.spec)).catch(() => this.message("The chart could not be drawn; the results hold."));
  }

  refused({ input, message }) {
    this.offer([message]);
    const about = (row) => row.dataset.name === input || new RegExp(`^${row.dataset.name}(: | is | holds | can | has |_\\w+ )`).test(message);
    const row = this.rows.find(about) ?? this.rows.find((each) => each.file && message.includes(`the upload for ${each.dataset.name}`));
    if (row) this.reason(row, this.worded(message).replace(new RegExp(`^${row.dataset.name}( is |: )`), ""));
    else this.message(this.worded(message));
  }

  // What a command writes as latency_separator=comma is here what the field Separator takes.
  worded(text) {
    for (const row of this.files()) {
      text = text.replaceAll(`the upload for ${row.dataset.name}`, row.file.name);
      for (const { name, label } of row.choices) {
        text = text.replace(new RegExp(`\\b${row.dataset.name}_${name}\\b(?:(=)(?=[\\w'"]))?=?`, "g"), (whole, given) => `“${label}”${given ? ": " : ""}`);
      }
    }
    return text;
  }

  // How a file is to be read becomes a field once an error or a note asks for it.
  offer(texts) {
    for (const row of this.files()) {
      for (const { place, name } of row.choices) if (texts.some((text) => text.includes(`${row.dataset.name}_${name}`))) place.hidden = false;
    }
  }

  reason(row, text) {
    const place = row.querySelector(".reason");
    place.textContent = text;
    place.hidden = !text;
    const field = row.querySelector(".field:enabled, [data-solve=value]") ?? row.chooser;
    if (text) field.setAttribute("aria-invalid", "true");
    for (const each of text ? [] : row.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  }

  message(...parts) {
    const place = this.form.querySelector(".panel-message");
    place.replaceChildren(...parts);
    place.hidden = !place.textContent;
  }

  unanswered(error, again) {
    this.form.classList.add("stale");
    this.message(...unanswered(error, "runs the models", this.command(), again));
  }

  // The default stands in the chart as a ghost, and the runs before this one faintly, until they are cleared.
  async beside(spec) {
    const asked = named(this.inputs());
    if (this.spec && asked !== this.asked && !this.forgets) this.runs = [...this.runs ?? [], { asked: this.asked, rows: this.spec.data.values }].slice(-EARLIER);
    Object.assign(this, { spec, asked, forgets: false }); // it was set while this run was on its way
    if (this.ghost || this.files().length) return;
    if (asked === named(this.drawn)) this.ghost = spec.data.values;
    else {
      this.ghost = [];
      const answer = await post(new URL(`api/models/${this.name}/run`, this.root), { inputs: this.drawn, chart: true }).catch(() => null);
      this.ghost = answer?.ok ? answer.value.spec?.data.values ?? [] : [];
    }
  }

  faint(spec) {
    const lines = spec.layer.find(({ mark }) => mark.type === "line");
    if (!lines) return [];
    const layer = (rows, mark) => ({ data: { values: rows }, mark: { type: "line", clip: true, tooltip: null, color: "#7b8794", ...mark, interpolate: lines.mark.interpolate ?? "linear" }, encoding: { detail: { field: "series" } } });
    const runs = (this.runs ?? []).filter(({ asked }) => asked !== this.asked);
    const shown = [...runs.map(({ rows }) => layer(rows, { opacity: .3, strokeWidth: 1.25 })),
      ...(this.ghost?.length && this.asked !== named(this.drawn) ? [layer(this.ghost, { opacity: .75, strokeWidth: 1.5, strokeDash: [2, 3] })] : [])];
    this.tell(shown.length, runs.length);
    return shown;
  }

  tell(some, runs) {
    this.legend ??= this.form.querySelector(".panel-results").parentElement.insertBefore(
      make("p", { class: "small ghosts" }, make("span"), " ", make("button", { type: "button", "data-act": "forget" }, "Clear earlier runs")), this.form.querySelector(".panel-results"));
    this.legend.hidden = !some;
    this.legend.firstChild.textContent = runs ? "Dotted: the default. Faint: earlier runs." : "Dotted: the default.";
    this.legend.querySelector("button").hidden = !runs;
  }

  async draw(drawn) {
    const canvas = this.figure.querySelector(".canvas");
    if (!canvas || this.closed) return;
    await engine(this.root);
    const spec = { ...drawn, layer: [...this.faint(drawn), ...drawn.layer] };
    this.figure.live = { rows: drawn.data.values, x: drawn.encoding?.x?.axis?.title || "x", y: drawn.encoding?.y?.axis?.title || "value" };
    if (!this.place) {
      canvas.style.minHeight = `${canvas.offsetHeight}px`;
      this.place = make("div", { class: "live-chart drawing", hidden: true });
      canvas.append(this.place);
    }
    const next = make("div");
    const { view } = await window.sysdesignChart(next, spec);
    const drawing = next.querySelector("svg");
    for (const part of drawing.querySelectorAll("[role], [aria-label]")) for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${this.figure.querySelector("figcaption").textContent} With your numbers: ${this.form.querySelector(".panel-sentence").textContent}`);
    this.place.replaceChildren(drawing);
    view.finalize();
    this.place.hidden = false;
  }
}

let loading;
const engine = (root) => (loading ??= new Promise((done, failed) => {
  document.head.append(make("script", { src: new URL("assets/chart-engine.js", root).href, onload: done, onerror: failed }));
}));
