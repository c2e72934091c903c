"""Finds sections by words: one correction of misspellings and one set of synonyms for page and command."""

from sysdesign.search.index import Hit, Index

__all__ = ["Hit", "Index"]
