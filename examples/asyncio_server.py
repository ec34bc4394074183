"""A server whose requests are flows, which outlive it; its event loop never waits.

$ export GREENFLOW_STORE=/tmp/shop
$ python examples/asyncio_server.py serve /tmp/shop.sock &
$ python examples/asyncio_server.py ask /tmp/shop.sock order chairs
purchase-3k9fzq7m
$ python examples/asyncio_server.py ask /tmp/shop.sock result purchase-3k9fzq7m &
$ kill -KILL %1
no answer
$ python examples/asyncio_server.py serve /tmp/shop.sock &
$ python examples/asyncio_server.py ask /tmp/shop.sock answer purchase-3k9fzq7m yes
sent
$ python examples/asyncio_server.py ask /tmp/shop.sock result purchase-3k9fzq7m
bought chairs
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time

import greenflow

LOG = logging.getLogger("shop")


def purchase(item):
    """An ordinary function; that it blocks does not stop the server."""
    offers = {supplier: price(supplier, item) for supplier in ("Ada", "Bob")}
    cheapest = min(offers, key=offers.get)
    LOG.info("%s offers %s for %d", cheapest, item, offers[cheapest])
    if greenflow.recv() != "yes":
        raise PermissionError(f"no {item}")
    return f"bought {item}"


def price(supplier, item):
    time.sleep(0.1)
    return len(supplier + item) * 10 + len(supplier)


async def reply(command, *words):
    if command == "order":
        flow = await greenflow.aio.spawn(purchase, *words)
        return flow.id
    if command == "answer":
        await greenflow.aio.send(*words)
        return "sent"
    if command == "result":
        return await greenflow.get(*words)
    raise ValueError(f"order ITEM, answer ID yes|no, or result ID; not {command}")


async def handle(reader, writer):
    words = (await reader.readline()).decode().split()
    try:
        answer = await reply(*words)
    except Exception as error:
        answer = f"{type(error).__name__}: {error}".partition("\n")[0]
    writer.write(f"{answer}\n".encode())
    await writer.drain()
    writer.close()


async def serve(path):
    async with greenflow.aio.Worker():
        server = await asyncio.start_unix_server(handle, path)
        print("serving", flush=True)
        async with server:
            await server.serve_forever()


async def ask(path, *words):
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(" ".join(words).encode() + b"\n")
    answer = (await reader.readline()).decode().strip()
    print(answer or "no answer")
    writer.close()


COMMANDS = {"serve": serve, "ask": ask}

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in COMMANDS:
        sys.exit("usage: asyncio_server.py serve SOCKET | ask SOCKET WORD...")
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(greenflow.FlowLogFilter())
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(flow_id)s at checkpoint %(flow_checkpoint)s: %(message)s",
    )
    try:
        asyncio.run(COMMANDS[sys.argv[1]](*sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)
