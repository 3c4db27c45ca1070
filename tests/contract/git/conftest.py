"""Repositories to read from: real ones made with git, and the one in memory."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.git.gitpython import GitRepository
from controller.adapters.git.memory import MemoryPointers, MemoryRepository
from controller.model.names import Commit
from controller.ports.git import PointerWriter, RepositoryReader

POINTERS = "trueup/promotions"


class Upstream:
    """A bare repository that somebody pushes to."""

    def __init__(self, folder: Path) -> None:
        self.origin = folder / "origin.git"
        self.work = folder / "work"
        self.run(folder, "init", "-q", "--bare", "-b", "main", str(self.origin))
        self.run(folder, "init", "-q", "-b", "main", str(self.work))
        self.git("remote", "add", "origin", str(self.origin))
        for place in (self.origin, self.work):  # no test pulls the plug
            self.run(place, "config", "core.fsync", "none")

    @property
    def url(self) -> str:
        return f"file://{self.origin}"

    def run(
        self, where: Path, *arguments: str, given: bytes = b"", who: str = "Ann <ann@localhost>"
    ) -> str:
        name, _, address = who.rstrip(">").partition(" <")
        person = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", name), ("EMAIL", address))
        }
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(where),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_DATE": "2030-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2030-01-01T00:00:00Z",
            **person,
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=where,
            env=environment,
            input=given,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "replace").strip()

    def git(self, *arguments: str, given: bytes = b"") -> str:
        return self.run(self.work, *arguments, given=given)

    def push(self, branch: str = "main", *, force: bool = False) -> Commit:
        self.git("push", "-q", *(["-f"] if force else []), "origin", f"HEAD:refs/heads/{branch}")
        return Commit(self.git("rev-parse", "HEAD"))

    def commit(self, files: Mapping[str, str | None], subject: str = "change") -> Commit:
        for path, content in files.items():
            target = self.work / path
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        return self.push()

    def push_pointers(self, files: Mapping[str, str]) -> None:
        """What somebody else does to the promotions branch."""
        folder = self.work.parent / "other"
        shutil.rmtree(folder, ignore_errors=True)
        self.run(self.work, "clone", "-q", "-b", POINTERS, str(self.origin), str(folder))
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        self.run(folder, "add", "-A")
        self.run(folder, "commit", "-q", "-m", "by hand")
        self.run(folder, "push", "-q", "origin", f"HEAD:{POINTERS}")

    def log(self, branch: str, form: str) -> list[str]:
        return self.run(self.origin, "log", f"--format={form}", branch).splitlines()


class Site(Protocol):
    """A repository in either kind, with what somebody else can do to it."""

    reader: RepositoryReader
    writer: PointerWriter

    def commit(self, files: Mapping[str, str | None], subject: str = "change") -> Commit: ...
    def rewrite(self, files: Mapping[str, str]) -> Commit: ...
    def push_pointers(self, files: Mapping[str, str]) -> None: ...
    def break_off(self) -> None: ...
    def commits(self) -> int: ...


@dataclass
class RealSite:
    upstream: Upstream
    reader: GitRepository
    writer: PointerWriter

    def commit(self, files: Mapping[str, str | None], subject: str = "change") -> Commit:
        return self.upstream.commit(files, subject)

    def rewrite(self, files: Mapping[str, str]) -> Commit:
        self.upstream.git("checkout", "-q", "--orphan", "again")
        self.upstream.git("rm", "-rqf", "--ignore-unmatch", ".")
        for path, content in files.items():
            (self.upstream.work / path).write_text(content)
        self.upstream.git("add", "-A")
        self.upstream.git("commit", "-q", "-m", "again")
        return self.upstream.push(force=True)

    def push_pointers(self, files: Mapping[str, str]) -> None:
        self.upstream.push_pointers(files)

    def break_off(self) -> None:
        self.upstream.origin.rename(self.upstream.origin.with_name("gone.git"))

    def commits(self) -> int:
        return len(self.upstream.log(POINTERS, "%H"))


@dataclass
class MemorySite:
    reader: MemoryRepository
    writer: MemoryPointers

    def commit(self, files: Mapping[str, str | None], subject: str = "change") -> Commit:
        return self.reader.commit(files, subject=subject, author="Ann <ann@localhost>")

    def rewrite(self, files: Mapping[str, str]) -> Commit:
        return self.reader.commit(files, rewrite=True)

    def push_pointers(self, files: Mapping[str, str]) -> None:
        self.writer.push(files)

    def break_off(self) -> None:
        self.reader.unreachable = self.writer.unreachable = "the repository is gone"

    def commits(self) -> int:
        return len(self.writer.commits)


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock()


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mirror.git"


@pytest.fixture
def repository(upstream: Upstream, mirror: Path) -> Iterator[GitRepository]:
    opened = GitRepository(upstream.url, "main", mirror, timeout=120.0)
    yield opened
    opened.close()


@pytest.fixture(params=["memory", "gitpython"])
def site(request: pytest.FixtureRequest, clock: MemoryClock) -> Site:
    if request.param == "memory":
        return MemorySite(MemoryRepository(), MemoryPointers(clock))
    repository: GitRepository = request.getfixturevalue("repository")
    upstream: Upstream = request.getfixturevalue("upstream")
    return RealSite(upstream, repository, repository.pointers(clock))
