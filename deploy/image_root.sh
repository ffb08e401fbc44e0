#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lays out what the image holds: deploy/image_root.sh BINARY ROOT. Run by the Dockerfile, in its build stage.
# The binary, every library that it loads, and of each library's package the licence and the entry from dpkg's list, where
# scanners for known vulnerabilities look in images without a package manager (/var/lib/dpkg/status.d).
set -euo pipefail

binary=${1:?usage: deploy/image_root.sh BINARY ROOT}
root=${2:?usage: deploy/image_root.sh BINARY ROOT}

install -D "$binary" "$root/usr/bin/kodama"
# The names of functions stay, so that a crash can be read; line numbers, most of the size, stay in the build stage.
strip --strip-debug "$root/usr/bin/kodama"

# Debian has merged /lib into /usr/lib; dpkg knows some files by the one name and some by the other.
package_of() {
  local path
  path=$(realpath "$1")
  dpkg-query --search "$path" 2>/dev/null || dpkg-query --search "${path#/usr}"
}

missing=$(ldd "$binary" | grep 'not found' || true)
[[ -z "$missing" ]] || { echo "image: a library of $binary is missing: $missing" >&2; exit 1; }
mkdir -p "$root/var/lib/dpkg/status.d"
# Lines are `libz.so.1 => /lib/…/libz.so.1 (0x…)`, and for the loader `/lib64/ld-linux-x86-64.so.2 (0x…)`.
ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
  install -D "$(realpath "$library")" "$root$library"
  package=$(package_of "$library" | cut -d : -f 1 | head -n 1)
  [[ ! -e $root/var/lib/dpkg/status.d/$package ]] || continue
  dpkg-query --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done
install -D -m 644 LICENSE "$root/usr/share/doc/kodama/copyright"
install -D -m 644 broker/web/socketio/LICENSE "$root/usr/share/doc/kodama/copyright.socket.io-client"
echo "image: $(find "$root" -name '*.so*' | wc -l) libraries, $(du -sm "$root" | cut -f 1) MiB"
