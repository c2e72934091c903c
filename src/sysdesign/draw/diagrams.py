"""Diagrams: a .d2 source to SVG, by the pinned diagram compiler.

The compiler measures text with its own narrow face. The drawing uses the
reader's face, which is up to a tenth wider, so text is set a tenth smaller
than it was measured: it fits what was laid out around it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from sysdesign.content.located import read_bytes
from sysdesign.draw.svg import finish, number, styles_of, tag
from sysdesign.errors import BadContent, MissingTool

VERSION = "0.9.0"  # layout may differ in another
LAYOUT = "tala"
PAD = 20
TEXT_SCALE = 0.9
LARGEST_TEXT = 18.0  # the compiler sets the names of containers at up to 28
LIMIT_S = 60
LIMIT_CPU_S = 30  # the slowest of ours takes a twentieth
LIMIT_SOURCE = 100_000  # bytes
_MEMORY = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}  # a short run that never frees is a tenth faster
_ERROR = re.compile(r"(?P<file>[^\s:]+\.d2):(?P<line>\d+):\d+: (?P<found>.*)")
_INSTALL = f'Install it with: pip install "sysdesign[draw]" (or run `make draw`); it needs d2 {VERSION}'


def diagram(source: Path, name: str, title: str, description: str) -> bytes:
    """The finished drawing of a .d2 file. Raises BadContent for a bad source, MissingTool without the compiler."""
    shown = f"reference/figures/{name}.d2"
    read_bytes(source, shown, LIMIT_SOURCE)  # a pipe would be waited for
    raw = _compile(source, shown)
    root = ElementTree.fromstring(raw)
    _refuse_foreign(root, shown)
    return finish(_flat(root), name, title, description)


@cache
def compiler() -> str:
    """Path of the diagram compiler, of the pinned version. Raises MissingTool."""
    beside = Path(sys.executable).parent / "d2"
    path = str(beside) if beside.is_file() else shutil.which("d2")
    if path is None:
        raise MissingTool(f"the diagram compiler d2 is not installed. {_INSTALL}")
    try:
        found = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise MissingTool(f"the diagram compiler {path} does not run ({error}). {_INSTALL}") from None
    if found.stdout.strip().lstrip("v") != VERSION:
        raise MissingTool(f"{path} is d2 {found.stdout.strip()}, which may lay out differently. {_INSTALL}")
    return path


def _compile(source: Path, shown: str) -> bytes:
    command = [
        "/bin/sh", "-c", f'ulimit -t {LIMIT_CPU_S} && exec "$0" "$@"',
        compiler(), f"--layout={LAYOUT}", f"--pad={PAD}", "--theme=0", "--dark-theme=-1", "--no-xml-tag",
        "--omit-version", f"--salt={shown}", "--stdout-format=svg", source.name, "-",
    ]  # fmt: skip
    clean = {key: value for key, value in os.environ.items() if not key.startswith("D2_")}
    try:
        run = subprocess.run(command, cwd=source.parent, capture_output=True, timeout=LIMIT_S, env=clean | _MEMORY)
    except subprocess.TimeoutExpired:
        raise BadContent(shown, 1, f"takes more than {LIMIT_S} s to draw", "Split the diagram") from None
    if run.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise BadContent(shown, 1, f"takes more than {LIMIT_CPU_S} s to draw", "Split the diagram")
    if run.returncode:
        raise _compile_error(run.stderr.decode(errors="replace"), source, shown)
    return run.stdout


def _compile_error(said: str, source: Path, shown: str) -> BadContent:
    """The compiler's first complaint, at its own file and line."""
    found = _ERROR.search(said)
    if found is None:
        last = said.strip().splitlines()[-1] if said.strip() else "nothing"
        return BadContent(shown, 1, f"does not compile: {last}", "Mend the source")
    file = Path(found["file"]).name
    at = shown if file == source.name else f"reference/figures/{file}"
    return BadContent(at, int(found["line"]), f"does not compile: {found['found']}", "Mend the source")


def _refuse_foreign(root: ElementTree.Element, shown: str) -> None:
    if next(root.iter(tag("foreignObject")), None) is not None:
        raise BadContent(shown, 1, "draws HTML inside the diagram", "Use plain labels, which every viewer can show")
    if next(root.iter(tag("image")), None) is not None:
        raise BadContent(shown, 1, "uses an image as icon", "Use shapes and labels: a drawing asks no other host")


def _flat(root: ElementTree.Element) -> ElementTree.Element:
    """The inner drawing as root, without background, style sheets, animation and the second copy of code."""
    inner = root.find(tag("svg"))
    assert inner is not None, "the compiler wraps its drawing in one svg element"
    background = inner.find(tag("rect"))
    if background is not None:
        inner.remove(background)
    for parent in list(inner.iter()):
        for child in list(parent):
            if child.tag == tag("style") or "dark-code" in child.get("class", "").split():
                parent.remove(child)
    for element in inner.iter():
        _still(element)
        if element.tag == tag("svg") and element is not inner:
            element.set("overflow", "visible")
        if element.tag == tag("g") and "md-native" in element.get("class", ""):
            _join_lines(element)
        if element.tag == tag("text"):
            _shrink(element)
        if "connection" in element.get("class", "").split():
            element.set("stroke-linecap", "round")
    return inner


def _still(element: ElementTree.Element) -> None:
    """Take away animation: the picture stands still, on paper too."""
    styles = styles_of(element)
    if "animation" in styles or "stroke-dashoffset" in styles:
        kept = {name: value for name, value in styles.items() if name not in ("animation", "stroke-dashoffset")}
        element.set("style", ";".join(f"{name}:{value}" for name, value in kept.items()))


def _shrink(text: ElementTree.Element) -> None:
    """Set text smaller than it was measured, its middle where it was."""
    size = styles_of(text).get("font-size") or text.get("font-size") or "16"
    old = float(size.removesuffix("px"))
    text.set("style", ";".join(f"{k}:{v}" for k, v in styles_of(text).items() if k != "font-size"))
    new = min(old * TEXT_SCALE, LARGEST_TEXT)
    text.set("font-size", number(new))
    y = text.get("y", "")
    if re.fullmatch(r"-?[\d.]+", y):
        # The middle of a line lies about a third of its size above its base line.
        text.set("y", number(float(y) - 0.35 * (old - new)))


def _join_lines(group: ElementTree.Element) -> None:
    """Runs of one line as spans of one text, so that they follow each other in any face."""
    lines: dict[str, ElementTree.Element] = {}
    for text in [child for child in group if child.tag == tag("text")]:
        first = lines.setdefault(text.get("y", ""), text)
        span = ElementTree.Element(tag("tspan"), {"class": text.get("class", "")})
        span.text, text.text = text.text, None
        first.append(span)
        if first is not text:
            group.remove(text)
    for first in lines.values():
        first.set("class", "")
