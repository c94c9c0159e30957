token_file=__TOKEN_FILE__
keep_token_file=__KEEP_TOKEN_FILE__
no_token="there is no token file $token_file"
take_token() {
  [ -s "$token_file" ] || return 1
  file_is_ours "$token_file" || {
    unsafe="$token_file has to be a plain file that belongs to root and that nobody else can write"
    return 1
  }
  head -c 65536 "$token_file"
}
forget_token() { [ "$keep_token_file" = yes ] || rm -f "$token_file"; }
