"""Lets the providers of the local cloud be forked, which spares each of them its imports."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from controller.localcloud.forking.starter import ForkServer


def fork_providers(stack: AsyncExitStack) -> Mapping[str, str]:
    """Give what engines have to see, for as long as the stack is open.

    The process that forks is started when the first provider asks. Nothing where this machine has
    no such sockets: then each provider reads its code by itself.
    """
    try:
        server = ForkServer()
    except OSError:
        return {}
    loop, file = asyncio.get_running_loop(), server.fileno()

    def start() -> None:
        loop.remove_reader(file)
        server.start()

    async def stop() -> None:
        loop.remove_reader(file)
        await asyncio.to_thread(server.stop)

    loop.add_reader(file, start)
    stack.push_async_callback(stop)
    return server.environment()
