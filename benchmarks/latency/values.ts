// SPDX-License-Identifier: MIT
// Values of options as people write them: sizes, times, lists.

import { createError } from '../../src/errors.ts'

const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
}
const unitMs: Readonly<Record<string, number>> = {
  us: 1e-3,
  ms: 1,
  s: 1e3,
  '': 1e3,
  m: 6e4,
  min: 6e4,
  h: 3.6e6,
}

const msMax = 8760 * 3.6e6

const refuse = (option: string, text: string, what: string) =>
  createError('ERR_ARGUMENT', `--${option} takes ${what}, not '${text}'`)

/** A whole number from `min` to `max`. @throws NvmError ERR_ARGUMENT naming the option */
export function parseWhole(
  option: string,
  text: string,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const limit = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`
  throw createError('ERR_ARGUMENT', `--${option} must be a whole number ${limit}, not ${text}`)
}

/** What to open; undefined where the option is missing. @throws NvmError when it is empty */
export function parseTarget(value: string | boolean | undefined): string | undefined {
  if (value !== '') return value === undefined ? undefined : String(value)
  throw createError('ERR_ARGUMENT', '--ctrl is empty; leave it out for an emulator in memory')
}

/** Bytes of `4096`, `4k`, `4KiB` or `1.5M`: powers of 1024, whatever the case. @throws NvmError */
export function parseBytes(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim())
  const unit = match?.[2]?.toLowerCase() ?? 'b'
  const bytes = match === null ? Number.NaN : Number(match[1]) * (unitBytes[unit] as number)
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes
  throw refuse(option, text, 'sizes such as 512, 4k or 1MiB')
}

/** A place or a length within a namespace: blocks, or bytes where a unit was written. */
export type Amount = { readonly blocks: number } | { readonly bytes: number }

/** `4096` is that many blocks, `64MiB` or `512B` bytes. @throws NvmError ERR_ARGUMENT */
export function parseAmount(option: string, text: string): Amount {
  if (/^\d+$/.test(text.trim())) return { blocks: parseWhole(option, text, 0) }
  return { bytes: parseBytes(option, text) }
}

/** Blocks of an amount. @throws NvmError ERR_ARGUMENT when it is no whole number of them */
export function blocksOf(option: string, amount: Amount, blockSize: number): number {
  if ('blocks' in amount) return amount.blocks
  if (amount.bytes % blockSize === 0) return amount.bytes / blockSize
  const what = `--${option} ${amount.bytes} bytes are no whole number of blocks`
  throw createError('ERR_ARGUMENT', `${what} (${blockSize} bytes)`)
}

/** Milliseconds of `10s`, `500ms`, `2m`, `1h`, or seconds without a unit. @throws NvmError */
export function parseTime(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(us|ms|s|m|min|h|)$/i.exec(text.trim())
  const unit = match?.[2]?.toLowerCase() ?? ''
  const ms = match === null ? Number.NaN : Number(match[1]) * (unitMs[unit] as number)
  if (ms > msMax) throw refuse(option, text, 'at most 8760h, a year')
  if (Number.isFinite(ms)) return ms
  throw refuse(option, text, 'a time such as 10s or 500ms')
}

export interface SizeList {
  readonly sizes: readonly { readonly byteLength: number; readonly weight: number }[]
  /** They come in turn; otherwise they are drawn with their weights. */
  readonly inTurn: boolean
}

/** `4k`; `4k,64k`: in turn; `4k:70,64k:30`: drawn with these weights. @throws NvmError */
export function parseSizes(option: string, text: string): SizeList {
  const parts = text.split(',').map((part) => {
    const [size = '', weight, ...more] = part.split(':')
    if (more.length > 0) throw refuse(option, part, 'SIZE or SIZE:WEIGHT')
    return { byteLength: parseBytes(option, size), weight: weight && Number(weight) }
  })
  const inTurn = parts.every(({ weight }) => weight === undefined)
  if (inTurn) {
    const sizes = parts.map(({ byteLength }) => ({ byteLength, weight: 1 / parts.length }))
    return { sizes, inTurn: parts.length > 1 }
  }
  const isWeight = (weight: unknown) =>
    typeof weight === 'number' && weight > 0 && Number.isFinite(weight)
  if (!parts.every(({ weight }) => isWeight(weight))) {
    throw refuse(option, text, 'a weight above 0 for each size, or for none: 4k:70,64k:30')
  }
  const sum = parts.reduce((all, { weight }) => all + (weight as number), 0)
  const sizes = parts.map(({ byteLength, weight }) => {
    return { byteLength, weight: (weight as number) / sum }
  })
  return { sizes, inTurn: false }
}

const depthMax = 65535

/**
 * `32`; `1,2,8`; `1..128` or `1…128`: doubled from the first to the last; `1,2,4..128`: as those
 * before it grow. @throws NvmError ERR_ARGUMENT
 */
export function parseDepths(option: string, text: string): number[] {
  const depths: number[] = []
  const ranges = text.replace(/\s*,?\s*(?:\.{2,3}|…)\s*,?\s*/g, '..')
  for (const range of ranges.split(',')) {
    const ends = range.split('..').map((end) => parseWhole(option, end, 1, depthMax))
    if (ends.length > 2) throw refuse(option, text, 'a list such as 1,2,4..128')
    const [from = 1, to = from] = ends
    if (to < from) throw refuse(option, text, 'ranges that grow')
    for (let depth = from; depth < to; depth *= 2) depths.push(depth)
    depths.push(to)
  }
  return depths
}

/** `50,99,99.9` in ascending order. @throws NvmError ERR_ARGUMENT */
export function parsePercents(option: string, text: string): number[] {
  const percents = text.split(',').map(Number)
  if (text !== '' && percents.every((percent) => percent > 0 && percent <= 100)) {
    return [...new Set(percents)].sort((a, b) => a - b)
  }
  throw refuse(option, text, 'percentages above 0, such as 50,99,99.9')
}
