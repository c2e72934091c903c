// An element with attributes, listeners (onclick: ...) and children.
export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const PAUSES = [1, 2, 4]; // seconds before a question is asked again that nobody answered, or somebody too busy
const BUSY = [429, 502, 503, 504];

// The JSON at an address; `tell` hears what a reader should know while it takes long.
// Throws "none" where no service answers, as on a host of files, and "silent" where nobody does.
export async function ask(address, given = {}, tell = () => {}) {
  const late = setTimeout(tell, 1000, "Still working …");
  try {
    for (const pause of [...PAUSES, 0]) {
      const answer = await fetch(address, given).catch(() => null);
      const busy = !answer || BUSY.includes(answer.status);
      if (busy && pause) {
        clearTimeout(late);
        tell(answer ? "The service is busy. Asking again …" : "No answer came. Asking again …");
        await new Promise((done) => setTimeout(done, pause * 1000));
        continue;
      }
      if (!(answer?.headers.get("content-type") ?? "").includes("json")) throw new Error(busy ? "silent" : "none");
      return { ok: answer.ok, value: await answer.json() };
    }
  } finally { clearTimeout(late); }
}

export const post = (address, body, tell) => send(address, "application/json", JSON.stringify(body), tell);

export const send = (address, type, body, tell) => ask(address, { method: "POST", headers: { "Content-Type": type }, body }, tell);

// What to tell a reader whose question got no answer: there is nobody to ask, or only not just now.
export const unanswered = ({ message }, does, command, again) => (message === "none"
  ? [`These pages are served without the program that ${does}. To have it here, run `, make("code", {}, "sysdesign serve"),
    " (or ", make("code", {}, "make serve"), " in a clone) and open its address; or run ", make("code", {}, command)]
  : ["The service does not answer: it may be starting, or the connection is gone. What you entered is kept. ",
    make("button", { class: "button", type: "button", onclick: again }, "Try again")]);

export const copy = (button, text) => navigator.clipboard.writeText(text).then(() => {
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1500);
}, () => prompt("Copy this:", text));
