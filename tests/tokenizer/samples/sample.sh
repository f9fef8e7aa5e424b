#!/usr/bin/env bash
set -euo pipefail
IFS=$'\n\t'

readonly ROOT="${1:-$(cd "$(dirname "$0")/.." && pwd)}"
declare -A seen=()

while IFS= read -r -d '' file; do
  [[ -n "${seen[$file]+x}" || ! -s $file ]] && continue
  seen["$file"]=$(( $(wc -l < "$file") + 1 ))
  printf '%-40s %6d\n' "${file#"$ROOT"/}" "${seen[$file]}" >&2
done < <(find "$ROOT" -type f \( -name '*.sh' -o -name '*.py' \) -print0 2>/dev/null)

cat <<'END' | sed -E 's/([0-9]+)$/<\1>/g'
total $((1+2)) 100%
END
