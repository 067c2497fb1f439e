// SPDX-License-Identifier: MIT
// Checks of what programs pass, for those written without types as well: each names the argument,
// what was given, and what is allowed. Not for hot paths.

import { createError, type NvmError } from './errors.ts'

const shownMax = 40

/** A value as a message shows it: short, and never a failure of its own. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return value.length > shownMax ? `'${value.slice(0, shownMax)}…'` : `'${value}'`
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object' || value === null) return String(value)
  if (Array.isArray(value)) return 'an array'
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  const isTelling = typeof name === 'string' && name !== '' && name !== 'Object'
  return isTelling ? `an object (${name})` : 'an object'
}

/** Not what merely looks like one: a Proxy, or what has its prototype. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && value instanceof Uint8Array

function wrong(what: string, value: unknown, wanted: string): NvmError {
  return createError('ERR_ARGUMENT', `${what} is ${show(value)}, and not ${wanted}`)
}

/** A whole number. @throws NvmError ERR_ARGUMENT for no such thing, ERR_RANGE outside the limits */
export function checkInteger(what: string, value: unknown, min: number, max: number): void {
  if (!Number.isInteger(value)) throw wrong(what, value, 'a whole number')
  if ((value as number) >= min && (value as number) <= max) return
  throw createError('ERR_RANGE', `${what} is ${value}; it is ${min} to ${max}`)
}

/** A number, whole or not, from 0 on. @throws NvmError ERR_ARGUMENT */
export function checkNumber(what: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return
  throw wrong(what, value, 'a number from 0 on')
}

/** @throws NvmError ERR_ARGUMENT */
export function checkBoolean(what: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrong(what, value, 'true or false')
}

/** Text that the system's calls take. @throws NvmError ERR_ARGUMENT */
export function checkText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw wrong(what, value, 'a string')
  if (value.includes('\0')) throw createError('ERR_ARGUMENT', `${what} has a NUL in it`)
}

/** @throws NvmError ERR_ARGUMENT */
export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw wrong(what, value, 'a function')
}

/** An AbortSignal or nothing. @throws NvmError ERR_ARGUMENT */
export function checkSignal(value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal)) {
    throw wrong('signal', value, 'an AbortSignal')
  }
}

/** One of a few names. @throws NvmError ERR_ARGUMENT */
export function checkName(what: string, value: unknown, names: readonly string[]): void {
  if (typeof value === 'string' && names.includes(value)) return
  throw createError('ERR_ARGUMENT', `${what} ${show(value)} is none of ${names.join(', ')}`)
}

/** An array. @throws NvmError ERR_ARGUMENT */
export function checkArray(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw wrong(what, value, 'an array')
}

/** Anything with properties. @throws NvmError ERR_ARGUMENT */
export function checkObject(what: string, value: unknown): void {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || ArrayBuffer.isView(value)) throw wrong(what, value, 'an object')
}

/** An object without other names than `names`. @throws NvmError ERR_ARGUMENT */
export function checkOptions(what: string, value: unknown, names: readonly string[]): void {
  checkObject(what, value)
  for (const name of Object.keys(value as object)) {
    if (names.includes(name)) continue
    throw createError('ERR_ARGUMENT', `${what} has no option '${name}'; it has ${names.join(', ')}`)
  }
}

/** The names of an interface, all of them: the compiler refuses a list that lacks one. */
export function namesOf<T>(names: Readonly<Record<keyof T, true>>): readonly string[] {
  return Object.keys(names)
}

/** How long something may take. @throws NvmError ERR_ARGUMENT, ERR_RANGE */
export function checkTimeoutMs(value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw wrong('timeoutMs', value, 'a number of milliseconds')
  }
  const timeoutMsMax = 2 ** 31 - 1
  if (value > 0 && value <= timeoutMsMax) return
  throw createError('ERR_RANGE', `timeoutMs is ${value}; it is above 0, at most ${timeoutMsMax}`)
}
