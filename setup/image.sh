#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the container image (deploy/Dockerfile) with docker, podman or buildah, whichever is there and works.
# IMAGE: its name, kodama:<version> unless given. BASE: the Debian 12 image to build on. BUILDER: one of the three.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

works() {
  case "$1" in
    docker) command -v docker >/dev/null && docker info >/dev/null 2>&1 ;;  # a client may be there without its daemon
    podman | buildah) command -v "$1" >/dev/null && "$1" info >/dev/null 2>&1 ;;
    *) echo "image: BUILDER is docker, podman or buildah, not $1" >&2; exit 2 ;;
  esac
}

builder=${BUILDER:-}
for candidate in ${builder:-docker podman buildah}; do
  if works "$candidate"; then builder=$candidate; break; fi
done
if [[ -z "$builder" ]] || ! works "$builder"; then
  echo "image: ${builder:-neither docker nor podman nor buildah} is here and works. Install one of them; on Debian:" \
    "apt-get install buildah (or podman, or docker.io)" >&2
  exit 1
fi

version=$(sed -n 's/^project(kodama VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
revision=$(git describe --always --dirty --abbrev=40 --match '' 2>/dev/null || echo unknown)
image=${IMAGE:-kodama:$version}
arguments=(--file deploy/Dockerfile --tag "$image" --build-arg "VERSION=$version" --build-arg "REVISION=$revision")
[[ $builder != buildah ]] || arguments+=(--layers)  # the others keep what they built without being told
[[ -z "${BASE:-}" ]] || arguments+=(--build-arg "BASE=$BASE")
echo "image: $builder builds $image${BASE:+ on $BASE}"
"$builder" build "${arguments[@]}" .
echo "image: $image is there"
