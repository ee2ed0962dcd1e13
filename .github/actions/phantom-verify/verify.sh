#!/usr/bin/env bash
# The step of action.yml, which says what the variables mean. Exit code: that of phantom audit
# verify or gate, but 0 for 3 when the caller chose to be warned; 2 for an input that makes no sense.
set -uo pipefail

title="title=phantom audit verify"

case "$VERIFY_INDETERMINATE" in
  fail | warn) ;;
  *) echo "::error $title::the input indeterminate is neither fail nor warn"; exit 2 ;;
esac
if [[ -z "$VERIFY_PINS$VERIFY_KEY" ]]; then
  echo "::error $title::neither pins nor key: without a key kept apart nothing is certain"
  exit 2
fi

given=0
for subject in "$VERIFY_BUNDLE" "$VERIFY_BACKUP" "$VERIFY_TILES"; do
  [[ -z "$subject" ]] || given=$((given + 1))
done
if ((given > 1)); then
  echo "::error $title::bundle, backup and tiles: give one"
  exit 2
fi
if [[ -n "$VERIFY_POLICY" && "$given" != 0 ]]; then
  echo "::error $title::policy is for a ledger"
  exit 2
fi

# A gate verifies before it looks at anything, with the same flags.
command=(audit verify)
[[ -z "$VERIFY_POLICY" ]] || command=(audit gate --policy "$VERIFY_POLICY")
arguments=()
[[ -z "$VERIFY_PINS" ]] || arguments+=(--pins "$VERIFY_PINS")
[[ -z "$VERIFY_KEY" ]] || arguments+=(--key "$VERIFY_KEY")
if [[ -n "$VERIFY_BUNDLE" ]]; then
  arguments+=(--bundle "$VERIFY_BUNDLE")
elif [[ -n "$VERIFY_BACKUP" ]]; then
  arguments+=(--backup "$VERIFY_BACKUP")
elif [[ -n "$VERIFY_TILES" ]]; then
  arguments+=(--tiles "$VERIFY_TILES")
else
  arguments+=(--ledger "$VERIFY_LEDGER")
  [[ "$VERIFY_INCREMENTAL" != true ]] || arguments+=(--incremental)
fi
while IFS= read -r file; do
  [[ -z "$file" ]] || arguments+=(--against "$file")
done <<<"$VERIFY_AGAINST"
if [[ -n "$VERIFY_TRUST_STATE" && -z "$VERIFY_BUNDLE" ]]; then
  arguments+=(--trust-state "$VERIFY_TRUST_STATE")
  # What a pull request brings must not decide what later runs trust.
  if [[ "$VERIFY_UPDATE_TRUST" == true && "${GITHUB_EVENT_NAME:-}" != pull_request* ]]; then
    arguments+=(--update-trust)
  fi
fi

mkdir -p "$VERIFY_REPORTS" || exit 74
text="$VERIFY_REPORTS/verify.txt"
json="$VERIFY_REPORTS/verify.json"
sarif="$VERIFY_REPORTS/verify.sarif"
junit="$VERIFY_REPORTS/verify.junit.xml"
rm -f "$text" "$json" "$sarif" "$junit" || exit 74

"$VERIFY_PHANTOM" "${command[@]}" "${arguments[@]}" --format text -o "$text" --format json -o "$json" \
  --format sarif -o "$sarif" --format junit -o "$junit" --format github
code=$?

verdict=ERROR
[[ "$code" != 3 ]] || verdict=INDETERMINATE
if [[ -s "$text" ]]; then
  verdict="$(head -n 1 "$text" | cut -d ' ' -f 1)"
else
  echo "::error $title::ended with exit code $code and no report; the log says why"
fi

# The text report is escaped: no line of it is other than it seems.
head_line="$(sed -n 's/^head: \([0-9]*\) events\{0,1\}, root \([0-9a-f]*\)$/\1 \2/p' "$text" 2>/dev/null)"
existing() { [[ ! -s "$1" ]] || printf '%s' "$1"; }
{
  printf 'verdict=%s\nexit-code=%s\n' "$verdict" "$code"
  printf 'size=%s\nroot=%s\n' "${head_line% *}" "${head_line#* }"
  printf 'sarif=%s\njunit=%s\n' "$(existing "$sarif")" "$(existing "$junit")"
} >>"$GITHUB_OUTPUT"
{
  printf '### phantom audit verify: %s\n\n' "$verdict"
  # An indented block: nothing in it is markup. A summary may have 1 MiB.
  [[ ! -s "$text" ]] || head -c 200000 "$text" | sed 's/^/    /'
  echo
} >>"$GITHUB_STEP_SUMMARY"

if [[ "$code" == 3 && "$VERIFY_INDETERMINATE" == warn ]]; then
  echo "::warning $title::INDETERMINATE is accepted here: nothing contradicts, and nothing is proven"
  exit 0
fi
exit "$code"
