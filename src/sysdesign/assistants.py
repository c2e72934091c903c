"""The reference for assistants that speak the Model Context Protocol: search, read, run a model, decide, facts.

The same operations as everywhere. What computes runs in worker processes, under their bounds of time and
memory (see `workers`); nothing here writes, and no input names a file of this machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from functools import partial, wraps
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from sysdesign import __version__
from sysdesign.content import Reference, load
from sysdesign.content.brief import brief_markdown
from sysdesign.errors import SysdesignError
from sysdesign.operations import reading
from sysdesign.plain import json_text
from sysdesign.site.search_entries import index_of
from sysdesign.workers.pool import Busy, Fault, Pool

INSTRUCTIONS = (
    "A system design reference whose numbers are sourced or computed. Search first, then read the section that is "
    "found. Run models with the user's own numbers, and decide with what they told of their workload; leave out what "
    "they did not tell, for whatever is unknown is drawn from what is usual. Quote values as returned."
)
MOST_LISTED = 100  # facts in one answer


class Desk:
    """What the tools share: the reference, its index, and the workers that compute."""

    def __init__(self, root: Path) -> None:
        self.reference: Reference = load(root)
        self.index = index_of(self.reference)
        self.pool = Pool(lambda: self.reference)

    async def computed(self, operation: str, arguments: dict[str, Any]) -> Any:
        """What a worker gives, as plain values."""
        return json.loads(await self.pool.run(operation, arguments))

    async def search(self, query: str, limit: int = 8) -> dict[str, Any]:
        """Find sections by question, symptom, error text, setting or metric; best first, each with its address."""
        return _plain(reading.search(self.index, query, min(max(limit, 1), 50)))

    async def documents(self) -> dict[str, Any]:
        """All documents in reading order, written and planned, with what each is about."""
        return {"documents": _plain(reading.list_documents(self.reference))}

    async def read(self, address: str) -> str:
        """A section as Markdown, with all inside it and the evidence it uses: `05-Caching-Strategies#cache-stampede`.

        Without an anchor it is the whole document, which is long.
        """
        return reading.read_section(self.reference, address).markdown

    async def brief(self, document: str) -> str:
        """A document in short: what to do, decisions, sums, limits that bind, pitfalls with their fixes."""
        return brief_markdown(reading.read_brief(self.reference, document))

    async def facts(self, words: str) -> dict[str, Any]:
        """What vendors say of their services (limits, guarantees, life cycle) where all words occur, with the date."""
        asked = words.lower().split()
        found = [
            line for line in reading.list_facts(self.reference)
            if all(word in f"{line.id} {line.says} {line.value}".lower() for word in asked)
        ]  # fmt: skip
        return {"facts": _plain(found[:MOST_LISTED]), "found": len(found)}

    async def models(self, words: str = "") -> dict[str, Any]:
        """The models that can be run; with words, those whose name, title or decision hold them all."""
        asked = words.lower().split()
        told = [{key: line[key] for key in ("name", "title", "decision")} for line in await self.computed("models", {})]
        return {"models": [line for line in told if all(word in " ".join(line.values()).lower() for word in asked)]}

    async def model(self, name: str) -> dict[str, Any]:
        """A model's assumptions, inputs (unit, range, default) and results."""
        return dict(await self.computed("model", {"name": name}))

    async def run(self, name: str, inputs: dict[str, str | float | list[float]]) -> dict[str, Any]:
        """Run a model on the user's numbers; texts with units are read: {"rebuild_s": "500 ms"}. Others: defaults."""
        found = await self.computed("run", {"name": name, "inputs": inputs, "chart": False})
        return {key: value for key, value in found.items() if key not in ("rows", "spec")}

    async def decisions(self) -> dict[str, Any]:
        """The decisions that can be asked, with their options."""
        return {"decisions": await self.computed("decisions", {})}

    async def decision(self, name: str) -> dict[str, Any]:
        """What a decision asks of a workload, most influential first, with units and words."""
        return dict(await self.computed("decision", {"name": name}))

    async def decide(self, name: str, workload: dict[str, Any]) -> dict[str, Any]:
        """Decide for a workload, given as {"traffic": {"reads_per_s": "2k to 5k"}, ...}; unknown facts are left out.

        Gives the answer in words, what each option would give, what would change it, and a decision record.
        """
        found = await self.computed("decide", {"name": name, "workload": workload})
        return {key: value for key, value in found.items() if key != "explanation"}


def server(desk: Desk) -> MCPServer:
    """A server over one desk, for any transport."""
    found: MCPServer = MCPServer(
        "sysdesign",
        title="System Design Reference",
        instructions=INSTRUCTIONS,
        version=__version__,
        log_level="WARNING",
    )
    tools = (
        desk.search, desk.documents, desk.read, desk.brief, desk.facts, desk.models, desk.model, desk.run,
        desk.decisions, desk.decision, desk.decide,
    )  # fmt: skip
    for tool in tools:
        found.add_tool(_told(tool))
    found.resource("sysdesign://briefs/{document}", mime_type="text/markdown")(_told(desk.brief))
    return found


def _told(tool: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    """The tool, with errors that whoever asks can put right told in words."""

    @wraps(tool)
    async def told(*given: Any, **named: Any) -> Any:
        try:
            return await tool(*given, **named)
        except (SysdesignError, Busy) as error:
            raise ToolError(str(error)) from None
        except Fault:
            raise ToolError("this is a fault of the service") from None

    return told


def _plain(value: Any) -> Any:
    return json.loads(json_text(value))


def serve(root: Path, *, http: bool, host: str, port: int) -> None:
    """Serve over standard input and output, or over HTTP at /mcp, until the client leaves or one interrupts."""
    desk = Desk(root)
    try:
        served = server(desk)
        run = partial(served.run, "streamable-http", host=host, port=port, stateless_http=True) if http else served.run
        run()
    finally:
        desk.pool.close()
