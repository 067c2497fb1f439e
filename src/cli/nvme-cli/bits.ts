// SPDX-License-Identifier: MIT
// The lines that nvme-cli's --human-readable adds below a field, one for each group of bits. The
// tables have them as they are printed, with these marks:
//
//   '  [3:3] : ANA {not |}supported'  The value in hexadecimal and a tab go behind the colon. Of
//                                     {a|b|…} there is what stands at the value's place, beyond
//                                     them the last.
//   '  [7:0] : {n} items\tText'       With a tab in it, the line says itself where the value goes:
//                                     {x} hexadecimal, {n} decimal, {celsius}, {2^} 2 to its power.
//   '  [7:4] : Reserved'              Only where the value is not 0. So is '  [2:2] : ?Text'.

const lineForm = /^(\s*\[(\d+):(\d+)\]\s*: ?)(\??)(.*)$/s

/** Prints 0 as `0`, others with `0x`, as C's %#x does. */
export function hex(value: number | bigint): string {
  return value === 0 || value === 0n ? '0' : `0x${value.toString(16)}`
}

/** A temperature in kelvin as nvme-cli converts it. */
export function celsius(kelvin: number): number {
  return kelvin - 273
}

/** What stands at the place `index`; beyond them the last. */
export function choose(choices: readonly string[], index: number): string {
  return choices[Math.min(index, choices.length - 1)] ?? ''
}

/** Lines of a field, or those that a value of it has. */
export type BitTable = readonly string[] | ((word: bigint) => readonly string[])

/** The lines of a table for a field's value. */
export function bitLines(table: BitTable, word: number | bigint): string[] {
  const value = BigInt(word)
  return (typeof table === 'function' ? table(value) : table).flatMap((line) =>
    bitLine(line, value),
  )
}

function bitLine(line: string, word: bigint): string[] {
  const [, prefix = '', high, low, condition, text = ''] = lineForm.exec(line) ?? []
  const value = BigInt.asUintN(Number(high) - Number(low) + 1, word >> BigInt(Number(low)))
  if (value === 0n && (condition === '?' || text === 'Reserved')) return []
  return [prefix + fill(text.includes('\t') ? text : `{x}\t${text}`, value)]
}

function fill(text: string, value: bigint): string {
  return text.replace(/\{([^}]*)\}/g, (_, mark: string) => {
    if (mark === 'x') return hex(value)
    if (mark === 'n') return String(value)
    if (mark === 'celsius') return String(celsius(Number(value)))
    if (mark === '2^') return String(1n << value)
    return choose(mark.split('|'), Number(value))
  })
}
