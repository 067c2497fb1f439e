// SPDX-License-Identifier: MIT
// Makes docs/cli.md of the commands of src/cli.

import type { Options } from 'yargs'
import { type Command, usageOf } from '../../src/cli/command.ts'
import { notice } from './text.ts'

/** docs/cli.md. */
export function cliPage(commands: readonly Command[]): string {
  return [
    '<!-- SPDX-License-Identifier: MIT -->',
    `<!-- ${notice('src/cli')} -->`,
    '# Which commands does `peernvm` have, and what do they take?',
    '',
    'An exit code of 0 says that all went well, 1 that something failed (for `doctor`: that what `--for` names does not work),',
    '2 that the command line was wrong. A failure is one line on standard error that says what happened, and one that says what to do.',
    '`peernvm completion bash >> ~/.bashrc` makes bash complete commands, options, their values, and file names; zsh and fish can, too.',
    '',
    ...commands.flatMap(section),
  ].join('\n')
}

function section(command: Command): string[] {
  const { describe, positionals, options, examples, notes = [] } = command
  const rows = [
    ...Object.entries(positionals).map(([name, option]) => row(`\`${name}\``, option)),
    ...Object.entries(options).map(([name, option]) => row(optionName(name, option), option)),
  ]
  return [
    `## peernvm ${usageOf(command)}`,
    '',
    [`${describe}.`, ...notes].join(' '),
    '',
    ...(rows.length > 0 ? ['| | |', '|---|---|', ...rows, ''] : []),
    ...(examples.length > 0 ? ['```sh', ...lined(examples), '```', ''] : []),
  ]
}

function optionName(name: string, { alias, type, choices }: Options): string {
  const short = typeof alias === 'string' ? `, \`-${alias}\`` : ''
  const value = type === 'boolean' ? '' : choices !== undefined ? ` ${choices.join('\\|')}` : ' …'
  return `\`--${name}\`${short}${value}`
}

function row(name: string, option: Options): string {
  const { describe = '', default: usual, demandOption, array } = option
  const more = [
    ...(demandOption === true ? ['required'] : []),
    ...(usual === undefined || usual === false || array === true ? [] : [`default: ${usual}`]),
  ]
  const choices = name.startsWith('`--') ? [] : (option.choices ?? [])
  const listed = choices.length > 0 ? `: ${choices.join(', ')}` : ''
  return `| ${name} | ${describe}${listed}${more.length > 0 ? ` (${more.join(', ')})` : ''} |`
}

function lined(examples: Command['examples']): string[] {
  const width = Math.max(...examples.map(([line]) => line.length))
  return examples.map(([line, describe]) => `peernvm ${line.padEnd(width)}  # ${describe}`)
}
