// SPDX-License-Identifier: MIT
// What shells complete: the candidates, and a real bash that asks for them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { complete } from '../../src/cli/completion.ts'
import { logNames } from '../../src/cli/nvme-cli/log-names.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(root, 'dist', 'src', 'cli', 'peernvm.js')
const words = async (...line: string[]) =>
  (await complete(line)).map((found) => found.split('\t')[0])

describe('candidates', () => {
  test('are commands first, with what they do', async () => {
    const names = commands.map(({ name }) => name)
    expect(await words('')).toEqual([...names, '--help', '--version'])
    expect(await complete(['doc'])).toEqual([
      'doctor\tShow what works on this machine, and what to do about the rest',
    ])
  })

  test.each([
    [['identify', ''], [':files']],
    [['log', ''], [...logNames]],
    [['log', 'sm'], ['smart']],
    [['log', 'smart', ''], [':files']],
    [['feature', 'number'], ['number_of_queues']],
    [['feature', '7', ''], [':files']],
    [['serve', ''], [':files']],
    [['serve', '--vfio-user', ''], [':folders']],
    [['serve', '--size', ''], []],
    [['serve', '--size', '4MiB', ''], [':files']],
    [
      ['log', 'smart', '--output', ''],
      ['text', 'json', 'binary'],
    ],
    [['log', '-o', 'j'], ['json']],
    [['log', '--output=j'], ['--output=json']],
    [['log', '--output', '=', 'j'], ['json']],
    [
      ['log', '--human', 's'],
      ['smart', 'self-test', 'sanitize'],
    ],
    [
      ['doctor', ''],
      ['--for', '--json'],
    ],
    [
      ['doctor', '--json', '-'],
      ['--for', '--help'],
    ],
    [
      ['serve', '--size', '4MiB', '--namesp'],
      ['--namespace', '--namespaces-max'],
    ],
    [
      ['serve', '--namespace', '1GiB', '--namesp'],
      ['--namespace', '--namespaces-max'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['unknown', ''], []],
  ])('of %j are %j', async (line, found) => {
    expect(await words(...line)).toEqual(found)
  })
})

describe('bash', () => {
  /** What a TAB at the end of `line` offers, in a folder with two files and a folder. */
  async function tab(...line: string[]): Promise<string[]> {
    using folder = temporaryFolder('completion')
    writeFileSync(join(folder.path, 'disk one.img'), '')
    writeFileSync(join(folder.path, 'disk2.img'), '')
    mkdirSync(join(folder.path, 'diskettes'))
    const own = join(folder.path, 'peernvm')
    writeFileSync(own, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`, { mode: 0o755 })
    const script = `
      source <(./peernvm completion bash)
      [[ $(complete -p peernvm) == 'complete -F _peernvm peernvm' ]] || exit 3
      COMP_WORDS=(./peernvm "$@") COMP_CWORD=$#
      _peernvm ./peernvm
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const { code, stdout, stderr } = await runProgram('bash', ['-c', script, 'bash', ...line], {
      cwd: folder.path,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.trim().split('\n').sort()
  }

  test('offers commands, values, files with spaces, and folders', async () => {
    expect(await tab('ser')).toEqual(['serve'])
    expect(await tab('log', 's')).toEqual(['sanitize', 'self-test', 'smart'])
    expect(await tab('log', 'smart', '--output', '=')).toEqual(['binary', 'json', 'text'])
    expect(await tab('identify', 'disk')).toEqual(['disk one.img', 'disk2.img', 'diskettes'])
    expect(await tab('serve', '--vfio-user', 'd')).toEqual(['diskettes'])
  })
})

test.each([
  ['zsh', '#compdef peernvm'],
  ['fish', 'complete -c peernvm'],
])('%s has a script, by name or by $SHELL', async (shell, part) => {
  const named = await runProgram(process.execPath, [program, 'completion', shell])
  expect(named.stdout).toContain(part)
  const args = [program, 'completion']
  const own = await runProgram(process.execPath, args, { env: { SHELL: `/usr/bin/${shell}` } })
  expect(own.stdout).toBe(named.stdout)
})
