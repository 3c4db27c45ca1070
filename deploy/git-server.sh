#!/bin/sh
# Makes a Git repository of the example once, and serves it. There are no logins: whoever reaches the
# port may push. docker-compose.yml therefore offers it to this machine only.
set -eu
root=${1:-/srv/git}
port=${2:-9418}
repository=$root/platform-config.git
here=$(dirname "$0")

if [ ! -e "$repository/trueup-ready" ]; then
    rm -rf "$repository" "$root/.new"
    mkdir -p "$root/.new/work"
    python - "$root/.new/work" <<'END'
import sys
from pathlib import Path

from controller import shipped

for name, content in shipped.example().items():
    file = Path(sys.argv[1], name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
END
    cp "$here/secret-stores.yaml" "$root/.new/work/platform/secret-stores.yaml"
    cd "$root/.new/work"
    git init --quiet --initial-branch=main
    git add --all
    git -c user.name=Trueup -c user.email=trueup@localhost commit --quiet --message "The example, with secrets in OpenBao"
    git clone --quiet --bare . ../bare.git
    cd ../bare.git
    git remote remove origin
    touch trueup-ready
    cd "$root"
    mv .new/bare.git "$repository"
    rm -rf .new
fi
exec git daemon --reuseaddr --export-all --enable=receive-pack --base-path="$root" --port="$port" "$root"
