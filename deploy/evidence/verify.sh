#!/bin/sh
# Checks an evidence pack of Muster's, without Muster: with a POSIX shell, openssl, sha256sum (or shasum) and tar.
#
#   sh verify.sh [--key FINGERPRINT] [--earlier OLDER-PACK] PACK
#
# FINGERPRINT: of the key that signs, as your provider told you by another way than this file came.
# Take this script from there as well, not out of a pack: who forges a pack forges the script inside.
# Exit status: 0 the pack is genuine; 1 it is not; 2 it could not be checked.
# docs/evidence.md of Muster says what the check proves, and what it does not.

# Every alternative below ends the script, and formats of printf are octal escapes alone.
# shellcheck disable=SC2015,SC2059

LC_ALL=C
export LC_ALL
umask 077

say() { printf '%s\n' "$*"; }
cannot() { say "NOT CHECKED: $*" >&2; exit 2; }
bad() { say "BAD: $*"; exit 1; }

pinned=
earlier=
pack=
while [ $# -gt 0 ]; do
  case $1 in
    --key) pinned=${2-}; [ -n "$pinned" ] || cannot "--key wants a fingerprint"; shift 2 ;;
    --earlier) earlier=${2-}; [ -n "$earlier" ] || cannot "--earlier wants a file"; shift 2 ;;
    -*) cannot "there is no $1; usage: sh verify.sh [--key FINGERPRINT] [--earlier OLDER-PACK] PACK" ;;
    *) [ -z "$pack" ] || cannot "name one pack"; pack=$1; shift ;;
  esac
done
[ -n "$pack" ] || cannot "usage: sh verify.sh [--key FINGERPRINT] [--earlier OLDER-PACK] PACK"
[ -f "$pack" ] && [ -r "$pack" ] || cannot "cannot read $pack"
if [ -n "$earlier" ]; then [ -f "$earlier" ] && [ -r "$earlier" ] || cannot "cannot read $earlier"; fi
# As some programs show it: AA:BB:CC.
pinned=$(printf '%s' "$pinned" | tr -d ': ' | tr 'A-F' 'a-f')

for tool in openssl tar dd tr sed cmp; do
  command -v $tool >/dev/null 2>&1 || cannot "this machine has no $tool"
done
if command -v sha256sum >/dev/null 2>&1; then
  sums() { sha256sum "$@"; }
elif command -v shasum >/dev/null 2>&1; then
  sums() { shasum -a 256 "$@"; }
else
  cannot "this machine has neither sha256sum nor shasum"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-evidence.XXXXXX") || cannot "there is no room for temporary files"
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM

sum_of() { sums <"$1" | { read -r sum rest; printf '%s' "$sum"; }; }
size_of() { wc -c <"$1" | tr -d ' '; }

