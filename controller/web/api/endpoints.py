"""What a resource gives: paths, and functions that answer a recognised caller with a value."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.requests import Request

from controller.web.site import Site

Endpoint = Callable[[Request], Awaitable[object]]
Endpoints = Mapping[str, Endpoint]
T = TypeVar("T")


@dataclass(frozen=True)
class Answered(Generic[T]):
    """What came of an order; the description tells its kind."""

    value: T
    status: int = 202


@dataclass(frozen=True)
class Order:
    """What is asked for: who answers, having recognised the caller, and what the body may say."""

    answer: Callable[[Site, Request], Awaitable[Answered[Any]]]
    keys: frozenset[str] = frozenset()
