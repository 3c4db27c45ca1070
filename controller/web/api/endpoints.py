"""What a resource gives: paths, and functions that answer a recognised caller with a value."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request

Endpoint = Callable[[Request], Awaitable[object]]
Endpoints = Mapping[str, Endpoint]
