#!/bin/sh
# Fetches ptxas (NVIDIA's PTX assembler) from Debian's nvidia-cuda-toolkit package into a folder; nothing is installed, /etc/apt is not
# touched. Does nothing when the folder has it already. Usage: .ci/get-ptxas.sh [FOLDER] [SUITE]; prints the path of ptxas.
# trixie has CUDA 12.4, bookworm 11.8. FOLDER: out/ptxas in the checkout unless given.
set -eu
folder=${1:-$(dirname "$0")/../out/ptxas}
suite=${2:-trixie}
ptxas=$folder/usr/bin/ptxas
if [ ! -x "$ptxas" ]; then
  mkdir -p "$folder/state/lists/partial" "$folder/state/cache/archives/partial" "$folder/download"
  folder=$(cd "$folder" && pwd)
  uri=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null || true)
  [ -n "$uri" ] || uri=$(awk '/^deb / { print $2; exit }' /etc/apt/sources.list)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite non-free" >"$folder/state/sources.list"
  set -- -oDir::Etc::SourceList="$folder/state/sources.list" -oDir::Etc::SourceParts=/dev/null \
    -oDir::State::Lists="$folder/state/lists" -oDir::Cache="$folder/state/cache"
  apt-get "$@" -q update >/dev/null
  (cd "$folder/download" && apt-get "$@" -q download nvidia-cuda-toolkit >/dev/null 2>&1)
  # Of some 200 MB only the assembler is kept.
  dpkg-deb --fsys-tarfile "$folder"/download/nvidia-cuda-toolkit_*.deb | tar -x -C "$folder" ./usr/bin/ptxas
  rm -rf "$folder/download" "$folder/state"
fi
"$ptxas" --version >/dev/null
(cd "$(dirname "$ptxas")" && echo "$PWD/ptxas")
