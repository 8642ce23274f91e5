#!/usr/bin/env bash
# Finds what the tests need besides Node, and installs by apt what is missing where this runs as root.
# Usage: scripts/services.sh            install what is missing, say what is there
#        scripts/services.sh --check    only say what is there
set -u
declare -A package=(
  [storescu]=dcmtk [echoscu]=dcmtk [storescp]=dcmtk [findscu]=dcmtk [dcmqrscp]=dcmtk [dcmsend]=dcmtk [dcmpschk]=dcmtk
  [dcmconv]=dcmtk [dcmcjpeg]=dcmtk
  [Orthanc]=orthanc
  [dciodvfy]=dicom3tools [DicomSRValidator]=pixelmed-apps
  [gdcmconv]=libgdcm-tools [opj_decompress]=libopenjp2-tools
  [pdftotext]=poppler-utils
  [openssl]=openssl
  [strace]=strace
  [postgres]=postgresql
  [redis-server]=redis-server [redis-cli]=redis-tools
  [systemd-analyze]=systemd
  [chromium]=chromium
  [pydicom]="python3-pydicom python3-numpy"
)
# Daemons such as Orthanc lie in sbin, which is not on everybody's path.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
# Those of PostgreSQL lie in a folder for each version.
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
# Prints where a tool is; pydicom is no program but a module of the system's python.
find_tool() {
  if [ "$1" = pydicom ]; then
    /usr/bin/python3 -c 'import pydicom, numpy; print(pydicom.__path__[0])' 2>/dev/null
  else
    command -v "$1"
  fi
}
missing=()
for tool in "${!package[@]}"; do
  find_tool "$tool" >/dev/null 2>&1 || missing+=("$tool")
done
if [ "${#missing[@]}" -gt 0 ] && [ "${1:-}" != "--check" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    wanted=$(for tool in "${missing[@]}"; do printf '%s\n' ${package[$tool]}; done | sort -u)
    echo "services: installing $(echo $wanted)" >&2
    # Debian starts what it installs as a service, and that Orthanc would hold the ports 4242 and 8042.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
      trap 'rm -f "$policy"' EXIT
    fi
    apt-get update -qq >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >&2
  fi
fi
status=0
for tool in "${!package[@]}"; do
  if place=$(find_tool "$tool"); then
    echo "services: $tool at $place" >&2
  else
    echo "services: $tool is missing (Debian package ${package[$tool]}); its tests are skipped" >&2
    status=1
  fi
done
exit "$status"
