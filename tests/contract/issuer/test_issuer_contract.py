"""What holds for every issuer."""

import asyncio
from datetime import timedelta

import httpx

from controller.model.issuance import Order, Target, TargetKind
from controller.ports.issuer import Issuer
from tests.contract.issuer.conftest import KEPT

ORDER = Order(
    "r-0123456789ab", "casey", Target(TargetKind.KEPT, KEPT.path),
    timedelta(minutes=5), timedelta(seconds=60), timedelta(hours=8),
)  # fmt: skip


def opens(issuer: Issuer, token: str) -> bool:
    """Open a one-time token as somebody does who has it."""
    counter = issuer.counter()
    if counter.address.startswith("memory:"):
        return bool(issuer.unwrap(token))
    import ssl

    trusted = ssl.create_default_context(cadata=counter.authority)
    with httpx.Client(base_url=counter.address, verify=trusted, trust_env=False) as client:
        answer = client.post("/v1/sys/wrapping/unwrap", headers={"X-Vault-Token": token})
    return answer.is_success


async def opened(issuer: Issuer, token: str) -> bool:
    return await asyncio.to_thread(opens, issuer, token)


async def is_forgotten(issuer: Issuer, accessor: str) -> bool:
    """Tell whether a token is gone within a minute: a server forgets a moment after its answer."""
    for _ in range(600):
        if not await issuer.is_wrapped(accessor):
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_token_opens_once_and_it_is_seen(issuer: Issuer) -> None:
    permit = await issuer.permit(ORDER)
    wrapped = await issuer.issue(permit, ORDER)
    assert await issuer.is_wrapped(wrapped.accessor)
    assert await issuer.is_wrapped(wrapped.accessor)
    assert await opened(issuer, wrapped.token.reveal())
    assert await is_forgotten(issuer, wrapped.accessor)
    assert not await opened(issuer, wrapped.token.reveal())


async def test_ending_says_whether_there_was_something_to_end(issuer: Issuer) -> None:
    permit = await issuer.permit(ORDER)
    wrapped = await issuer.issue(permit, ORDER)
    assert await issuer.end(wrapped.accessor)
    assert not await issuer.end(wrapped.accessor)
    assert not await opened(issuer, wrapped.token.reveal())
    assert await issuer.end(permit.accessor)
    assert not await issuer.end(permit.accessor)
    assert not await issuer.end("no-such-accessor")


async def test_a_token_that_was_opened_is_not_there_to_be_ended(issuer: Issuer) -> None:
    wrapped = await issuer.issue(await issuer.permit(ORDER), ORDER)
    await opened(issuer, wrapped.token.reveal())
    assert await is_forgotten(issuer, wrapped.accessor)
    assert not await issuer.end(wrapped.accessor)


async def test_a_permit_that_is_forgotten_harms_nobody(issuer: Issuer) -> None:
    first, second = await issuer.permit(ORDER), await issuer.permit(ORDER)
    assert first.accessor != second.accessor
