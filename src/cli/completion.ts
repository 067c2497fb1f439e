// SPDX-License-Identifier: MIT
// What may come next on a command line, of the tables that make help; and scripts by which shells
// ask.

import type { Options, PositionalOptions } from 'yargs'
import type { Command, Completes } from './command.ts'
import { commands } from './commands.ts'

type Word = (Options | PositionalOptions) & Completes

/** Marks for a script: it is to complete names of files, or of folders, itself. */
const pathMarks = { files: ':files', folders: ':folders' } as const

/**
 * Candidates for the last of `words`, which begin after the program's name: each a word, and behind
 * a tab what it means.
 */
export async function complete(words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? ''
  // bash parts words at `=`.
  const before = words.slice(0, -1).filter((word) => word !== '=')
  const command = commands.find(({ name }) => name === before[0])
  const found = command === undefined ? first(before) : await next(command, before, current)
  return found.filter((line) => line.startsWith(':') || line.startsWith(current.replace(/^=/, '')))
}

function first(before: readonly string[]): string[] {
  if (before.length > 0) return []
  const names = commands.map(({ name, describe }) => `${name}\t${describe}`)
  return [...names, '--help\tShow help', '--version\tShow version number']
}

async function next(
  command: Command,
  before: readonly string[],
  current: string,
): Promise<string[]> {
  const { positionals, options } = command
  const [, assigned] = /^(--[\w-]+=)/.exec(current) ?? []
  if (assigned !== undefined) {
    const values = await valuesOf(optionOf(options, assigned.slice(0, -1)))
    return values.map((value) => (value.startsWith(':') ? value : assigned + value))
  }
  const { waiting, given, used } = read(command, before.slice(1))
  if (waiting !== undefined) return valuesOf(waiting)
  const rest = Object.entries(options)
    .filter(([name, { array }]) => array === true || !used.includes(name))
    .map(([name, { describe }]) => `--${name}\t${describe}`)
  if (current.startsWith('-')) return [...rest, '--help\tShow help']
  const positional = Object.values(positionals)[given]
  return positional === undefined ? rest : valuesOf(positional)
}

/** What the words before have used up: positionals, options, and one that waits for its value. */
function read({ options }: Command, words: readonly string[]) {
  const used: string[] = []
  let waiting: Word | undefined
  let given = 0
  for (const word of words) {
    const isValue = waiting !== undefined
    waiting = undefined
    if (isValue) continue
    if (!word.startsWith('-')) {
      given++
      continue
    }
    const option = optionOf(options, word.split('=')[0] ?? '')
    used.push(...Object.keys(options).filter((name) => options[name] === option))
    if (option !== undefined && option.type !== 'boolean' && !word.includes('=')) waiting = option
  }
  return { waiting, given, used }
}

function optionOf(options: Command['options'], word: string): Word | undefined {
  const name = word.replace(/^--?/, '')
  const entries = Object.entries(options)
  return entries.find(([long, { alias }]) => long === name || alias === name)?.[1]
}

async function valuesOf(word: Word | undefined): Promise<string[]> {
  if (word?.choices !== undefined) return word.choices.map(String)
  const path = word?.completes
  if (path === 'features') {
    const { nvme } = await import('../spec/nvme.ts')
    return Object.keys(nvme.codes.feature)
  }
  return path === undefined ? [] : [pathMarks[path]]
}

const bash = `_peernvm() {
  local line current=\${COMP_WORDS[COMP_CWORD]}
  local -a lines paths
  [[ $current == = ]] && current=
  mapfile -t lines < <("$1" --complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  for line in "\${lines[@]}"; do
    case $line in
      :files | :folders)
        compopt -o filenames 2>/dev/null
        [[ $line == :files ]] && mapfile -t paths < <(compgen -f -- "$current")
        [[ $line == :folders ]] && mapfile -t paths < <(compgen -d -- "$current")
        COMPREPLY+=("\${paths[@]}") ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done
}
complete -F _peernvm peernvm
`

const zsh = `#compdef peernvm
_peernvm() {
  local line
  local -a found
  while IFS= read -r line; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done < <($words[1] --complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe peernvm found
}
compdef _peernvm peernvm
`

const fish = `function __peernvm
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] --complete $words[2..-1] 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :folders
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c peernvm -f -a '(__peernvm)'
`

/** What a shell has to read so that it completes. */
export const scripts = { bash, zsh, fish } as const
