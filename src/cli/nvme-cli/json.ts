// SPDX-License-Identifier: MIT
// JSON as nvme-cli prints it: two spaces a level, no space behind a colon, 64-bit numbers whole.

export type JsonValue = string | number | bigint | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** The text, with a newline at its end. */
export function printJson(value: JsonValue): string {
  return `${print(value, '')}\n`
}

function print(value: JsonValue, indent: string): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object') return String(value)
  const inner = `${indent}  `
  if (isList(value)) {
    return enclose(
      '[]',
      indent,
      value.map((each) => inner + print(each, inner)),
    )
  }
  const members = Object.entries(value).map(
    ([key, each]) => `${inner}${JSON.stringify(key)}:${print(each, inner)}`,
  )
  return enclose('{}', indent, members)
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value)
}

function enclose(brackets: string, indent: string, lines: readonly string[]): string {
  const [open, close] = brackets
  const last = lines.length > 0 ? '\n' : ''
  return `${open}\n${lines.join(',\n')}${last}${indent}${close}`
}
