"""`python -m sysdesign`: the command, where its script is not on the path."""

from sysdesign.cli import main

main()