# $octal: what printf makes the bytes of a number of 64 bits of, the highest first.
octal_of_number() {
  octal=
  for shift in 56 48 40 32 24 16 8 0; do
    byte=$((($1 >> shift) & 255))
    octal="$octal\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
  done
}
# $octal: the same of hexadecimal digits.
octal_of_hex() {
  octal=
  digits=$1
  while [ -n "$digits" ]; do
    rest=${digits#??}
    byte=$((0x${digits%"$rest"}))
    octal="$octal\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
    digits=$rest
  done
}
# $micros: of 2026-11-28T04:00:00.123456Z, since 1970. Digits that begin with 0 are no octal numbers.
micros_of() {
  case $1 in
    [0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9][0-9][0-9][0-9]Z) ;;
    *) return 1 ;;
  esac
  moment=$1
  year=$((1${moment%%-*} - 10000)); moment=${moment#*-}
  month=$((1${moment%%-*} - 100)); moment=${moment#*-}
  day=$((1${moment%%T*} - 100)); moment=${moment#*T}
  hour=$((1${moment%%:*} - 100)); moment=${moment#*:}
  minute=$((1${moment%%:*} - 100)); moment=${moment#*:}
  second=$((1${moment%%.*} - 100)); moment=${moment#*.}
  micro=$((1${moment%Z} - 1000000))
  # Years begin with March, so that leap days are at their ends.
  [ $month -gt 2 ] || year=$((year - 1))
  era=$((year / 400))
  of_era=$((year - era * 400))
  of_year=$(((153 * ((month + 9) % 12) + 2) / 5 + day - 1))
  days=$((era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468))
  micros=$((((days * 24 + hour) * 60 + minute) * 60 + second))
  micros=$((micros * 1000000 + micro))
}

is_hex64() { # exactly 64 lower-case hexadecimal digits
  case $1 in *[!0-9a-f]*) return 1 ;; esac
  [ ${#1} -eq 64 ]
}
value() { sed -n "s/^  \"$1\": \"\\(.*\\)\",\$/\\1/p" "$dir/manifest.json"; }
number() { sed -n "s/^  \"$1\": \\([0-9]*\\),\$/\\1/p" "$dir/manifest.json"; }

# ---- the whole file: nothing in it is believed before its signature fits ----
open_pack() { # file, folder to make
  file=$1
  dir=$2
  mkdir "$dir" || cannot "there is no room for temporary files"
  size=$(size_of "$file")
  [ $((size % 512)) -eq 0 ] && [ "$size" -ge 3072 ] || bad "it is no evidence pack, or it is cut off"
  blocks=$((size / 512))
  dd if="$file" of="$dir/.end" bs=512 skip=$((blocks - 2)) 2>/dev/null || cannot "cannot read $file"
  [ "$(tr -d '\000' <"$dir/.end" | wc -c | tr -d ' ')" -eq 0 ] || bad "its end is not the end of a pack"
  dd if="$file" of="$dir/.block" bs=512 skip=$((blocks - 3)) count=1 2>/dev/null || cannot "cannot read $file"
  dd if="$file" of="$dir/.signed" bs=512 count=$((blocks - 3)) 2>/dev/null || cannot "there is no room for temporary files"
  hex=$(sed -n 's/^muster evidence signature 1 \([0-9a-f]*\) *$/\1/p' "$dir/.block")
  [ -n "$hex" ] && [ ${#hex} -le 160 ] && [ $((${#hex} % 2)) -eq 0 ] || bad "there is no signature in it"
  printf '%-511s\n' "muster evidence signature 1 $hex" | cmp -s - "$dir/.block" ||
    bad "the signature is not in the form that Muster writes"
  octal_of_hex "$hex"
  printf "$octal" >"$dir/.signature"
  printf 'muster evidence pack 1: %s\n' "$(sum_of "$dir/.signed")" >"$dir/.statement"

  tar -xOf "$file" key.pem >"$dir/key.pem" 2>/dev/null && [ -s "$dir/key.pem" ] || bad "there is no key in it"
  openssl pkey -pubin -in "$dir/key.pem" -outform DER -out "$dir/.key" 2>/dev/null || bad "its key.pem is no key"
  key=$(sum_of "$dir/.key")
  if [ -n "$pinned" ] && [ "$key" != "$pinned" ]; then
    bad "it is signed by another key, $key"
  fi
  openssl dgst -sha256 -verify "$dir/key.pem" -signature "$dir/.signature" "$dir/.statement" >/dev/null 2>&1 ||
    bad "the signature does not fit: something in it was changed"
  rm -f "$dir/.signed"
}

# ---- the files inside ----
check_files() {
  tar -xOf "$file" manifest.json >"$dir/manifest.json" 2>/dev/null || bad "there is no manifest in it"
  [ "$(value format)" = "muster evidence 1" ] ||
    cannot "it is of another form than this script knows; take the script of a newer Muster"
  [ "$(value key)" = "$key" ] || bad "its manifest names another key"
  tenant=$(value tenant)
  sed -n 's/^    {"name": "\([A-Za-z.]*\)", "bytes": [0-9]*, "sha256": "\([0-9a-f]*\)"},\{0,1\}$/\2  \1/p' \
    "$dir/manifest.json" >"$dir/.sums"
  { echo manifest.json; sed 's/^.*  //' "$dir/.sums"; echo signature; } >"$dir/.names"
  tar -tf "$file" 2>/dev/null | cmp -s - "$dir/.names" ||
    bad "the files inside are not those that the manifest lists"
  while read -r sum name; do
    tar -xOf "$file" "$name" >"$dir/$name" 2>/dev/null || bad "cannot read its file $name"
    [ "$(sum_of "$dir/$name")" = "$sum" ] || bad "its file $name is not the one that the manifest lists"
  done <"$dir/.sums"
  for name in audit.txt receipts.csv key.pem; do
    [ -f "$dir/$name" ] || bad "there is no $name in it"
  done
}

# ---- hashes of many small texts: each in a file of its own, checked together ----
begin_texts() { texts=0; rm -rf "$dir/texts"; mkdir "$dir/texts"; : >"$dir/.expected"; }
expect() { # name, hash: the text is in $dir/texts/name
  printf '%s  %s\n' "$2" "$1" >>"$dir/.expected"
  texts=$((texts + 1))
  [ $texts -lt 500 ] || check_texts
}
check_texts() {
  [ $texts -gt 0 ] || return 0
  (cd "$dir/texts" && sums -c ../.expected >../.checked 2>/dev/null) || {
    wrong=$(sed -n '/: OK$/d; s/: .*$//; p; q' "$dir/.checked")
    [ -n "$wrong" ] || cannot "this machine's sha256sum checks no lists"
    bad "$what $wrong is altered$otherwise"
  }
  begin_texts
}

# ---- the customer's chain of audit events ----
# link = SHA-256(link before, sequence, time, and five texts, each behind its length)
check_events() {
  what=event otherwise=", or one before it is missing"
  begin_texts
  link=$(value link_before)
  is_hex64 "$link" || bad "its manifest is altered"
  events=0 without=0 first=0 last=0 holds=no
  [ "$link" != "$wanted_link" ] || holds=yes
  while IFS='|' read -r sequence time actor action subject owner detail this more; do
    case $sequence in '' | *[!0-9]*) bad "line $((events + 1)) of audit.txt is no event" ;; esac
    [ -z "$more" ] && micros_of "$time" || bad "line $((events + 1)) of audit.txt is no event"
    [ "$sequence" -gt "$last" ] && [ "$owner" = "$tenant" ] || bad "event $sequence has no place in this chain"
    events=$((events + 1))
    [ "$first" -ne 0 ] || first=$sequence
    last=$sequence
    if [ -z "$this" ]; then
      without=$((without + 1))
      [ $without -eq $events ] || bad "event $sequence has lost its link"
      continue
    fi
    is_hex64 "$this" || bad "line $events of audit.txt is no event"
    octal_of_hex "$link"; bytes=$octal
    octal_of_number "$sequence"; bytes=$bytes$octal
    octal_of_number "$micros"; bytes=$bytes$octal
    {
      printf "$bytes"
      for text in "$actor" "$action" "$subject" "$owner" "$detail"; do
        case $text in
          *\\*) text=$(printf '%b.' "$text"); text=${text%.} ;;
        esac
        octal_of_number ${#text}
        printf "$octal"
        printf '%s' "$text"
      done
    } >"$dir/texts/$sequence"
    expect "$sequence" "$this"
    link=$this
    [ "$sequence|$link" != "$wanted_event|$wanted_link" ] || holds=yes
  done <"$dir/audit.txt"
  check_texts
  [ $events -eq "$(number events)" ] && [ $without -eq "$(number events_without_link)" ] &&
    [ "$first" -eq "$(number first_event)" ] && [ "$last" -eq "$(number last_event)" ] &&
    [ "$link" = "$(value link)" ] || bad "the chain does not end where the manifest says"
}

# ---- the receipts: a hash at the end of each line ----
check_receipts() {
  what="the receipt in line" otherwise=
  begin_texts
  lines=0
  while IFS= read -r line; do
    lines=$((lines + 1))
    [ $lines -gt 1 ] || continue
    printf '%s' "${line%,*}" >"$dir/texts/$lines"
    is_hex64 "${line##*,}" || bad "the receipt in line $lines is altered"
    expect "$lines" "${line##*,}"
  done <"$dir/receipts.csv"
  check_texts
  [ $lines -eq $(($(number receipts) + 1)) ] || bad "there are not as many receipts as the manifest says"
}

wanted_event=0
wanted_link=none
if [ -n "$earlier" ]; then
  # bad() ends the script; of which pack it speaks is said first.
  (open_pack "$earlier" "$work/earlier" && check_files && check_events && check_receipts &&
    printf '%s|%s|%s\n' "$last" "$link" "$tenant" >"$work/end") >"$work/said" ||
    { status=$?; say "Of the earlier pack:"; cat "$work/said"; exit $status; }
  IFS='|' read -r wanted_event wanted_link wanted_tenant <"$work/end"
fi
open_pack "$pack" "$work/pack"
check_files
check_events
check_receipts
if [ -n "$earlier" ]; then
  [ "$tenant" = "$wanted_tenant" ] || bad "the earlier pack is about another customer, $wanted_tenant"
  [ $holds = yes ] || bad "event $wanted_event, with which the earlier pack ends, is not in this one as it was: take a pack" \
    "whose --since lies before the end of the earlier one. If this is one, the log was changed"
fi

say "customer    $tenant"
say "period      $(value since) to $(value made)"
say "made by     the orchestrator $(value orchestrator), Muster $(value muster_version), for $(value taken_by)"
say "signed by   the key $key"
say "audit log   $events events of this customer, $first to $last, in one unbroken chain"
[ $without -eq 0 ] || say "            the first $without of them are from before events had links: the signature alone vouches for them"
say "receipts    $(number receipts)"
[ -z "$earlier" ] || say "earlier     all that $earlier tells is in this chain as it was"
if [ -n "$pinned" ]; then
  say "GENUINE: it is what the holder of that key has signed, to the last byte."
else
  say "WHOLE: it is what the holder of that key has signed, to the last byte. No fingerprint was given:"
  say "anybody could have made this pack with a key of their own. Ask your provider for the fingerprint by"
  say "another way and give it with --key."
fi
