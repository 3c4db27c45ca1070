"""One bucket: a folder of objects, and a file that says how it is configured."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

from controller.localcloud.daemon import records as notes
from controller.localcloud.daemon.records import Records
from controller.localcloud.daemon.specs import BucketSpec
from controller.localcloud.errors import CloudError


class Bucket:
    """A bucket of the cloud. It has no process; its folder is its interface."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._lock = asyncio.Lock()

    async def ensure(self, owner: str, previous_owner: str | None, wanted: object) -> None:
        """Bring the bucket to what is wanted; raises `CloudError`."""
        spec = BucketSpec.from_json(wanted)
        async with self._lock:
            current = self._records.owner()
            notes.check_owner(self._records.key, current, owner, previous_owner)
            self._records.data.mkdir(mode=0o700, exist_ok=True)
            self._records.write_configuration(owner, spec.as_json())

    async def restart(self) -> None:
        """Check the configuration file; there is nothing to restart."""
        self._live()

    async def remove(self) -> None:
        """Remove the bucket; raises `CloudError` if it holds objects and was not told to."""
        async with self._lock:
            self._check_empty()
            shutil.rmtree(self._records.data, ignore_errors=True)
            self._records.forget()

    def _check_empty(self) -> None:
        try:
            is_forced = self._live()[1].force_destroy
        except CloudError:
            is_forced = False
        if not is_forced and self._records.data.is_dir() and any(self._records.data.iterdir()):
            raise CloudError(
                f"bucket `{self._records.name}` is not empty",
                hint="remove its objects, or set `force_destroy = true`, apply, and then destroy",
                attribute=("force_destroy",),
            )

    async def stop(self) -> bool:
        """Do nothing: a bucket has no process."""
        return False

    async def resume(self) -> bool:
        """Do nothing: a bucket has no process."""
        return False

    async def kill(self) -> list[int]:
        """Do nothing: a bucket has no process."""
        return []

    async def find_again(self) -> None:
        """Do nothing: a bucket is always there."""

    async def status(self) -> dict[str, Any] | None:
        """Tell how it is; `None` if its folder or its configuration is gone."""
        if not self._records.exists() or not self._records.data.is_dir():
            return None
        status: dict[str, Any] = {
            "kind": "bucket",
            "name": self._records.name,
            "owner": self._records.owner(),
            "replicas": 0,
            "running": 0,
            "pids": [],
            "port": None,
            "since": "",
            "problem": "",
            "path": str(self._records.data),
            "url": self._records.data.as_uri(),
            "spec": {},
        }
        try:
            return {**status, "spec": self._live()[1].as_json()}
        except CloudError as error:
            return {**status, "problem": error.message}

    def _live(self) -> tuple[str, BucketSpec]:
        configuration = self._records.find_configuration()
        if configuration is None:
            raise CloudError(f"there is no bucket `{self._records.name}`")
        owner = configuration.pop("owner", "")
        return str(owner), BucketSpec.from_json(configuration)
