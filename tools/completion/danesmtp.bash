# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for danesmtp(1).
_danesmtp() {
  local word=$2 before=$3 command=${COMP_WORDS[1]} options
  local connect="--resolver --trust-anchor --timeout --port --submissions -4 -6 --dns-only --require-dane --mta-sts --helo"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "check doctor explain verify tlsa ocsp-fetch cache report mta-sts-daemon --help --version" -- "$word")
    return
  fi
  case $before in
    --list | --prometheus | --trust-anchor | --chain | --private-key | --key | --certificate | --proof | --config | --issuer | --file | --exim | --cache | --anchors)
      mapfile -t COMPREPLY < <(compgen -f -- "$word")
      return
      ;;
    --resolver) options="auto system recursive forward:" ;;
    --sort) options="worst" ;;
    --usage) options="2 3" ;;
    --selector) options="0 1" ;;
    --matching) options="0 1 2" ;;
    *)
      case $command in
        check) options="--help --list --jobs --json --nagios --prometheus --warn-days --sort $connect" ;;
        doctor) options="--help --exim --config --connect --json --nagios" ;;
        explain) options="--help --json $connect" ;;
        verify) options="--help --chain --tlsa --name --live --private-key --resolver --trust-anchor --timeout --at --json --jsonl" ;;
        tlsa) options="--help --key --usage --selector --matching --port --host --all --generic --json" ;;
        ocsp-fetch) options="--help --certificate --proof --config --issuer --url --renew-before --timeout --tries --pause --watch --check --warning --critical" ;;
        report) options="--help --json --csv --html --prometheus --since --top" ;;
        mta-sts-daemon) options="--help --listen --group --cache --anchors --query --resolver --trust-anchor --timeout" ;;
        cache) options="stat dump drop --help --all --file" ;;
      esac
      [[ $command != @(tlsa|report) || $word == -* ]] || options=
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  [ -n "$options" ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -F _danesmtp danesmtp
