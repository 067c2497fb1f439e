// SPDX-License-Identifier: MIT
// Makes lib/spec/errors.h and docs/errors.md of src/error-table.ts.

import type { ErrorRow } from '../../src/error-table.ts'
import { headerStart, notice } from './text.ts'

type ErrorRows = Readonly<Record<string, ErrorRow>>

/** The enumerator of a code: ERR_NO_ADMIN is NoAdmin. */
export function enumeratorName(code: string): string {
  return code
    .split('_')
    .slice(1)
    .map((part) => part[0] + part.slice(1).toLowerCase())
    .join('')
}

function lookup(
  comment: string,
  signature: string,
  table: ErrorRows,
  fallback: string,
  value: (code: string, row: ErrorRow) => string,
): string {
  const cases = Object.entries(table).flatMap(([code, row]) => {
    const label = `    case ErrorCode::${enumeratorName(code)}:`
    const line = `${label} return ${value(code, row)};`
    return line.length <= 100 ? [line] : [label, ...wrapped(value(code, row))]
  })
  return [
    `// ${comment}`,
    `constexpr ${signature} {`,
    '  switch (code) {',
    ...cases,
    '  }',
    `  return ${fallback};`,
    '}',
    '',
  ].join('\n')
}

function wrapped(value: string): string[] {
  const line = `      return ${value};`
  if (line.length <= 100 || !value.startsWith('"')) return [line]
  const middle = value.lastIndexOf(' ', 80)
  return [
    `      return ${value.slice(0, middle + 1)}"`,
    `             "${value.slice(middle + 1)};`,
  ]
}

/** lib/spec/errors.h. */
export function errorsHeader(table: ErrorRows): string {
  const rows = Object.entries(table)
  return [
    headerStart('src/error-table.ts', 'Every way in which a call of peernvm can fail.', [
      'cerrno',
      'cstdint',
    ]),
    'namespace nvm {\n',
    'enum class ErrorCode : uint16_t {',
    ...rows.map(([code, row]) => `  ${enumeratorName(code)} = ${row.number},`),
    '};\n',
    lookup(
      'The code as NvmError.code has it.',
      'const char* error_name(ErrorCode code)',
      table,
      '"ERR_UNKNOWN"',
      (code) => JSON.stringify(code),
    ),
    lookup(
      'The errno that the C API returns.',
      'int error_errno(ErrorCode code)',
      table,
      'EIO',
      (_, row) => row.errno,
    ),
    lookup(
      'What happened, for C programs; {detail} stands for what varies.',
      'const char* error_message(ErrorCode code)',
      table,
      '"Unknown error: {detail}"',
      (_, row) => JSON.stringify(row.inC?.message ?? row.message),
    ),
    lookup(
      'What a C program can do about it.',
      'const char* error_fix(ErrorCode code)',
      table,
      '""',
      (_, row) => JSON.stringify(row.inC?.fix ?? row.fix),
    ),
    '}  // namespace nvm\n',
  ].join('\n')
}

/** docs/errors.md. */
export function errorsPage(table: ErrorRows): string {
  const sections = Object.entries(table).flatMap(([code, row]) => [
    `## ${code}`,
    '',
    row.message.replace('{detail}', '…'),
    '',
    `**When:** ${row.when}`,
    '',
    `**What to do:** ${row.fix}`,
    '',
    ...(row.inC?.fix === undefined ? [] : [`**In C:** ${row.inC.fix}`, '']),
    `Number ${row.number}; the C API returns \`${row.errno}\`.`,
    '',
  ])
  return [
    '<!-- SPDX-License-Identifier: MIT -->',
    `<!-- ${notice('src/error-table.ts')} -->`,
    '# What does this error mean, and what do I do?',
    '',
    'Every failure is an `NvmError` with one of these codes: its `message` says what happened, its',
    '`fix` what to do. *When* says here which calls fail so, and what becomes of data and memory.',
    'In C, `nvm_reason()` says both; *In C* is what to do there where that differs.',
    '',
    ...sections,
  ].join('\n')
}
