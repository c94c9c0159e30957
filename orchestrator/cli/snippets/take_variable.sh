no_token="the variable __VARIABLE__ holds no token"
take_token() {
  [ -n "${__VARIABLE__:-}" ] || return 1
  printf '%s\n' "$__VARIABLE__"
}
forget_token() { unset __VARIABLE__; }
