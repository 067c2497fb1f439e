// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import type { BenchResult } from '../../../src/report/result.ts'
import { renderFigures } from '../../../src/report/svg.ts'
import { allElements, parseXml, type XmlElement } from '../../support/xml.ts'
import { type Making, makeResult } from './made-result.ts'

const small = { commandCount: 2000, intervalCount: 20 } as const

function drawn(result: BenchResult): Map<string, XmlElement[]> {
  const files = renderFigures(result)
  return new Map(files.map(({ name, text }) => [name, allElements(parseXml(text))]))
}

const texts = (elements: readonly XmlElement[] | undefined): string[] =>
  (elements ?? []).filter(({ name }) => name === 'text').map(({ text }) => text)

const ofClass = (elements: readonly XmlElement[] | undefined, pattern: RegExp): XmlElement[] =>
  (elements ?? []).filter(({ attributes }) => pattern.test(attributes.class ?? ''))

const tips = (elements: readonly XmlElement[] | undefined): string[] =>
  (elements ?? []).filter(({ name }) => name === 'title').map(({ text }) => text)

describe('the figures of a result', () => {
  test('of one depth are four; of several there is a sweep, and three for each depth', () => {
    expect([...drawn(makeResult(small)).keys()]).toEqual([
      'percentiles.svg',
      'histogram-depth32.svg',
      'heat-map-depth32.svg',
      'iops-depth32.svg',
    ])
    const names = [...drawn(makeResult({ ...small, depths: [8, 1], writePercent: 50 })).keys()]
    expect(names.slice(0, 3)).toEqual([
      'percentiles-read.svg',
      'percentiles-write.svg',
      'depth-sweep.svg',
    ])
    expect(names.slice(3).filter((name) => name.endsWith('depth1.svg'))).toHaveLength(3)
    expect(new Set(names).size).toBe(9)
  })

  test('are 3.3 inches wide, with a title and a unit on each axis', () => {
    const figures = drawn(makeResult({ ...small, depths: [1, 4], runCount: 2 }))
    const titles: Record<string, string[]> = {
      'percentiles-read.svg': ['Percentile of commands (%)', 'Latency (µs)'],
      'depth-sweep.svg': ['IOPS (millions)', 'Latency (µs)'],
      'histogram-depth4.svg': ['Latency (µs)', 'Commands per bin'],
      'heat-map-depth4.svg': ['Latency (µs)', 'Time of 2 runs, one after the other (ms)'],
      'iops-depth4.svg': ['IOPS (millions)', 'Time of 2 runs, one after the other (ms)'],
    }
    for (const [name, expected] of Object.entries(titles)) {
      expect(texts(figures.get(name)), name).toEqual(expect.arrayContaining(expected))
      expect(figures.get(name)?.[0]?.attributes.width).toBe('3.3in')
    }
    expect(texts(figures.get('depth-sweep.svg'))).toContain(
      'Queue depth (commands outstanding per queue)',
    )
  })

  test('say that an emulator is one, and nothing of it of a drive', () => {
    const note = /software overhead, not a drive/
    for (const [name, elements] of drawn(makeResult(small))) {
      expect(texts(elements).join('\n'), name).toMatch(note)
    }
    for (const [name, elements] of drawn({ ...makeResult(small), emulated: false })) {
      expect(texts(elements).join('\n'), name).not.toMatch(note)
    }
  })

  test('hold only numbers, whatever the data', () => {
    const odd: BenchResult[] = [
      makeResult({ commandCount: 1, intervalCount: 0 }),
      makeResult({ commandCount: 7, intervalCount: 1, depths: [1, 3], runCount: 2 }),
      makeResult({ ...small, writePercent: 100, medianNs: 5e7, depths: [1, 1000] }),
      makeResult({ ...small, medianNs: 30, interrupted: true }),
      makeResult({ commandCount: 200, intervalCount: 1, medianNs: 1 }),
    ]
    for (const result of odd) {
      const files = renderFigures(result)
      expect(files.length).toBeGreaterThan(1)
      for (const { name, text } of files) {
        expect(() => parseXml(text), name).not.toThrow()
        expect(text, name).not.toMatch(/NaN|Infinity|undefined|null/)
      }
    }
  })

  test('are none where no command was completed', () => {
    expect(renderFigures({ ...makeResult(small), runs: [] })).toEqual([])
    expect(renderFigures(makeResult({ commandCount: 0, intervalCount: 2 }))).toEqual([])
  })
})

