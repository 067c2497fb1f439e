// SPDX-License-Identifier: MIT
// Wrong values by the dozen, and what becomes of a call that is given one: it must be an NvmError.
import { inspect } from 'node:util'
import { NvmError } from '../../src/errors.ts'

/** Of no type that any argument of ours has. */
const neverRight = [null, true, Symbol('s'), 5n, () => {}, Object.create(null) as unknown]

export const notAnInteger = [...neverRight, '5', 'x', '', {}, [], [1], Number.NaN, 1.5, Infinity]
export const notACount = [...notAnInteger, -1, 2 ** 53]
export const notText = [...neverRight, 0, -1, Number.NaN, {}, [], ['x'], 'a\0b']
export const notAnObject = [
  null,
  true,
  0,
  Number.NaN,
  5n,
  Symbol('s'),
  '',
  'x',
  [],
  new Uint8Array(8),
]
export const notABoolean = [...neverRight.filter((value) => value !== true), 0, 1, 'true', {}, []]
/** What only looks like it: of its class, and without what makes it one. */
export const lookAlikes = <T extends object>(real: T): T[] => [
  new Proxy(real, {}),
  Object.create(Object.getPrototypeOf(real)),
]
export const notBytes = [
  ...neverRight,
  0,
  4096,
  'x',
  {},
  [],
  [1, 2],
  new Float64Array(512),
  ...lookAlikes(new Uint8Array(512)),
]
export const notAFunction = [null, true, 0, 'x', {}, [], Symbol('s')]

const patienceMs = 5000

/** The code with which `attempt` is refused, or in other words what happened instead. */
export async function refusalOf(attempt: () => unknown): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const ended = Symbol('patience has ended')
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, patienceMs, ended)
  })
  try {
    const outcome = await Promise.race([(async () => attempt())(), patience])
    if (outcome === ended) return 'hangs'
    return `accepted: ${inspect(outcome, { depth: 0 })}`
  } catch (error) {
    if (!(error instanceof NvmError)) return `is no NvmError: ${inspect(error)}`
    if (error.fix === '' || /\[object|\bundefined of\b/.test(error.message)) {
      return `is badly said: ${error.message}`
    }
    return error.code
  } finally {
    clearTimeout(timer)
  }
}

/** What is wrong with how `attempt` takes each of `values`: nothing, where all are refused so. */
export async function notRefused(
  values: readonly unknown[],
  attempt: (value: never) => unknown,
  codes: RegExp = /^ERR_(ARGUMENT|RANGE)$/,
): Promise<string[]> {
  const complaints: string[] = []
  for (const value of values) {
    const refusal = await refusalOf(() => attempt(value as never))
    if (!codes.test(refusal)) complaints.push(`${inspect(value)}: ${refusal}`)
  }
  return complaints
}
