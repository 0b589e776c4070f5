# --- The acceptance test of the whole: a question, asked as a user asks it ----------------------------------------------------------

# A text inside the quotes of JSON.
json() {
  local text=$1 i one out=''
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  for ((i = 0; i < ${#text}; i++)); do
    one=${text:i:1}
    if [[ $one == [[:cntrl:]] ]]; then printf -v one '\\u%04x' "'$one"; fi
    out+=$one
  done
  printf '%s' "$out"
}

# The first text or number of a key in an answer.
field() { # answer, key
  local pattern="\"$2\" *: *(\"((\\\\.|[^\"\\\\])*)\"|-?[0-9][0-9.eE+-]*)"
  [[ $1 =~ $pattern ]] || return 0
  local text=${BASH_REMATCH[2]}
  if [[ ${BASH_REMATCH[1]} != \"* ]]; then
    printf '%s' "${BASH_REMATCH[1]}"
    return
  fi
  # What JSON escapes and `%b` does not know; an escaped backslash first, so that it escapes nothing any more.
  text=${text//\\\\/\\x5c}
  text=${text//\\\"/\"}
  printf '%b' "${text//\\\//\/}"
}

verify() {
  step='verify'
  # shellcheck disable=SC2034 # the lines that `talk` runs read `body`: what is secret goes through stdin, never through an argument
  local body answer token='' curl signed socket trust='' said
  [[ $chat_host ]] || fail 'the platform has no Open WebUI: there is nobody to talk to'
  [[ $chat_model ]] || fail 'the platform has no model that chats'
  curl="$(q curl --proto '=https' --proto-redir '=https' --silent --show-error --fail-with-body --max-time 600 --header 'Content-Type: application/json')"
  # Both trust the same, and openssl says nothing but what is wrong.
  socket="$(q openssl s_client -quiet -verify_quiet -connect "$chat_host:443" -servername "$chat_host")"
  if [[ $issuer != production ]]; then
    # The password goes to nobody who has not the certificate that is in the cluster.
    if [[ $dry || $(look --namespace "$chat_namespace" get secret openwebui-tls --output=name) ]]; then
      say "verify: not everybody trusts who issues the certificates ($issuer): it has to be the one in the cluster"
      trust="<($(q kubectl --namespace "$chat_namespace" get secret openwebui-tls --output 'jsonpath={.data.tls\.crt}') | base64 --decode)"
      curl+=" --cacert $trust"
      socket+=" -CAfile $trust -partial_chain"
    elif [[ $insecure ]]; then
      warn 'the certificate is not checked: whoever answers gets the password'
      curl+=' --insecure'
    else
      fail "not everybody trusts who issues the certificates ($issuer), and this cluster has none to compare it with ($KUBECONFIG): run it on the node as root, or send the password to whoever answers, with --insecure"
    fi
  fi
  if [[ ! $insecure || $trust || $issuer == production ]]; then
    socket+=" $(q -verify_return_error -verify_hostname "$chat_host")"
  fi
  if [[ ! $dry ]]; then
    [[ $email ]] || { [[ ! $yes && -t 0 ]] || fail 'ESPALIER_EMAIL is needed' && read -rp 'e-mail: ' email; }
    if [[ ! $password && $password_file ]]; then password=$(<"$password_file"); fi
    [[ $password ]] || hidden password 'password'
  fi
  body="{\"email\": \"$(json "$email")\", \"password\": \"$(json "$password")\"}"
  say "verify: signing in at https://$chat_host"
  answer=$(talk "$curl $(q "https://$chat_host/api/v1/auths/signin")"' --data-binary @- <<<"$body"')
  if [[ ! $dry ]]; then
    token=$(field "$answer" token)
    [[ $token =~ ^[A-Za-z0-9._~+/=-]+$ ]] || fail 'signed in, and got no token'
  fi
  signed="$curl"' --config <(printf '\''header = "Authorization: Bearer %s"\n'\'' "$token")'
  answer=$(talk "$signed $(q "https://$chat_host/api/models")")
  if [[ ! $dry ]]; then listed "$answer"; fi
  say "verify: asking $chat_model as a browser does (a model that is not in memory is loaded first)"
  ask_as_browser
  if [[ $dry ]]; then return; fi
  judge_prompt
  # Where a model thinks first, what it says comes after.
  said=${frame_text##*\"message\"}
  said=$(field "$said" text | clean 200 | tr '\n' ' ')
  [[ ${said// /} ]] || fail "no answer from $chat_model: $(clean 300 <<<"$frame_text")"
  say "verify: $chat_model answered: $said"
  say "verify: $(speed) tokens a second, with $(prompt_tokens) tokens read (at most $chat_prompt_tokens)"
}

# The models that the chat offers have the one that is asked.
listed() { # answer of /api/models
  local pattern
  pattern="\"id\" *: *\"$(json "$chat_model" | sed 's/[].[*^$+?(){}|\\]/\\&/g')\""
  [[ $1 =~ $pattern ]] || fail "Open WebUI does not offer $chat_model: it offers $(
    offered=$(grep -o '"id" *: *"[^"]*"' <<<"$1" | cut -d '"' -f 4 | tr '\n' ' ' | clean 200) || true
    printf '%s' "${offered:-no model at all: Ollama does not answer it}"
  )"
}

# Says who speaks, as a page does when it is loaded: from then on what is meant for this person comes here.
introduced=''
introduce() {
  receive && send "40{\"token\":\"$token\"}" && receive || return 1
  introduced=$frame_text
  send "420[\"user-join\",{\"auth\":{\"token\":\"$token\"}}]" || return 1
  until [[ $frame_text == 430* ]]; do receive || return 1; done
}

# A question through the socket and with its session, as no API call has them: only then does Open WebUI add to it what it adds in a
# browser, and only then does the answer come that way. The chat is a temporary one, which nobody finds in his list. The last event is
# in `frame_text`.
ask_as_browser() {
  # shellcheck disable=SC2034 # see above
  local body session='' message='' answer
  if [[ $dry ]]; then
    printf '%s </dev/null\n' "$socket"
  else
    socket_until=$((SECONDS + 600))
    socket_open "$socket" "$chat_host" '/ws/socket.io/?EIO=4&transport=websocket'
    introduce || fail "the socket opened, and nobody speaks socket.io on it: $(clean 200 <<<"${frame_text:-no word}")"
    session=$(field "$introduced" sid)
    [[ $session =~ ^[A-Za-z0-9_-]+$ ]] || fail "the socket gave no session: $(clean 200 <<<"$introduced")"
    message=$(</proc/sys/kernel/random/uuid)
  fi
  # shellcheck disable=SC2034
  body="{\"model\": \"$(json "$chat_model")\", \"stream\": true, \"session_id\": \"$session\", \"chat_id\": \"local:$session\", \"id\": \"$message\", \"messages\": [{\"role\": \"user\", \"content\": \"Name three colours.\"}]}"
  answer=$(talk "$signed $(q "https://$chat_host/api/chat/completions")"' --data-binary @- <<<"$body"')
  if [[ $dry ]]; then return; fi
  while receive; do
    [[ $frame_text == *"\"$message\""* ]] || continue
    case $frame_text in
      *'"chat:message:error"'* | *'"chat:tasks:cancel"'*)
        said=$(field "$frame_text" content)
        fail "no answer from $chat_model: $(clean 300 <<<"${said:-$frame_text}")"
        ;;
      *'"chat:completion"'*)
        [[ ! $frame_text =~ \"error\"\ *:\ *[\"{] ]] || fail "no answer from $chat_model: $(clean 300 <<<"$frame_text")"
        [[ ! $frame_text =~ \"done\"\ *:\ *true ]] || return 0
        ;;
    esac
  done
  fail "no answer from $chat_model: the socket ended, or 600 seconds went by ($(clean 200 <<<"$answer"))"
}

# What the model read before it answered, in tokens.
prompt_tokens() { field "$frame_text" prompt_tokens; }

# A model reads the whole of a prompt before it says a word, and what does not fit its context is cut away.
judge_prompt() {
  local tokens
  tokens=$(prompt_tokens)
  [[ $tokens =~ ^[0-9]+$ ]] || fail "the answer does not say how many tokens its question had: $(clean 300 <<<"$frame_text")"
  ((tokens <= chat_prompt_tokens)) || fail "the model read $tokens tokens for a question of three words, and $chat_prompt_tokens are the most that this platform sends: tools are sent with each question (Open WebUI, \"Builtin Tools\" of the model; \`openWebui: {tools: true}\` in the spec is the way to have them), or somebody gave the model a long system prompt"
}

# Tokens a second of the answer.
speed() {
  local speed tokens nanoseconds
  speed=$(field "$frame_text" 'response_token/s')
  [[ $speed =~ ^[0-9][0-9.eE+-]*$ ]] || speed=''
  tokens=$(field "$frame_text" eval_count) nanoseconds=$(field "$frame_text" eval_duration)
  if [[ ! $speed && $tokens =~ ^[0-9]+$ && ${nanoseconds:-0} =~ ^[1-9][0-9]*$ ]]; then
    speed=$(awk -v n="$tokens" -v d="$nanoseconds" 'BEGIN {printf "%.1f", n * 1e9 / d}')
  fi
  printf '%s' "${speed:-an unknown number of}"
}

# Runs a line whose answer matters; a dry run shows the line.
talk() {
  local answer
  if [[ $dry ]]; then
    printf '%s\n' "$1" >&3
    return
  fi
  answer=$(eval "$1") || fail "$(clean 300 <<<"${answer:-no answer}")"
  printf '%s' "$answer"
}