describe('the percentile curve', () => {
  test('has a mark at each percentile that the number of commands reaches', () => {
    const marks = (commandCount: number) =>
      tips(drawn(makeResult({ commandCount, intervalCount: 2 })).get('percentiles.svg'))
    expect(marks(20_000)).toHaveLength(5)
    expect(marks(2000).map((tip) => tip.replace(/:.*/, ''))).toEqual([
      'reads, p50',
      'reads, p90',
      'reads, p99',
      'reads, p99.9',
    ])
    expect(marks(1)).toHaveLength(1)
  })

  test('shows the percentiles of the result, over runs as mean and range', () => {
    const result = makeResult({ ...small, runCount: 3 })
    const p99 = result.runs.map(({ read }) => {
      return (read?.latency.percentiles.find(({ percent }) => percent === 99)?.ns ?? 0) / 1000
    })
    const tip = tips(drawn(result).get('percentiles.svg')).find((text) => /p99:/.test(text))
    const mean = p99.reduce((a, b) => a + b) / 3
    const [least, most] = [Math.min(...p99), Math.max(...p99)]
    expect(tip).toBe(
      `reads, p99: ${mean.toFixed(1)} µs (${least.toFixed(1)} µs–${most.toFixed(1)} µs)`,
    )
  })

  test('has error bars and a band for several runs, and none for one', () => {
    const bars = (runCount: number) => {
      const elements = drawn(makeResult({ ...small, runCount })).get('percentiles.svg')
      return [ofClass(elements, /\bbar\b/).length, ofClass(elements, /^area/).length]
    }
    expect(bars(1)).toEqual([0, 0])
    const [several, bands] = bars(5)
    expect(several).toBeGreaterThan(0)
    expect(bands).toBe(1)
  })

  test('of many depths shows four, the first and the last among them', () => {
    const depths = [1, 2, 4, 8, 16, 32, 64, 128]
    const elements = drawn(makeResult({ ...small, depths })).get('percentiles-read.svg')
    const shown = texts(elements).filter((text) => text.startsWith('depth'))
    expect(shown).toEqual(['depth 1', 'depth 4', 'depth 32', 'depth 128'])
  })
})

describe('the histogram', () => {
  test('counts every command of every run', () => {
    const result = makeResult({ ...small, runCount: 3, writePercent: 25 })
    const hints = tips(drawn(result).get('histogram-depth32.svg'))
    const sum = (what: string) =>
      hints
        .filter((hint) => hint.endsWith(what))
        .reduce((total, hint) => total + Number(/: (\d+) /.exec(hint)?.[1]), 0)
    const done = (direction: 'read' | 'write') =>
      result.runs.reduce((total, run) => total + (run[direction]?.commands ?? 0), 0)
    expect(sum('reads')).toBe(done('read'))
    expect(sum('writes')).toBe(done('write'))
    expect(done('read') + done('write')).toBe(6000)
  })
})

