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

export const post = (address, body) => send(address, "application/json", JSON.stringify(body));

export const send = async (address, type, body) => {
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": type }, body });
  if (!(answer.headers.get("content-type") ?? "").includes("json")) throw new Error("no service");
  return { ok: answer.ok, value: await answer.json() };
};

export const copy = (button, text) => navigator.clipboard.writeText(text).then(() => {
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1500);
}, () => prompt("Copy this:", text));
