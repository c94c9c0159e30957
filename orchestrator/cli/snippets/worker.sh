#!/bin/sh
# shellcheck disable=SC2317
# Installs the Muster worker on this machine, enrolls it and starts it: as root, without a person, as often as you like.
# Made by 'muster token snippet --for __FOR__'. It holds no secret.
__WHERE__
# The last line of its output is for programs, and the exit code says the same:
#   muster: result=RESULT code=CODE server=SERVER exit=EXIT
#   0  enrolled, already-enrolled, pending (an operator has to admit it)     14 refused (CODE says why)
#   10 no-token           11 download-failed      12 wrong-hash              15 unreachable (try again later)
#   13 install-failed     17 not-root             19 unsupported-system      16 timeout
#   18 not-started        20 unsafe-token-file    21 interrupted
# Proxy of the download: the variables https_proxy, http_proxy and no_proxy. The worker itself dials out directly.
set -u
umask 077
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
DEBIAN_FRONTEND=noninteractive
export PATH LC_ALL DEBIAN_FRONTEND

package_url=__PACKAGE_URL__
package_sha256=__PACKAGE_SHA256__
package_kind=__PACKAGE_KIND__
time_limit=__TIME_LIMIT__ # Seconds, for all of it.
retry_pause=5             # Seconds, where something may be over soon.

started=$(date +%s)
scratch='' watched='' calls=0 server='' unsafe=''

__TAKE_TOKEN__
say() { printf 'muster: %s\n' "$*" >&2; }

clean_up() {
  trap '' HUP INT TERM
  [ -z "$watched" ] || kill "$watched" 2>/dev/null
  [ -z "$scratch" ] || rm -rf "$scratch"
  forget_token
}

# RESULT CODE EXIT: the last line, and the end.
finish() {
  clean_up
  printf 'muster: result=%s code=%s server=%s exit=%s\n' "$1" "${2:--}" "${server:--}" "$3"
  exit "$3"
}

seconds_left() { echo $((started + time_limit - $(date +%s))); }

# Runs a command, which reads nothing and writes to $scratch/out, until the time is up. 124: it was.
limited() {
  [ "$(seconds_left)" -gt 0 ] || : >"$scratch/late"
  [ ! -e "$scratch/late" ] || return 124
  calls=$((calls + 1))
  "$@" </dev/null >"$scratch/out" 2>&1 &
  watched=$!
  # Looks at a file instead of hearing signals: shells lose those that come early.
  : >"$scratch/call.$calls"
  (
    while [ -e "$scratch/call.$calls" ]; do
      if [ "$(seconds_left)" -le 0 ]; then
        : >"$scratch/late"
        kill "$watched"
        sleep 5
        [ ! -e "$scratch/call.$calls" ] || kill -KILL "$watched"
        exit
      fi
      sleep 1
    done
  ) </dev/null >/dev/null 2>&1 &
  status=0
  wait "$watched" || status=$?
  watched=''
  rm -f "$scratch/call.$calls"
  [ ! -e "$scratch/late" ] || return 124
  return "$status"
}

# Whether there is time for another try; waits until it is due.
may_retry() {
  [ "$(seconds_left)" -gt "$retry_pause" ] || return 1
  sleep "$retry_pause"
}

show_output() { sed 's/^/  /' "$scratch/out" >&2; }

# "E-TOKEN-EXPIRED" of "muster-worker: E-TOKEN-EXPIRED: ..."; nothing where there is no code.
code_in_output() {
  awk 'match($0, /E-[A-Z]+(-[A-Z]+)*/) { print substr($0, RSTART, RLENGTH); exit }' "$scratch/out"
}

# Where a program of the machine is. By hand: a busybox shell takes its own dpkg and rpm for it otherwise.
program() {
  old_ifs=$IFS
  IFS=:
  for folder in $PATH; do
    [ -x "$folder/$1" ] && [ ! -d "$folder/$1" ] && printf '%s\n' "$folder/$1" && break
  done
  found_one=$?
  IFS=$old_ifs
  return "$found_one"
}
worker() { program muster-worker; }

# Several ways for RMMs to spoil a text: BOM, UTF-16, CRLF, "\n" in letters. What is left is ASCII.
tidy_token() { tr -d '\000\015' | sed 's/\\[nr]/ /g'; }

# A token file decides whom this machine believes, so nobody but root may have written it.
file_is_ours() {
  [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] || return 1
  # shellcheck disable=SC2012
  case $(ls -ldn "$1" | cut -d ' ' -f 1) in
    -????-??-?*) return 0 ;;
    *) return 1 ;;
  esac
}

