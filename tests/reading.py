"""The real reference, read once by each worker, and a small one of the tests' own, written to a folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sysdesign.content import Reference, default_root, load

PLAN = (Path(__file__).parent / "checks" / "plan.yaml").read_text(encoding="utf-8")

CACHING = """# Caching Strategies

A cache keeps copies near their readers.

## Overview

A cache answers in less time than its origin.[^paper] Read about [stampedes](#cache-stampede) next.

## Core Concepts

### Caching patterns

One expiry sends 1,000 requests to the origin.[^requests]

### Cache stampede

When a popular entry expires, requests miss together.

[^paper]: An old text.
"""

RECORDS = {
    "glossary.yaml": "stampede: {term: cache stampede, aliases: [dogpile], sentence: Many misses at once., "
    'home: "05-Caching-Strategies#cache-stampede"}\n',
    "sources.yaml": "paper: {author: A. Author, title: On copies, year: 2001, kind: paper, "
    'url: "https://example.com/p", seen: {url: "https://example.com/p", read: full}}\n',
    "numbers/05-caching.yaml": "requests: {model: caching.stampede, inputs: {arrivals_per_s: 2000, rebuild_s: 0.5}, "
    'result: requests_per_expiry, shows: "1,000 requests"}\n',
}


@cache
def whole_reference() -> Reference:
    """The real reference. It is frozen: all tests of a worker share it."""
    return load(default_root())


def write_reference(root: Path, **changed: str) -> Path:
    """Write the reference under `root`; `changed` replaces texts by file name (dots and slashes as given)."""
    files = {"plan.yaml": PLAN, "05-Caching-Strategies.md": CACHING, **RECORDS, **changed}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
