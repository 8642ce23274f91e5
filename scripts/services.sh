#!/usr/bin/env bash
# Finds what the tests need besides Node, and installs by apt what is missing where this runs as root.
# Usage: scripts/services.sh            install what is missing, say what is there
#        scripts/services.sh --check    only say what is there
set -u
declare -A package=(
  [storescu]=dcmtk [echoscu]=dcmtk [storescp]=dcmtk
  [dciodvfy]=dicom3tools
  [strace]=strace
  [chromium]=chromium
)
missing=()
for tool in "${!package[@]}"; do
  command -v "$tool" >/dev/null 2>&1 || missing+=("$tool")
done
if [ "${#missing[@]}" -gt 0 ] && [ "${1:-}" != "--check" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    wanted=$(for tool in "${missing[@]}"; do echo "${package[$tool]}"; done | sort -u)
    echo "services: installing $(echo $wanted)" >&2
    apt-get update -qq >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >&2
  fi
fi
status=0
for tool in "${!package[@]}"; do
  if command -v "$tool" >/dev/null 2>&1; then
    echo "services: $tool at $(command -v "$tool")" >&2
  else
    echo "services: $tool is missing (Debian package ${package[$tool]}); its tests are skipped" >&2
    status=1
  fi
done
exit "$status"
