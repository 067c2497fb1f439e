// SPDX-License-Identifier: MIT
// What all generated files have in common: the notice on line 2, and aligned comments.

const columnsMax = 100

/** Line 2 of every generated file: what it is made of and how. */
export function notice(source: string): string {
  return `Generated from ${source} by \`npx tsx scripts/generate.ts\`: do not edit.`
}

/** First lines of a C++ header. */
export function headerStart(source: string, purpose: string, includes: readonly string[]): string {
  return [
    '// SPDX-License-Identifier: MIT',
    `// ${notice(source)}`,
    `// ${purpose}`,
    '// clang-format off',
    '#pragma once',
    '',
    ...includes.map((name) => `#include <${name}>`),
    '',
  ].join('\n')
}

type Row = readonly [code: string, comment: string]

/** Code with its comments in one column where that fits, else behind or above their own line. */
export function aligned(rows: readonly Row[]): string[] {
  const width = Math.max(0, ...rows.map(([code, comment]) => (comment === '' ? 0 : code.length)))
  const inColumn = rows.map(([code, comment]) => commented(code.padEnd(width), comment))
  if (inColumn.every((line) => line.length <= columnsMax)) return inColumn
  return rows.flatMap(([code, comment]) => {
    const line = commented(code, comment)
    return line.length <= columnsMax ? [line] : [`// ${comment}`, code]
  })
}

function commented(code: string, comment: string): string {
  return comment === '' ? code.trimEnd() : `${code}  // ${comment}`
}

/** A comment, or none where it would only repeat the name. */
export function unlessSame(name: string, comment: string): string {
  const words = comment.replace(/\W+/g, '').toLowerCase()
  return words === name.replaceAll('_', '') ? '' : comment
}

/** A number as the specification would write it, with at least `digits` hexadecimal digits. */
export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}
