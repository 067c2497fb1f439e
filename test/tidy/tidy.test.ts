// SPDX-License-Identifier: MIT
// The repository keeps its own rules. One test per rule; a failure lists every place.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { repositoryFiles, root, sourceFile } from '../support/repository.ts'
import { rules } from './rules.ts'

const files = repositoryFiles()

describe('every file', () => {
  test.each(rules.map((rule) => [rule.name, rule] as const))('%s', (_name, rule) => {
    expect(files.flatMap((file) => rule.check(file))).toEqual([])
  })

  test('the list of files is the repository', () => {
    const paths = files.map(({ path }) => path)
    expect(paths).toContain('package.json')
    expect(paths).toContain('.ci/run')
    expect(paths.some((path) => path.startsWith('lib/emulator/'))).toBe(true)
    expect(paths.some((path) => path.startsWith('node_modules/'))).toBe(false)
  })
})

describe('documentation', () => {
  const lines = (path: string): string[] => readFileSync(join(root, path), 'utf8').split('\n')

  test('README has at most 150 lines, and its first says what this is not', () => {
    const readme = lines('README.md')
    expect(readme.length).toBeLessThanOrEqual(151)
    expect(readme[0]).toMatch(/not .*Node Version Manager/)
  })

  test('at most eight files of docs/ are written by hand', () => {
    const byHand = readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .filter((name) => !/generated (by|from)/i.test(lines(`docs/${name}`).slice(0, 5).join('\n')))
    expect(byHand.length).toBeLessThanOrEqual(8)
  })

  test('every relative link leads to a file', () => {
    const paths = new Set(files.map(({ path }) => path))
    const folders = new Set([...paths].flatMap((path) => parents(path)))
    const broken = files
      .filter(({ path }) => path.endsWith('.md'))
      .flatMap(({ path, text }) =>
        [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link]) => ({
          path,
          link,
        })),
      )
      .filter(({ path, link }) => {
        const target = join(path, '..', link ?? '').replace(/\/$/, '')
        const isPicture = target.endsWith('.svg') && existsSync(join(root, target))
        return !paths.has(target) && !folders.has(target) && !isPicture
      })
    expect(broken).toEqual([])
  })
})

test('package-lock.json names every optional package, without which `npm ci` refuses it', () => {
  type Entry = { optionalDependencies?: Record<string, string> }
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lock) as { packages: Record<string, Entry> }
  const names = Object.values(packages).flatMap((entry) =>
    Object.keys(entry.optionalDependencies ?? {}),
  )
  expect(names.filter((name) => !(`node_modules/${name}` in packages))).toEqual([])
})

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

test('generated files are what the generator makes', () => {
  const tsx = join(root, 'node_modules', '.bin', 'tsx')
  execFileSync(tsx, ['scripts/generate.ts', '--check'], {
    cwd: root,
    stdio: 'pipe',
    timeout: 30_000,
  })
})

describe('the rules themselves', () => {
  const complaints = (name: RegExp, path: string, text: string): string[] => {
    const rule = rules.find((candidate) => name.test(candidate.name))
    if (rule === undefined) throw new Error(`no rule ${name}`)
    return rule.check(sourceFile(path, text))
  }
  const longBody = '  call();\n'.repeat(60)

  test('a file without a licence line is found', () => {
    expect(complaints(/licence/, 'lib/x.cc', 'int x;\n')).toHaveLength(1)
    expect(complaints(/licence/, 'a.sh', '#!/bin/sh\n# SPDX-License-Identifier: MIT\n')).toEqual([])
  })

  test('a long line and a long file are found', () => {
    expect(complaints(/columns/, 'lib/x.cc', `// ${'x'.repeat(100)}\n`)).toHaveLength(1)
    expect(complaints(/file of code/, 'lib/x.cc', 'int x;\n'.repeat(501))).toHaveLength(1)
    expect(complaints(/file of code/, 'lib/x.cc', 'int x;\n'.repeat(500))).toEqual([])
  })

  test('a long function is found in C++, whatever its comments and strings hold', () => {
    const free = `namespace a {\nint f(int x) {\n  // }\n  g("}");\n${longBody}}\n}\n`
    expect(complaints(/function/, 'lib/x.cc', free)).toHaveLength(1)
    const member = `class A {\n public:\n  void f() const {\n${longBody}  }\n};\n`
    expect(complaints(/function/, 'lib/x.h', member)).toHaveLength(1)
    const initialised = `A::A(int x)\n    : x_{x} {\n${longBody}}\n`
    expect(complaints(/function/, 'lib/x.cc', initialised)).toHaveLength(1)
    const short = `struct A {\n${'  int x;\n'.repeat(70)}};\nint f() {\n  return 1;\n}\n`
    expect(complaints(/function/, 'lib/x.cc', short)).toEqual([])
  })

  test('a long function is found in TypeScript; a group of tests is none', () => {
    const named = `export function f(): void {\n${longBody}}\n`
    expect(complaints(/function/, 'src/x.ts', named)).toHaveLength(1)
    const group = `describe('x', () => {\n${longBody}})\n`
    expect(complaints(/function/, 'test/x.test.ts', group)).toEqual([])
  })

  test('a clock, a sleep and a thread are found where steps are, and not in comments', () => {
    for (const line of [
      'clock_gettime(CLOCK_MONOTONIC, &t);',
      'std::thread t;',
      'usleep(1);',
      'auto t = std::chrono::steady_clock::now();',
    ]) {
      expect(complaints(/clock/, 'lib/driver/x.cc', line)).toHaveLength(1)
      expect(complaints(/clock/, 'lib/emulator/runner.cc', line)).toEqual([])
      expect(complaints(/clock/, 'lib/platform/x.cc', line)).toEqual([])
    }
    expect(complaints(/clock/, 'lib/driver/x.cc', '// never calls usleep(1)\n')).toEqual([])
  })

  test('a fence, a throw and Node-API in the wrong place are found', () => {
    const fence = 'std::atomic_thread_fence(std::memory_order_seq_cst);'
    expect(complaints(/fences/, 'lib/driver/x.cc', fence)).toHaveLength(1)
    expect(complaints(/fences/, 'lib/platform/ordering.h', fence)).toEqual([])
    expect(complaints(/exception/, 'lib/driver/x.cc', '  throw 1;')).toHaveLength(1)
    expect(complaints(/Node-API/, 'lib/driver/x.cc', '#include <napi.h>')).toHaveLength(1)
    expect(complaints(/Node-API/, 'lib/binding/x.cc', '#include <napi.h>')).toEqual([])
  })

  test('a note, a path of one machine and a registry are found', () => {
    expect(complaints(/later/, 'src/x.ts', `// ${'TO'}${'DO'}: more`)).toHaveLength(1)
    expect(complaints(/machine/, 'src/x.ts', `const x = '/${'ho'}${'me'}/me/x'`)).toHaveLength(1)
    expect(
      complaints(/registry/, 'x.json', `"https://${'regis'}${'try'}.npmjs.org/x"`),
    ).toHaveLength(1)
    expect(complaints(/registry/, 'package-lock.json', '"resolved": "file:x"')).toHaveLength(1)
  })
})
