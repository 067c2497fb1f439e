// SPDX-License-Identifier: MIT
// Asks libnvme: compiles a C program against it and runs it. The program prints numbers with names.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const header = '/usr/include/libnvme.h'

/** False where the headers are not installed. */
export const libnvmeInstalled = existsSync(header)

/** For the title of what is skipped then. */
export const needsLibnvme = libnvmeInstalled ? '' : ' (needs apt-get install libnvme-dev)'

/** Compiles a C program against libnvme, runs it, and returns the "name number" lines that it prints. */
export function run(program: string): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'peernvm-libnvme-'))
  try {
    const source = join(folder, 'oracle.c')
    const executable = join(folder, 'oracle')
    writeFileSync(source, program)
    const flags = ['-std=gnu11', '-Wall', '-Werror', '-o', executable, source, '-lnvme']
    execFileSync('cc', flags, { timeout: 60_000 })
    const output = execFileSync(executable, { encoding: 'utf8', timeout: 10_000 })
    const lines = output.split('\n').filter((line) => line !== '')
    return new Map(lines.map((line) => line.split(' ') as [string, string]).map(toEntry))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function toEntry([name, value]: [string, string]): [string, number] {
  return [name, Number(value)]
}

/** Evaluates constant C expressions against the headers. */
export function evaluate(expressions: ReadonlyMap<string, string>): Map<string, number> {
  const lines = [...expressions].map(
    ([name, expression]) => `  printf("%s %lld\\n", "${name}", (long long)(${expression}));`,
  )
  return run(
    [
      '#include <stddef.h>',
      '#include <stdio.h>',
      '#include <libnvme.h>',
      'int main(void) {',
      ...lines,
      '  return 0;',
      '}',
      '',
    ].join('\n'),
  )
}
