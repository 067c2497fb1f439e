// SPDX-License-Identifier: MIT
// How long one `await` takes at depth 1, as its caller sees it and as the queue does, alone and
// beside other work of the same event loop.
import { Histogram } from 'peernvm'
import type { Setting } from '../shared/filled-namespace.ts'
import { RandomBlocks } from '../shared/random-blocks.ts'
import { commandBytes, type Disturbance } from './cells.ts'
import { Disturber } from './disturbance.ts'
import { verify } from './verification.ts'

const verifiedPlaces = 64

/** In microseconds. */
export interface Quantiles {
  p50: number
  p99: number
  p999: number
  max: number
}

export interface LatencyAnswer {
  commands: number
  ns: number
  /** From the call to the continuation after `await`. */
  caller: Quantiles
  /** From the doorbell to the poll that found the completion. */
  queue: Quantiles
  /** How late the timer fired; undefined where it did not. */
  lateness?: Quantiles
  collections: number
  garbageBytes: number
  verifiedBytes: number
}

export async function measureLatency(
  { controller, namespace }: Setting,
  disturbance: Disturbance,
  milliseconds: number,
): Promise<LatencyAnswer> {
  using into = await controller.allocate(commandBytes)
  await using queue = await controller.createQueuePair({ mode: 'await', depth: 1, histogram: true })
  const random = new RandomBlocks(commandBytes)
  const seen = new Histogram()
  const disturber = new Disturber(disturbance)
  const start = performance.now()
  let now = start
  while (now - start < milliseconds || disturber.isPending) {
    const lba = random.nextLba()
    const called = performance.now()
    await queue.read({ namespace, lba, into })
    now = performance.now()
    seen.record((now - called) * 1e6)
  }
  disturber.stop()
  const { lateness, collections, garbageBytes } = disturber
  const measured = {
    commands: seen.count,
    ns: (now - start) * 1e6,
    caller: quantilesOf(seen),
    queue: quantilesOf(queue.stats().latency as Histogram),
    ...(lateness.count === 0 ? {} : { lateness: quantilesOf(lateness) }),
    collections,
    garbageBytes,
  }
  const lbas = Array.from({ length: verifiedPlaces }, () => random.nextLba())
  return { ...measured, verifiedBytes: await verify({ namespace, queue, buffers: [into], lbas }) }
}

function quantilesOf(histogram: Histogram): Quantiles {
  const us = (fraction: number): number => histogram.quantile(fraction) / 1000
  return { p50: us(0.5), p99: us(0.99), p999: us(0.999), max: histogram.max / 1000 }
}
