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
  local body answer token='' curl speed said tokens nanoseconds
  [[ $chat_host ]] || fail 'the platform has no Open WebUI: there is nobody to talk to'
  [[ $chat_model ]] || fail 'the platform has no model that chats'
  curl="$(q curl --proto '=https' --proto-redir '=https' --silent --show-error --fail-with-body --max-time 600 --header 'Content-Type: application/json')"
  if [[ $issuer == staging ]]; then
    # The password goes to nobody who has not the certificate that is in the cluster.
    if [[ $dry || $(look --namespace "$chat_namespace" get secret openwebui-tls --output=name) ]]; then
      say "verify: the certificate comes from Let's Encrypt's staging server, which nothing trusts: it has to be the one in the cluster"
      curl+=" --cacert <($(q kubectl --namespace "$chat_namespace" get secret openwebui-tls --output 'jsonpath={.data.tls\.crt}') | base64 --decode)"
    elif [[ $insecure ]]; then
      warn 'the certificate is not checked: whoever answers gets the password'
      curl+=' --insecure'
    else
      fail "the certificate comes from Let's Encrypt's staging server, which nothing trusts, and this cluster has none to compare it with ($KUBECONFIG): run it on the node as root, or send the password to whoever answers, with --insecure"
    fi
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
  # shellcheck disable=SC2034
  body="{\"model\": \"$(json "$chat_model")\", \"stream\": false, \"messages\": [{\"role\": \"user\", \"content\": \"Name three colours, in one short sentence.\"}]}"
  say "verify: asking $chat_model (a model that is not in memory is loaded first)"
  answer=$(talk "$curl $(q "https://$chat_host/api/chat/completions")"' --config <(printf '\''header = "Authorization: Bearer %s"\n'\'' "$token") --data-binary @- <<<"$body"')
  if [[ $dry ]]; then return; fi
  said=$(field "$answer" content | clean 200 | tr '\n' ' ')
  [[ ${said// /} ]] || fail "no answer from $chat_model: $(clean 300 <<<"$answer")"
  speed=$(field "$answer" 'response_token/s')
  tokens=$(field "$answer" eval_count) nanoseconds=$(field "$answer" eval_duration)
  if [[ ! $speed && $tokens && ${nanoseconds:-0} =~ ^[1-9][0-9]*$ ]]; then
    speed=$(awk -v n="$tokens" -v d="$nanoseconds" 'BEGIN {printf "%.1f", n * 1e9 / d}')
  fi
  say "verify: $chat_model answered: $said"
  say "verify: ${speed:-an unknown number of} tokens a second"
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

