# bash completion for nlm-health(1)
#
# SPDX-License-Identifier: GPL-2.0-or-later

_nlm_health() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} options
    COMPREPLY=()
    case $previous in
    -i | --interface)
        mapfile -t COMPREPLY < <(compgen -W "any $(command ls /sys/class/net 2>/dev/null)" -- "$current")
        return
        ;;
    --keep)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --exec)
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
        return
        ;;
    --incident | --size | --files | --duration | --filter | --useful) return ;;
    -o)
        options="kernel_log_offset kernel_log_host kernel_log_year nlm_timeout kernel mount_options client capture_position"
        mapfile -t COMPREPLY < <(compgen -P nlm_health. -S : -W "$options" -- "${current#nlm_health.}")
        compopt -o nospace 2>/dev/null
        return
        ;;
    esac
    if [[ ${COMP_WORDS[1]} == watch && $COMP_CWORD -gt 1 ]]; then
        options="-i --keep --exec --size --files --filter --duration --help"
    else
        options="--html --svg --annotate --json --incident --open --smaller --useful --server --utc --local -o --no-filter --install-profile --uninstall --yes --help --version"
        [[ $COMP_CWORD -gt 1 ]] || options="watch $options"
    fi
    if [[ $current == -* || (-z $current && $COMP_CWORD -eq 1) || watch == "$current"* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    fi
    if [[ $current != -* ]]; then
        compopt -o filenames 2>/dev/null
        local files
        mapfile -t files < <(compgen -f -- "$current")
        COMPREPLY+=("${files[@]}")
    fi
}
complete -F _nlm_health nlm-health
