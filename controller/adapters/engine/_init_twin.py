"""What `init` made for one workspace, given to another one of the same configuration.

`init` sees the files of configuration, never the values of variables. Where those files are word
for word the same, so is what it makes: a link to each provider, a list of modules, a lock file.
"""

import shutil
from pathlib import Path

from controller.adapters.engine import _init_stamp, _lock_file, _state_file

MADE = Path(".terraform")
MODULES = MADE / "modules" / "modules.json"


def give(donor: Path, directory: Path) -> bool:
    """Copy what `init` made; tells whether it could be. Nothing that was there is touched."""
    if (directory / MADE).exists() or (directory / _lock_file.NAME).exists():
        return False
    if not _is_portable(donor):
        return False
    # What is copied last says that all of it is there: a lock file and the stamp.
    building = directory / f"{MADE}.partial"
    shutil.rmtree(building, ignore_errors=True)
    ignored = shutil.ignore_patterns(_init_stamp.NAME.name)
    shutil.copytree(donor / MADE, building, symlinks=True, ignore=ignored)
    building.rename(directory / MADE)
    for name in (_lock_file.ASIDE, Path(_lock_file.NAME)):
        if (donor / name).is_file():
            (directory / name).parent.mkdir(mode=0o700, exist_ok=True)
            shutil.copyfile(donor / name, directory / name)
    return True


def _is_portable(donor: Path) -> bool:
    """Tell whether nothing in it is the donor's own: its place, its state, copies of providers."""
    if _state_file.is_remote(donor):
        return False
    modules = donor / MODULES
    if modules.is_file() and f'"{donor}' in modules.read_text(encoding="utf-8"):
        return False
    providers = donor / MADE / "providers"
    return all(path.is_symlink() for path in providers.glob("*/*/*/*/*"))
