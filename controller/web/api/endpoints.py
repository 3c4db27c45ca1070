"""What a resource gives: paths, and functions that answer a recognised caller with a value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from controller.web.site import Site

Endpoint = Callable[[Request], Awaitable[object]]
Endpoints = Mapping[str, Endpoint]


@dataclass(frozen=True)
class Order:
    """What is asked for: who answers, having recognised the caller, and what the body may say."""

    answer: Callable[[Site, Request], Awaitable[Response]]
    keys: frozenset[str] = frozenset()
