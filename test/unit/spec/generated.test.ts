// SPDX-License-Identifier: MIT
// What scripts/generate.ts writes: the compiler accepts it, and it means what the tables say.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { enumeratorName } from '../../../scripts/generate/errors.ts'
import { controlBlockHeader } from '../../../scripts/generate/headers.ts'
import { type ErrorRow, errorTable } from '../../../src/error-table.ts'
import type { Structure } from '../../../src/spec/form.ts'
import { nvme } from '../../../src/spec/nvme.ts'
import { root } from '../../support/repository.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peernvm-spec-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Compiles C++ without making an object; throws with what the compiler says. */
function compile(lines: readonly string[]): void {
  const source = join(folder, 'generated.cc')
  writeFileSync(source, `${lines.join('\n')}\n`)
  const warnings = ['-Wall', '-Wextra', '-Wconversion', '-Werror']
  const args = ['-std=c++20', ...warnings, '-fsyntax-only', '-I', join(root, 'lib'), source]
  execFileSync('g++', args, { encoding: 'utf8', timeout: 60_000 })
}

function bitAsserts(): string[] {
  return Object.entries(nvme.bitLayouts).flatMap(([name, layout]) =>
    Object.entries(layout.bits).flatMap(([bit, [high, low]]) => {
      const max = (1n << BigInt(high - low + 1)) - 1n
      const all = (1n << BigInt(layout.width)) - 1n
      const field = `nvm::spec::${name}::${bit}`
      return [
        `static_assert(${field}.put(${max}u) == ${max << BigInt(low)}u);`,
        `static_assert(${field}.get(${all}u) == ${max}u);`,
        `static_assert(${field}.get(static_cast<uint${layout.width}_t>(~${field}.mask)) == 0);`,
      ]
    }),
  )
}

describe('the generated files', () => {
  test.each(['nvme.h', 'errors.h', 'control_block.h'])('%s compiles alone', (header) => {
    compile([`#include "spec/${header}"`, `#include "spec/${header}"`])
  })

  test('have the bit fields of the table', () => {
    compile(['#include "spec/nvme.h"', ...bitAsserts()])
  })

  test('have the statuses and errors of the tables', () => {
    const statuses = Object.entries(nvme.statuses).map(
      ([name, [sct, sc]]) => `static_assert(nvm::spec::status::${name} == ${(sct << 8) | sc});`,
    )
    const errors = Object.entries<ErrorRow>(errorTable).flatMap(([code, row]) => {
      const enumerator = `nvm::ErrorCode::${enumeratorName(code)}`
      const fix = JSON.stringify(row.inC?.fix ?? row.fix)
      return [
        `static_assert(static_cast<int>(${enumerator}) == ${row.number});`,
        `static_assert(nvm::error_errno(${enumerator}) == ${row.errno});`,
        `static_assert(nvm::error_name(${enumerator}) == std::string_view("${code}"));`,
        `static_assert(nvm::error_fix(${enumerator}) == std::string_view(${fix}));`,
      ]
    })
    const includes = [
      '#include <string_view>',
      '#include "spec/errors.h"',
      '#include "spec/nvme.h"',
    ]
    compile([...includes, ...statuses, ...errors])
  })
})

describe('the generator', () => {
  const odd: Record<string, Structure> = {
    Odd: {
      text: 'A number where no compiler would put it, and a size that is no multiple of it',
      size: 14,
      fields: { first: [0, 'u8', 'One byte'], number: [3, 'u64', 'Eight bytes'] },
    },
    Pair: { text: 'Two of them', size: 30, fields: { pair: [1, 'Odd[2]', 'Two'] } },
  }

  test('packs structures that are not aligned, and reserves what no field covers', () => {
    const text = controlBlockHeader(odd)
    expect(text).toContain('struct [[gnu::packed]] Odd')
    expect(text).toContain('uint8_t reserved_1[2];')
    expect(text).toContain('uint8_t reserved_11[3];')
    compile([text.replace('#pragma once', '')])
  })

  test('refuses fields that overlap', () => {
    const fields = { first: [0, 'u32', 'Four bytes'], second: [2, 'u16', 'Too early'] } as const
    const overlapping = { Bad: { text: 'Overlap', size: 8, fields } }
    expect(() => controlBlockHeader(overlapping)).toThrow('overlap')
  })
})