describe('what is drawn over time', () => {
  const cells = (elements: readonly XmlElement[] | undefined): number =>
    ofClass(elements, /^heat\d$/)
      .filter(({ name }) => name === 'path')
      .reduce((sum, { attributes }) => sum + (attributes.d?.match(/M/g)?.length ?? 0), 0)

  test('is a cell for each bin of each interval that has commands', () => {
    const result = makeResult(small)
    const bins = result.runs[0]?.intervals.flatMap(({ bins }) => bins.slice(1)) ?? []
    const elements = drawn(result).get('heat-map-depth32.svg')
    expect(cells(elements)).toBe(bins.filter((count) => count > 0).length)
    expect(ofClass(elements, /^touch$/)).toHaveLength(20)
  })

  test('is merged where there are more intervals than a figure can show', () => {
    const result = makeResult({ commandCount: 4000, intervalCount: 200, runCount: 5 })
    const elements = drawn(result).get('iops-depth32.svg')
    const slices = ofClass(elements, /^touch$/)
    expect(slices.length).toBeLessThanOrEqual(180)
    expect(slices.length).toBeGreaterThan(90)
    const seams = ofClass(elements, /^seam$/)[0]?.attributes.d
    expect(seams?.match(/M/g)).toHaveLength(4)
  })

  test('has a line for reads and one for writes where both were done', () => {
    const lines = (making: Making) =>
      ofClass(drawn(makeResult(making)).get('iops-depth32.svg'), /^line\d$/).filter(
        ({ attributes }) => (attributes.d?.match(/L/g)?.length ?? 0) > 1,
      )
    expect(lines(small)).toHaveLength(1)
    expect(lines({ ...small, writePercent: 30 })).toHaveLength(2)
    const [reads, writes] = lines({ ...small, writePercent: 30 })
    expect(reads?.attributes.d).not.toBe(writes?.attributes.d)
  })

  test('shows the rate of an interval', () => {
    const result = makeResult(small)
    const [first] = result.runs[0]?.intervals ?? []
    const rate = (first?.commands ?? 0) / ((first?.durationNs ?? 1) / 1e9)
    const [hint] = tips(drawn(result).get('iops-depth32.svg'))
    expect(hint).toContain(`${(rate / 1e6).toFixed(2)} M IOPS`)
  })

  test('is missing where there are no intervals', () => {
    const names = [...drawn(makeResult({ commandCount: 100, intervalCount: 0 })).keys()]
    expect(names).toEqual(['percentiles.svg', 'histogram-depth32.svg'])
  })
})

test('a depth sweep has a mark for each depth in each of its lines', () => {
  const depths = [1, 2, 4, 8]
  const elements = drawn(makeResult({ ...small, depths, writePercent: 50 })).get('depth-sweep.svg')
  const hints = tips(elements)
  expect(hints.filter((hint) => hint.includes('IOPS'))).toHaveLength(8)
  expect(hints.filter((hint) => hint.includes('µs'))).toHaveLength(16)
})

test('a depth sweep needs no percentile that the result lists', () => {
  const made = makeResult({ ...small, depths: [1, 2] })
  const runs = made.runs.map((run) => {
    if (run.read === undefined) throw new Error('a read')
    return { ...run, read: { ...run.read, latency: { ...run.read.latency, percentiles: [] } } }
  })
  const sweep = (result: BenchResult) => drawn(result).get('depth-sweep.svg')
  expect(sweep({ ...made, runs })).toEqual(sweep(made))
})

test('numbers on an axis do not touch', () => {
  const result = makeResult({ ...small, depths: [1, 2, 3, 4, 5, 6, 7, 8, 100, 101, 102, 128] })
  const elements = drawn(result).get('depth-sweep.svg')
  const labels = (elements ?? []).filter(({ name, attributes, text }) => {
    return name === 'text' && attributes['text-anchor'] === 'middle' && /^\d+$/.test(text)
  })
  const spans = labels.map(({ attributes, text }) => {
    const half = (text.length * 4.1) / 2
    return [Number(attributes.x) - half, Number(attributes.x) + half] as const
  })
  expect(spans.length).toBeGreaterThan(4)
  for (const [i, span] of spans.entries()) {
    if (i > 0) expect(span[0]).toBeGreaterThan(spans[i - 1]?.[1] ?? 0)
  }
})