# This and install_package run in a process of their own, which exec makes the program's: what ends it ends the program.
fetch() {
  case $package_url in
    /*) exec cp "$package_url" "$scratch/package" ;;
    *)
      if command -v curl >/dev/null 2>&1; then
        exec curl -q --fail --silent --show-error --location --connect-timeout 20 --output "$scratch/package" "$package_url"
      elif command -v wget >/dev/null 2>&1; then
        exec wget -q -T 30 -O "$scratch/package" "$package_url"
      else
        echo "neither curl nor wget is here" && return 1
      fi
      ;;
  esac
}

hash_of_package() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum <"$scratch/package" | cut -d ' ' -f 1
  else
    openssl dgst -sha256 -r <"$scratch/package" | cut -d ' ' -f 1
  fi
}

install_package() {
  case $package_kind in
    deb) exec "$(program dpkg)" --force-confdef --force-confold -i "$scratch/package.deb" ;;
    rpm) exec "$(program rpm)" -U --replacepkgs "$scratch/package.rpm" ;;
  esac
}

bring_worker() {
  case $package_kind in
    deb) tool=dpkg ;;
    *) tool=rpm ;;
  esac
  program "$tool" >/dev/null || {
    say "this machine has no $tool; make the script with another --package-url"
    finish unsupported-system '' 19
  }
  say "fetching the package"
  until limited fetch; do
    [ ! -e "$scratch/late" ] || finish timeout '' 16
    show_output
    may_retry || finish download-failed '' 11
  done
  found=$(hash_of_package)
  [ "$found" = "$package_sha256" ] || {
    say "the package's SHA-256 is $found instead of $package_sha256; nothing was installed"
    finish wrong-hash '' 12
  }
  mv "$scratch/package" "$scratch/package.$package_kind"
  say "installing"
  until limited install_package; do
    [ ! -e "$scratch/late" ] || finish timeout '' 16
    show_output
    # Another installation may hold the package manager's lock for minutes.
    grep -qi 'lock' "$scratch/out" || finish install-failed '' 13
    may_retry || finish install-failed '' 13
  done
  worker >/dev/null || {
    say "the package brought no muster-worker"
    finish install-failed '' 13
  }
}

# What the worker said of whom it is.
read_server() { server=$(sed -n 's/^.*nrolled as \([^ ]*\) in zone .*$/\1/p' "$scratch/out" | head -n 1); }

enroll() {
  result=enrolled
  until limited "$(worker)" enroll --token-file "$scratch/token"; do
    [ ! -e "$scratch/late" ] || finish timeout '' 16
    show_output
    code=$(code_in_output)
    case $code in
      '' | E-CLOCK-SKEW | E-BOOTSTRAP-RATE-LIMITED | E-SYSTEM-DATA-DIR-BUSY)
        may_retry || finish unreachable "$code" 15
        ;;
      *) finish refused "$code" 14 ;;
    esac
  done
  show_output
  read_server
  ! grep -q '^Already enrolled' "$scratch/out" || result=already-enrolled
  ! grep -q 'waits for an operator' "$scratch/out" || result=pending
}

# Without a token: a machine that is enrolled and not refused has what it needs.
look() {
  limited "$(worker)" status || return 1
  ! grep -Eq '^(refused|problem) ' "$scratch/out" || return 1
  server=$(sed -n 's/^server  *//p' "$scratch/out" | head -n 1)
  result=already-enrolled
}

start_worker() {
  systemctl=$(program systemctl) || {
    say "there is no systemd here: have '$(worker) run' started at boot"
    finish not-started '' 18
  }
  if limited "$systemctl" start muster-worker.service && limited "$systemctl" is-active --quiet muster-worker.service; then
    return
  fi
  [ ! -e "$scratch/late" ] || finish timeout '' 16
  show_output
  finish not-started '' 18
}

main() {
  [ "$(id -u)" = 0 ] || finish not-root '' 17
  trap 'finish interrupted "" 21' HUP INT TERM
  # In memory where there is a place for it: what is written there is gone with the power.
  for place in /run "${TMPDIR:-/tmp}"; do
    scratch=$(mktemp -d "$place/muster-enroll.XXXXXX" 2>/dev/null) && break
    scratch=''
  done
  [ -n "$scratch" ] || {
    say "no folder for temporary files"
    finish install-failed '' 13
  }
  if take_token >"$scratch/raw"; then
    tidy_token <"$scratch/raw" >"$scratch/token"
    rm -f "$scratch/raw"
    worker >/dev/null || bring_worker
    enroll
  elif [ -n "$unsafe" ]; then
    say "$unsafe"
    finish unsafe-token-file '' 20
  elif worker >/dev/null && look; then
    say "no token, and none is needed"
  else
    say "$no_token"
    finish no-token '' 10
  fi
  start_worker
  finish "$result" '' 0
}

main
