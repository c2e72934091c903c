"""An adversary's inputs, kind by kind: `make abuse` tries them all, `make test` a few of each.

Everything is bounded and stays on this machine. A module here gives kinds (see `trials.Kind`),
from a function `kinds()` that may start what they need and ends it when it is closed.
"""
