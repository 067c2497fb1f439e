// SPDX-License-Identifier: MIT
// What the file of a result has to look like: kinds and bounds of its values, so that nothing that
// shows it meets a number which it cannot draw.

type Shape =
  | { readonly called: string; readonly is: (value: unknown) => boolean }
  | { readonly orNull: Shape }
  | { readonly orMissing: Shape }
  | { readonly list: Shape; readonly least?: number }
  | { readonly fields: Readonly<Record<string, Shape>> }

const isWithin = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most

const numbersWithin = (least: number, most: number): Shape => ({
  called: `number from ${least} to ${most}`,
  is: (value) => isWithin(value, least, most),
})

const wholeWithin = (least: number, most: number): Shape => ({
  called: `whole number from ${least} to ${most}`,
  is: (value) => Number.isInteger(value) && isWithin(value, least, most),
})

const numberMax = Number.MAX_SAFE_INTEGER
const number: Shape = { called: 'number from 0 on', is: (value) => isWithin(value, 0, numberMax) }
const count = wholeWithin(1, 65535)
const string: Shape = { called: 'string', is: (value) => typeof value === 'string' }
const boolean: Shape = { called: 'boolean', is: (value) => typeof value === 'boolean' }
const date: Shape = {
  called: 'date',
  is: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
}

const oneOf = (...names: readonly string[]): Shape => ({
  called: `one of ${names.join(', ')}`,
  is: (value) => names.some((name) => name === value),
})

const isList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.every((each) => isWithin(each, 0, numberMax))

const steps: Shape = {
  called: 'list of [from, to, count] in ascending order',
  is: (value) => {
    let end = -1
    return (
      Array.isArray(value) &&
      value.every((step) => {
        if (!isList(step) || step.length !== 3) return false
        const [from, to] = step as readonly number[] as readonly [number, number]
        const isNext = from > end && to >= from
        end = to
        return isNext
      })
    )
  },
}

/** The last one ends at 2^64 ns. */
const binMax = 4 * 64 - 1
const bins: Shape = {
  called: `list of a first bin and counts, up to bin ${binMax}`,
  is: (value) => {
    if (!isList(value)) return false
    const [first = 0, ...counts] = value
    return Number.isInteger(first) && (first as number) + counts.length - 1 <= binMax
  },
}

const named = (shape: Shape, ...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, shape]))
const fields = (...parts: Readonly<Record<string, Shape>>[]): Shape => ({
  fields: Object.assign({}, ...parts),
})

const direction = fields(named(number, 'commands', 'bytes', 'iops', 'mibPerSecond'), {
  latency: fields(named(number, 'min', 'mean', 'max', 'deviation'), {
    percentiles: {
      list: fields({ percent: numbersWithin(0, 100), ns: number, beyond: { orMissing: number } }),
    },
    steps,
  }),
})
const directions = { read: { orMissing: direction }, write: { orMissing: direction } }

const resultShape = fields(named(string, 'format', 'peernvm'), named(number, 'version'), {
  command: { list: string },
  started: date,
  emulated: boolean,
  interrupted: boolean,
  machine: fields(
    named(string, 'cpu', 'kernel', 'node', 'hugePages'),
    named(number, 'cpus', 'memoryGiB'),
  ),
  controller: fields(
    named(string, 'transport', 'model', 'serial', 'firmware', 'nvme'),
    named(number, 'namespace', 'blockSize', 'blockCount', 'transferBytesMax'),
    { target: { orNull: string }, timing: { orNull: string } },
  ),
  workload: fields(
    named(number, 'offset', 'blockCount', 'seed', 'rampMs'),
    named(count, 'queues', 'threads'),
    {
      engine: oneOf('js', 'await', 'batch', 'native'),
      pattern: oneOf('sequential', 'linear', 'random'),
      runCount: wholeWithin(1, numberMax),
      writePercent: numbersWithin(0, 100),
      sizes: {
        list: fields({ byteLength: wholeWithin(1, numberMax), weight: numbersWithin(0, 1) }),
        least: 1,
      },
      depths: { list: count, least: 1 },
      rate: { orNull: number },
      runtimeMs: { orNull: number },
    },
  ),
  runs: {
    list: fields({ depth: count }, named(number, 'run', 'durationNs'), directions, {
      interrupted: { orMissing: boolean },
      process: {
        orMissing: fields(
          named(number, 'wallNs', 'userNs', 'systemNs'),
          named(number, 'contextSwitches', 'majorFaults', 'minorFaults'),
        ),
      },
      queues: {
        list: fields(named(number, 'id', 'thread', 'doorbells'), directions, {
          paths: fields(named(number, 'direct', 'bounce', 'p2p')),
        }),
      },
      intervals: {
        list: fields(named(number, 'startNs', 'durationNs', 'commands', 'bytes'), {
          written: { orMissing: fields(named(number, 'commands', 'bytes')) },
          bins,
        }),
      },
    }),
  },
})

/** What is wrong in a value that should be a result, and where; undefined when nothing is. */
export const problemOfResult = (value: unknown): string | undefined =>
  problemOf(value, resultShape, '')

function problemOf(value: unknown, shape: Shape, at: string): string | undefined {
  if ('is' in shape) return shape.is(value) ? undefined : `${at} is no ${shape.called}`
  if ('orNull' in shape) return value === null ? undefined : problemOf(value, shape.orNull, at)
  if ('orMissing' in shape) {
    return value === undefined ? undefined : problemOf(value, shape.orMissing, at)
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return `${at} is no list`
    if (value.length < (shape.least ?? 0)) return `${at} is empty`
    return firstProblem(value.map((item, i) => () => problemOf(item, shape.list, `${at}[${i}]`)))
  }
  if (typeof value !== 'object' || value === null) return `${at || 'all of it'} is no object`
  return firstProblem(
    Object.entries(shape.fields).map(([name, field]) => () => {
      const inner = (value as Readonly<Record<string, unknown>>)[name]
      return problemOf(inner, field, at === '' ? name : `${at}.${name}`)
    }),
  )
}

function firstProblem(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const problem = look()
    if (problem !== undefined) return problem
  }
  return undefined
}
