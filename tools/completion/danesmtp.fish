# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for danesmtp(1).
set -l commands check explain verify tlsa
complete -c danesmtp -n "not __fish_seen_subcommand_from $commands" -f -a check -d "What becomes of mail to a domain"
complete -c danesmtp -n "not __fish_seen_subcommand_from $commands" -f -a explain -d "How the decision is come to"
complete -c danesmtp -n "not __fish_seen_subcommand_from $commands" -f -a verify -d "Judge a chain by TLSA records"
complete -c danesmtp -n "not __fish_seen_subcommand_from $commands" -f -a tlsa -d "Print the records to publish"
complete -c danesmtp -n "not __fish_seen_subcommand_from $commands" -l version -d "Version"
complete -c danesmtp -l help -d "Help"

set -l check "__fish_seen_subcommand_from check"
complete -c danesmtp -n $check -l list -r -d "Targets from a file"
complete -c danesmtp -n $check -l jobs -x -d "Targets at a time"
complete -c danesmtp -n $check -l nagios -d "One line for monitoring"
complete -c danesmtp -n $check -l prometheus -r -d "Write metrics"
complete -c danesmtp -n $check -l warn-days -x -d "Certificate ends soon"

set -l connect "__fish_seen_subcommand_from check explain"
complete -c danesmtp -n $connect -f
complete -c danesmtp -n $connect -l submissions -d "TLS from the first octet"
complete -c danesmtp -n $connect -s 4 -d "IPv4 only"
complete -c danesmtp -n $connect -s 6 -d "IPv6 only"
complete -c danesmtp -n $connect -l dns-only -d "Connect to nobody"
complete -c danesmtp -n $connect -l require-dane -d "As with hosts_require_dane"
complete -c danesmtp -n $connect -l helo -x -d "Name to say in EHLO"

set -l ask "__fish_seen_subcommand_from check explain verify"
complete -c danesmtp -n $ask -l resolver -x -a "system recursive forward:" -d "Whom to ask"
complete -c danesmtp -n $ask -l trust-anchor -r -d "Root key records"
complete -c danesmtp -n $ask -l timeout -x -d "Longest wait for each step"

complete -c danesmtp -n "__fish_seen_subcommand_from $commands" -l json -d "JSON"
complete -c danesmtp -n "__fish_seen_subcommand_from check explain tlsa" -l port -x -d "Port"

set -l verify "__fish_seen_subcommand_from verify"
complete -c danesmtp -n $verify -l chain -r -d "Certificates"
complete -c danesmtp -n $verify -l tlsa -x -d "Record"
complete -c danesmtp -n $verify -l name -x -d "Name"
complete -c danesmtp -n $verify -l live -x -d "Published records of a host"
complete -c danesmtp -n $verify -l private-key -r -d "Key of the certificate"
complete -c danesmtp -n $verify -l at -x -d "Time"
complete -c danesmtp -n $verify -l jsonl -d "Questions from standard input"

set -l tlsa "__fish_seen_subcommand_from tlsa"
complete -c danesmtp -n $tlsa -l key -r -d "Key instead of a certificate"
complete -c danesmtp -n $tlsa -l usage -x -a "2 3" -d "Usage"
complete -c danesmtp -n $tlsa -l selector -x -a "0 1" -d "Selector"
complete -c danesmtp -n $tlsa -l matching -x -a "0 1 2" -d "Matching type"
complete -c danesmtp -n $tlsa -l host -x -d "Host"
complete -c danesmtp -n $tlsa -l all -d "Every form"
complete -c danesmtp -n $tlsa -l generic -d "RFC 3597 form"
