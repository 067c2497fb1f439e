// SPDX-License-Identifier: MIT
// A queue as master's spelling describes it: `no=1,depth=32,prps=8,location=local`.

import { createError } from '../../../src/errors.ts'

export interface QueueSpecification {
  readonly no: number
  /** Commands outstanding; 0: as many as can. */
  readonly depth: number
  /** Pages of a command at most; undefined: what the controller takes, or 1 at random. */
  readonly prps: number | undefined
  readonly location: 'local' | 'remote'
}

const depthMax = 64

const keys: Readonly<Record<string, readonly string[]>> = {
  no: ['no', 'id', 'number'],
  depth: ['depth', 'cmds', 'd', 'c', 'commands'],
  prps: ['prps', 'pages', 'p', 'chunk'],
  location: ['location', 'loc', 'l', 'h', 'host'],
}
const locations: Readonly<Record<string, QueueSpecification['location']>> = {
  local: 'local',
  host: 'local',
  ram: 'local',
  remote: 'remote',
  target: 'remote',
}

/** @throws NvmError ERR_ARGUMENT for a malformed one, none at all, or a number used twice */
export function parseQueues(texts: readonly string[]): QueueSpecification[] {
  if (texts.length === 0) {
    throw createError('ERR_ARGUMENT', "master's spelling needs --queue no=1 or more of them")
  }
  const queues = texts.map(parseQueue)
  for (const [index, { no }] of queues.entries()) {
    if (!queues.slice(0, index).some((other) => other.no === no)) continue
    throw createError('ERR_ARGUMENT', `Queue number ${no} is already used!`)
  }
  return queues
}

function parseQueue(text: string): QueueSpecification {
  const malformed = (why: string) =>
    createError('ERR_ARGUMENT', `\`${text}' is a malformed queue specification string, ${why}`)
  const values: Record<string, string> = {}
  for (const word of text.split(',')) {
    const [, key = '', value = ''] = /^([^=]+)=(.+)$/.exec(word) ?? []
    if (value === '') throw malformed(`\`${word}' is not key=value format`)
    const name = Object.keys(keys).find((each) => keys[each]?.includes(key))
    if (name === undefined) throw malformed(`there is no key \`${key}'`)
    values[name] = value
  }
  const whole = (name: string, min: number, max: number): number => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= min && value <= max) return value
    if (name === 'depth') {
      throw createError('ERR_ARGUMENT', 'Number of commands (queue depth) must be between 0 and 64')
    }
    throw malformed(`${name} must be a number from ${min}`)
  }
  const location = locations[values.location ?? 'local']
  if (location === undefined) throw malformed('location is local or remote')
  return {
    no: whole('no', 1, 65535),
    depth: values.depth === undefined ? 0 : whole('depth', 0, depthMax),
    prps: values.prps === undefined ? undefined : whole('prps', 1, 65536),
    location,
  }
}

/** Commands outstanding at most, of queues that ask for as many as can. */
export const queueDepthMax = depthMax
