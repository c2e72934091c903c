// A model panel: the static chart turned live. Each change runs the model on the local service; the latest wins.
import { copy, make, post } from "./element.js";

const number = (text) => (String(text).trim() === "" ? NaN : Number(String(text).replace(/[,\s]/g, "")));
const short = (value) => String(Number(value.toPrecision(3)));

export async function open(figure, root) {
  if (figure.dataset.live) return;
  figure.dataset.live = "yes";
  const name = figure.dataset.model;
  const onModelPage = figure.dataset.page === "model";
  const form = onModelPage ? document.querySelector("form.panel") : await borrowed(name, root);
  if (!onModelPage) {
    figure.querySelector(".tools").before(form);
    figure.querySelector(".use")?.remove();
    form.querySelector(".panel-tools").append(make("a", { class: "button", href: new URL(`models/${name}/`, root).href }, "Open the model’s page"));
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
    const given = { ...JSON.parse(this.figure.dataset.inputs || "{}"), ...(mine ? Object.fromEntries(query) : {}) };
    for (const row of this.rows) {
      const field = row.querySelector(".field");
      const slider = row.querySelector("input[type=range]");
      const value = given[row.dataset.name];
      if (value !== undefined) field.value = Array.isArray(value) ? value.join(", ") : value;
      field.addEventListener("input", () => { this.slide(row); this.change(); });
      slider?.addEventListener("input", () => { field.value = this.fromSlider(row, slider.value / 1000); this.change(); });
      this.slide(row);
    }
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("click", (event) => this.act(event.target.closest("[data-act]")));
    this.run();
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

  slide(row) {
    const slider = row.querySelector("input[type=range]");
    if (!slider) return;
    const { low, high, log } = this.range(row);
    const value = Math.min(high, Math.max(low, number(row.querySelector(".field").value)));
    if (Number.isFinite(value)) slider.value = 1000 * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  }

  inputs() {
    const found = {};
    for (const row of this.rows) {
      const text = row.querySelector(".field").value.trim();
      if (text === "") continue;
      found[row.dataset.name] = Number.isFinite(number(text)) && ["number", "integer"].includes(row.dataset.kind) ? number(text) : text;
    }
    return found;
  }

  changed() {
    return Object.entries(this.inputs()).filter(([name, value]) => {
      const row = this.rows.find((each) => each.dataset.name === name);
      return String(value) !== row.dataset.default && number(value) !== number(row.dataset.default);
    });
  }

  link() {
    const query = new URLSearchParams(this.onModelPage ? {} : { panel: this.figure.id });
    for (const [name, value] of this.changed()) query.set(name, value);
    return `${location.pathname}${query.size ? `?${query}` : ""}${this.onModelPage ? "" : `#${this.figure.id}`}`;
  }

  command() {
    const quoted = (text) => (/^[\w.+-]+$/.test(text) ? text : `'${text}'`);
    return ["sysdesign model run", this.name, ...this.changed().map(([name, value]) => `${name}=${quoted(String(value))}`)].join(" ");
  }

  act(button) {
    if (!button) return;
    if (button.dataset.act === "link") copy(button, new URL(this.link(), location.href).href);
    if (button.dataset.act === "command") copy(button, this.command());
    if (button.dataset.act === "reset") {
      for (const row of this.rows) { row.querySelector(".field").value = row.dataset.default; this.slide(row); }
      this.change();
    }
  }

  change() {
    history.replaceState(null, "", this.link());
    this.run();
  }

  // The latest change wins. Where the chart takes long, the results are shown before it.
  async run() {
    this.again = Boolean(this.running);
    if (this.running) return;
    this.running = true;
    const began = performance.now();
    const ask = (chart) => post(new URL(`api/models/${this.name}/run`, this.root), { inputs: this.inputs(), chart });
    try {
      const answer = await ask(!this.slow);
      this.show(answer);
      if (!this.slow) this.slow = performance.now() - began > 100;
      else if (answer.ok && !this.again) this.show(await ask(true));
    } catch {
      this.noService();
    }
    this.running = false;
    if (this.again) this.run();
  }

  show({ ok, value }) {
    for (const row of this.rows) this.reason(row, "");
    this.message("");
    this.form.classList.toggle("stale", !ok);
    if (!ok) {
      const row = this.rows.find((each) => each.dataset.name === value.error.input);
      if (row) this.reason(row, value.error.message.replace(`${row.dataset.name} is `, "").replace(`${row.dataset.name}: `, "")); else this.message(value.error.message);
      return;
    }
    for (const result of value.results) {
      const place = this.form.querySelector(`.panel-results [data-name="${result.name}"] dd`);
      if (place) place.textContent = result.text;
    }
    this.form.querySelector(".panel-sentence").textContent = value.sentence;
    if (value.spec) this.draw(value.spec).catch(() => this.message("The chart could not be drawn; the results hold."));
  }

  reason(row, text) {
    const place = row.querySelector(".reason");
    place.textContent = text;
    place.hidden = !text;
    row.querySelector(".field").toggleAttribute("aria-invalid", Boolean(text));
    if (text) row.querySelector(".field").setAttribute("aria-invalid", "true");
  }

  message(...parts) {
    const place = this.form.querySelector(".panel-message");
    place.replaceChildren(...parts);
    place.hidden = !place.textContent;
  }

  noService() {
    this.form.classList.add("stale");
    this.message("These pages are served without the program that runs the models. To use your numbers here, run ",
      make("code", {}, "sysdesign serve"), " (or ", make("code", {}, "make serve"), " in a clone) and open its address; or run ", make("code", {}, this.command()));
  }

  async draw(spec) {
    const canvas = this.figure.querySelector(".canvas");
    if (!canvas) return;
    await engine(this.root);
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
