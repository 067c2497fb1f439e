// SPDX-License-Identifier: MIT
// The file of a result: written by `--json`, read again by whoever compares or shows results.

import { readFileSync, writeFileSync } from 'node:fs'
import { createError, createSystemError } from '../errors.ts'
import { type BenchResult, resultFormat, resultVersion } from './result.ts'

/** Writes a result to `path`, or to standard output for `-`. @throws NvmError ERR_PERMISSION … */
export function writeJson(path: string, result: BenchResult): void {
  const text = `${JSON.stringify(result)}\n`
  try {
    if (path === '-') process.stdout.write(text)
    else writeFileSync(path, text)
  } catch (error) {
    throw createSystemError(error)
  }
}

/**
 * Reads what writeJson() wrote.
 * @throws NvmError ERR_ARGUMENT when the file is no result, or one of another version, naming what
 *   is wrong in it; what the file system refuses
 */
export function readResult(path: string): BenchResult {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw createSystemError(error)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refusal(path, `it is no JSON (${(error as Error).message})`)
  }
  const { format, version } = (value ?? {}) as Partial<BenchResult>
  if (format !== resultFormat) throw refusal(path, `its format is not '${resultFormat}'`)
  if (version !== resultVersion) {
    throw refusal(path, `it is of version ${String(version)}, this program reads ${resultVersion}`)
  }
  const problem = problemOf(value, resultShape, '')
  if (problem !== undefined) throw refusal(path, problem)
  return value as BenchResult
}

const refusal = (path: string, why: string) =>
  createError('ERR_ARGUMENT', `${path} is no result of nvm-latency-bench: ${why}`)

type Shape =
  | 'number'
  | 'string'
  | 'boolean'
  | { readonly anyOf: readonly unknown[] }
  | { readonly orNull: Shape }
  | { readonly orMissing: Shape }
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>> }

const numbers = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'number']))
const strings = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'string']))
const fields = (...parts: Record<string, unknown>[]): Shape => ({
  fields: Object.assign({}, ...parts),
})

const direction = fields(numbers('commands', 'bytes', 'iops', 'mibPerSecond'), {
  latency: fields(numbers('min', 'mean', 'max', 'deviation'), {
    percentiles: { list: fields(numbers('percent', 'ns')) },
    steps: { list: { list: 'number' } },
  }),
})
const directions = { read: { orMissing: direction }, write: { orMissing: direction } }

const resultShape: Shape = fields(strings('format', 'started', 'peernvm'), numbers('version'), {
  command: { list: 'string' },
  emulated: 'boolean',
  interrupted: 'boolean',
  machine: fields(strings('cpu', 'kernel', 'node', 'hugePages'), numbers('cpus', 'memoryGiB')),
  controller: fields(
    strings('transport', 'model', 'serial', 'firmware', 'nvme'),
    numbers('namespace', 'blockSize', 'blockCount', 'transferBytesMax'),
    { target: { orNull: 'string' }, timing: { orNull: 'string' } },
  ),
  workload: fields(
    numbers('writePercent', 'offset', 'blockCount', 'queues', 'threads', 'seed', 'rampMs'),
    numbers('runCount'),
    {
      engine: { anyOf: ['js', 'await', 'batch', 'native'] },
      pattern: { anyOf: ['sequential', 'linear', 'random'] },
      sizes: { list: fields(numbers('byteLength', 'weight')) },
      depths: { list: 'number' },
      rate: { orNull: 'number' },
      runtimeMs: { orNull: 'number' },
    },
  ),
  runs: {
    list: fields(numbers('depth', 'run', 'durationNs'), directions, {
      interrupted: { orMissing: 'boolean' },
      queues: {
        list: fields(numbers('id', 'thread', 'doorbells'), directions, {
          paths: fields(numbers('direct', 'bounce', 'p2p')),
        }),
      },
      intervals: {
        list: fields(numbers('startNs', 'durationNs', 'commands', 'bytes'), {
          bins: { list: 'number' },
        }),
      },
    }),
  },
})

/** What is wrong in `value`, by its path, or undefined. */
function problemOf(value: unknown, shape: Shape, at: string): string | undefined {
  if (typeof shape === 'string') {
    const fits = shape === 'number' ? Number.isFinite(value) : typeof value === shape
    return fits ? undefined : `${at || 'all of it'} is no ${shape}`
  }
  if ('anyOf' in shape) {
    return shape.anyOf.includes(value) ? undefined : `${at} is none of ${shape.anyOf.join(', ')}`
  }
  if ('orNull' in shape) return value === null ? undefined : problemOf(value, shape.orNull, at)
  if ('orMissing' in shape) {
    return value === undefined ? undefined : problemOf(value, shape.orMissing, at)
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return `${at} is no list`
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
