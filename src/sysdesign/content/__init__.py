"""Reads the folder reference/ into frozen values that checks, pages, search and commands share."""

from sysdesign.content.loading import default_root, load
from sysdesign.content.reference import Reference

__all__ = ["Reference", "default_root", "load"]
