#!/bin/sh
# install.sh LOCK: the packages of a lock file, and this project, into .venv.
# uv takes a fifth of pip's processor time, and every core. Where it does not get through, pip does it alone.
set -eu
lock=$1 python=.venv/bin/python tool=.venv/uv log=.venv/install.log
trap 'rm -rf "$tool"' EXIT

# What pip is told on this machine of where packages come from: uv has other names for it.
told() { sed -nE "s/^(:env:|global|install)\.$1='(.*)'\$/\2/p" "$tool/pip.conf" | head -n 1 | sed 's/\\n/ /g; s/^ *//'; }
take() { value=$(told "$2"); [ -z "$value" ] || eval "export $1=\"\${$1:-\$value}\""; }
settings() {
  "$python" -m pip config list >"$tool/pip.conf"
  take UV_DEFAULT_INDEX index-url
  take UV_INDEX extra-index-url
  take UV_FIND_LINKS find-links
  take UV_INSECURE_HOST trusted-host
  take UV_NO_INDEX no-index
  take SSL_CERT_FILE cert
  take ALL_PROXY proxy
  export UV_INDEX_STRATEGY=unsafe-best-match UV_HTTP_RETRIES=1 UV_CACHE_DIR="$tool/cache" UV_NO_PROGRESS=1
}

with_uv() {
  mkdir -p "$tool"
  settings
  uv=$(command -v uv) || {
    "$python" -m pip install --quiet --no-compile --only-binary :all: --target "$tool" --require-hashes -r requirements-uv.lock
    uv=$tool/bin/uv
  }
  "$uv" pip install --quiet --python "$python" --no-deps --require-hashes -r "$lock" &&
    "$uv" pip install --quiet --python "$python" --no-deps --no-build-isolation -e .
}

with_pip() {
  "$python" -m pip install --quiet --no-compile --no-deps --require-hashes -r "$lock" &&
    "$python" -m pip install --quiet --no-compile --no-deps --no-build-isolation -e .
}

(with_uv) 2>"$log" || with_pip 2>>"$log" || {
  tail -n 1 "$log" >&2
  echo "The packages could not be installed. Is there a network? The whole report is in $log" >&2
  exit 1
}
