"""What axe finds on a page in light and in dark, where of elements that look alike one is judged.

Most of what axe takes on a document are its checks of color, thousands of times. What they say follows from color,
size and weight of the text and from the paint beneath it. An element that shares all of these in both themes with one
that passed passes; text over a graphic stays open to axe, as it is for the first that looks so. Whatever else comes
out, a failure or doubt that comes from the place, is judged for each element.

A theme changes `color-scheme` and with it colors alone (`test_a_theme_changes_colors_alone`). So the dark one is held
against the rules on color, at the elements that were judged in the light one.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => {
  const html = document.documentElement;
  const GRAPHICS = new Set(["IMG", "CANVAS", "OBJECT", "IFRAME", "VIDEO", "SVG"]);
  const inBoth = read => {
    const said = new Map();
    for (const theme of ["light", "dark"]) {
      html.dataset.theme = theme;
      for (const node of document.querySelectorAll("*")) said.set(node, (said.get(node) ?? "") + read(node));
    }
    return node => said.get(node);
  };
  const paint = inBoth(node => {
    const {backgroundColor, backgroundImage, opacity, mixBlendMode} = getComputedStyle(node);
    if (GRAPHICS.has(node.nodeName.toUpperCase()) || backgroundImage !== "none") return "graphic";
    const plain = opacity === "1" && mixBlendMode === "normal" && /^rgba.* 0\\)$/.test(backgroundColor);
    return plain ? "" : [backgroundColor, opacity, mixBlendMode].join();
  });
  const text = inBoth(node => {
    const style = getComputedStyle(node);
    return [style.color, style.webkitTextFillColor, style.webkitTextStroke, style.textShadow, style.fontSize,
      style.fontWeight].join();
  });
  const around = node => node ? around(node.parentElement) + paint(node) : "";
  const look = node => {
    const stacks = axe.commons.dom.getTextElementStack(node);
    return [text(node), around(node), ...new Set(stacks.map(stack => stack.map(paint).join("")))].join(";");
  };
  const blockOf = link => {
    let node = link.parentElement;
    while (getComputedStyle(node).display.startsWith("inline")) node = node.parentElement;
    return node;
  };
  const read = {
    "color-contrast": look,
    "link-in-text-block": link => `${look(link)} in ${look(blockOf(link))}`,
  };
  const judged = new Set();
  for (const id in read) {
    const check = axe._audit.checks[id], judge = check.evaluate, known = new Map();
    check.evaluate = function (node, ...given) {
      if (html.dataset.theme === "dark") return judge.call(this, node, ...given);
      const seen = read[id](node);
      if (known.has(seen)) return known.get(seen);
      judged.add(node);
      const answer = judge.call(this, node, ...given);
      if (answer === true || answer === undefined && seen.includes("graphic")) known.set(seen, answer);
      return answer;
    };
  }
  const found = [], wanted = {resultTypes: ["violations"]};
  const tell = ({violations}) => found.push(...violations.map(({id, nodes}) => [html.dataset.theme, id,
    nodes.slice(0, 3).map(node => `${node.html.slice(0, 160)} (${node.failureSummary.slice(0, 240)})`)]));
  html.dataset.theme = "light";
  tell(await axe.run(document, wanted));
  html.dataset.theme = "dark";
  if (judged.size) tell(await axe.run({include: [...judged]}, {...wanted, runOnly: Object.keys(read)}));
  return [found, judged.size];
}"""


def faults(page: Any) -> list[str]:
    """What axe finds, in light and in dark."""
    page.evaluate(AXE)
    found, judged = page.evaluate(RUN)
    assert judged, "no color was judged: axe has other checks now"
    return [f"{theme}: {rule}: {where}" for theme, rule, where in found]
