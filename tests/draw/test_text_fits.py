"""Text fits where it was laid out, though the reader's face is not the one it was measured with.

Every drawing is opened in a real browser in two faces: one as wide as Arial and most system faces, and one
far wider than any of them. Nothing may be cut off or lie on another label in either.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from sysdesign.content import default_root
from sysdesign.draw.figures import sources

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("SYSDESIGN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FACES = {"usual": "Liberation Sans, Arimo, Arial", "wide": "DejaVu Sans, Verdana"}
MEASURE = """([face, scale]) => {
  const faults = [];
  for (const svg of document.querySelectorAll('svg[role=img]')) {
    svg.setAttribute('font-family', face);
    const view = svg.viewBox.baseVal, outer = svg.getBoundingClientRect(), unit = view.width / outer.width;
    const box = element => {
      const r = element.getBoundingClientRect();
      return {x: (r.left - outer.left) * unit, y: (r.top - outer.top) * unit, w: r.width * unit, h: r.height * unit};
    };
    for (const text of svg.querySelectorAll('text')) {
      if (scale !== 1) text.setAttribute('font-size', parseFloat(text.getAttribute('font-size')) * scale);
    }
    const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
    const labels = texts.map(text => ({said: text.textContent.trim(), ...box(text)}));
    const shapes = [...svg.querySelectorAll('rect,path,ellipse,polygon')].filter(shape =>
      !shape.closest('mask,marker') && !shape.hasAttribute('marker-end') &&
      shape.hasAttribute('fill') && shape.hasAttribute('stroke')).map(box);
    labels.forEach((a, at) => {
      if (a.x < -1 || a.y < -1 || a.x + a.w > view.width + 1 || a.y + a.h > view.height + 1)
        faults.push(['cut', svg.id, a.said]);
      for (const b of labels.slice(0, at)) {
        const across = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
        const down = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
        if (across > 2 && down > 5) faults.push(['overlap', svg.id, `${a.said} | ${b.said}`]);
      }
      const x = a.x + a.w / 2, y = a.y + a.h / 2;
      const around = shapes.filter(s => Math.abs(x - s.x - s.w / 2) < 0.3 * s.w && y > s.y && y < s.y + s.h && s.h > 12)
        .sort((p, q) => p.w * p.h - q.w * q.h)[0];
      if (around && a.w > around.w) faults.push(['wider than its shape', svg.id, a.said]);
    });
  }
  return faults;
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """All drawings in one page."""
    if CHROMIUM is None:
        reason = "Chromium is not installed (on Debian and Ubuntu: apt install chromium)"
        if os.environ.get("SYSDESIGN_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    drawings = [path.with_suffix(".svg").read_text() for path in sources(default_root()).values()]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        opened = browser.new_page(viewport={"width": 2000, "height": 1000})
        opened.set_content("".join(f"<div>{drawing}</div>" for drawing in drawings))
        yield opened
        browser.close()


def test_every_label_fits_in_a_usual_face(page: Any) -> None:
    assert page.evaluate(MEASURE, [FACES["usual"], 1]) == []


def test_no_label_is_cut_or_covered_in_a_wide_face(page: Any) -> None:
    found = page.evaluate(MEASURE, [FACES["wide"], 1])
    assert [fault for fault in found if fault[0] != "wider than its shape"] == []


def test_text_a_half_larger_is_seen_not_to_fit(page: Any) -> None:
    """What the measurement would say of text that is truly too wide."""
    found = page.evaluate(MEASURE, [FACES["wide"], 1.5])
    assert {"cut", "overlap", "wider than its shape"} <= {fault[0] for fault in found}
