"""Assistants use the reference through the protocol's own client, over both transports."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

mcp = pytest.importorskip("mcp", reason="the package mcp is not installed")

from mcp.client import Client  # noqa: E402
from mcp.client.stdio import StdioServerParameters, stdio_client  # noqa: E402

COMMAND = ["-m", "sysdesign", "mcp"]
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def http_address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, *COMMAND, "--http", "--port", str(port)], stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@asynccontextmanager
async def client(transport: str, address: str) -> AsyncIterator[Client]:
    where: Any = address
    if transport == "stdio":
        where = stdio_client(StdioServerParameters(command=sys.executable, args=COMMAND, env=dict(os.environ)))
    async with Client(where) as found:
        yield found


async def told(asked: Client, tool: str, **arguments: Any) -> Any:
    answer = await asked.call_tool(tool, arguments)
    text = "".join(part.text for part in answer.content)
    assert not answer.is_error, text
    return text if tool in ("read", "brief") else json.loads(text)


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_an_assistant_searches_reads_runs_and_decides(transport: str, http_address: str) -> None:
    async def asks() -> None:
        async with client(transport, http_address) as asked:
            tools = {tool.name for tool in (await asked.list_tools()).tools}
            assert tools >= {"search", "read", "brief", "run", "decide", "facts"}
            hit = (await told(asked, "search", query="cache stampede"))["hits"][0]
            section = await told(asked, "read", address=hit["address"])
            assert section.startswith("#") and "stampede" in section.lower()
            assert "In short" not in (brief := await told(asked, "brief", document="caching")) and "Pitfalls" in brief
            facts = await told(asked, "facts", words="dynamodb item")
            assert {fact["url"].split("/")[2] for fact in facts["facts"]} == {"docs.aws.amazon.com"}
            run = await told(
                asked, "run", name="queueing.mm1", inputs={"arrivals_per_s": "50 /s", "services_per_s": 100}
            )
            assert {line["name"]: line["value"] for line in run["results"]}["utilization"] == pytest.approx(0.5)
            answer = await told(
                asked, "decide", name="cache-placement", workload={"traffic": {"reads_per_s": "2k to 5k"}}
            )
            assert answer["outcomes"] and answer["prose"]
            resource = await asked.read_resource("sysdesign://briefs/caching")
            assert resource.contents[0].text == brief

    anyio.run(asks)


def test_what_an_assistant_can_put_right_is_told_in_words(http_address: str) -> None:
    async def asks() -> None:
        async with client("http", http_address) as asked:
            for tool, arguments, words in (
                ("read", {"address": "caching#stampde"}, "no section"),
                ("run", {"name": "queueing.mm1", "inputs": {"arrivals_per_s": "fast"}}, "arrivals_per_s"),
                ("run", {"name": "queueing.mm1", "inputs": {"arrivals_per_s": "/etc/passwd"}}, "arrivals_per_s"),
                ("decide", {"name": "cache-place", "workload": {}}, "cache-placement"),
            ):
                answer = await asked.call_tool(tool, arguments)
                text = "".join(part.text for part in answer.content)
                assert answer.is_error and words in text and "Traceback" not in text, text

    anyio.run(asks)
