"""Somebody who edits the working clone and pushes."""

from dataclasses import dataclass

from controller.demo.folder import Folder, commit, run_git

SCENE = "Demo-Scene"


@dataclass(frozen=True)
class Developer:
    """Makes each change of the demo once: a scene that was pushed before is not pushed again."""

    folder: Folder

    def head(self) -> str:
        """The head of `main` in the bare repository."""
        return run_git(self.folder.repository, "rev-parse", "refs/heads/main").strip()

    def commit_of(self, scene: str) -> str | None:
        """The commit that a scene pushed, if it did."""
        found = run_git(
            self.folder.repository, "log", "--format=%H", f"--grep=^{SCENE}: {scene}$", "main"
        ).split()
        return found[0] if found else None

    def push(self, scene: str, subject: str, edits: dict[str, tuple[str, str] | str | None]) -> str:
        """Edit, commit and push; gives the commit.

        An edit is (old text, new text) for a file that exists, the whole text of a new file, or
        None to take the file away.
        """
        before = self.commit_of(scene)
        if before is not None:
            return before
        clone = self.folder.clone
        run_git(clone, "fetch", "--quiet", "origin")
        run_git(clone, "reset", "--quiet", "--hard", "origin/main")
        for path, edit in edits.items():
            file = clone / path
            if edit is None:
                file.unlink(missing_ok=True)
            elif isinstance(edit, str):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(edit)
            else:
                old, new = edit
                text = file.read_text()
                if old not in text:
                    raise ValueError(f"`{path}` does not say `{old}` any more")
                file.write_text(text.replace(old, new, 1))
        run_git(clone, "add", "--all")
        commit(clone, f"{subject}\n\n{SCENE}: {scene}")
        run_git(clone, "push", "--quiet", "origin", "HEAD:main")
        return run_git(clone, "rev-parse", "HEAD").strip()

    def promoted(self, path: str) -> str | None:
        """The text of a file of the promotions branch, read from the bare repository."""
        listed = run_git(
            self.folder.repository, "for-each-ref", "--format=%(refname)", "refs/heads/trueup"
        )
        if "refs/heads/trueup/promotions" not in listed:
            return None
        names = run_git(
            self.folder.repository, "ls-tree", "-r", "--name-only", "trueup/promotions"
        ).split("\n")
        if path not in names:
            return None
        return run_git(self.folder.repository, "show", f"trueup/promotions:{path}")

    def pointer(self, stage: str) -> dict[str, str]:
        """What a stage's pointer says; empty when there is none."""
        text = self.promoted(f"{stage}.yaml") or ""
        pairs = (
            line.split(": ", 1) for line in text.splitlines() if ": " in line and line[0] != "#"
        )
        return {key: value.strip().strip('"') for key, value in pairs}
