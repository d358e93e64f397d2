# bash completion for trimtab: `trimtab complete` knows what could stand there; where it says nothing, file names.

_trimtab()
{
    local word=$2
    if [[ $3 == -- ]]; then # run -- COMMAND
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
        return
    fi
    [[ ${COMP_WORDS[COMP_CWORD]} == = ]] && word='='
    mapfile -t COMPREPLY < <("$1" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null </dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -o default -F _trimtab trimtab
