// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { renderReport } from '../../../src/report/html.ts'
import { renderFigures } from '../../../src/report/svg.ts'
import { parseXml } from '../../support/xml.ts'
import { makeResult } from './made-result.ts'

const small = { commandCount: 500, intervalCount: 10 } as const

/** The parsed contents of the page's data, by id. */
function dataOf(page: string): Record<string, unknown> {
  const scripts = page.matchAll(/<script type="application\/json" id="([^"]+)">([^<]*)<\/script>/g)
  return Object.fromEntries([...scripts].map(([, id, text]) => [id, JSON.parse(text ?? '')]))
}

/** Without printing the page where it is not so. */
function expectIn(page: string, text: string): void {
  expect(page.includes(text), text).toBe(true)
}

describe('the report', () => {
  test('holds the result itself, and its figures', () => {
    const result = makeResult({ ...small, depths: [1, 8], runCount: 2 })
    const page = renderReport([result])
    expect(dataOf(page)).toEqual({ result })
    expect(page.match(/<svg /g)).toHaveLength(renderFigures(result).length)
    for (const [svg] of page.matchAll(/<svg .*?<\/svg>/g)) {
      parseXml(svg)
      expect(svg.match(/NaN|undefined|Infinity/)).toBeNull()
    }
  })

  test('names the machine, the controller, and the command that repeats the run', () => {
    const page = renderReport([makeResult(small)])
    expectIn(page, 'Made-up CPU @ 3.00GHz, 2 CPUs, 8 GiB')
    expectIn(page, 'serial PEERNVM00000001')
    expectIn(page, 'npx nvm-latency-bench --pattern random --depth 32')
    expectIn(page, 'Seed of random places: 1')
    expectIn(page, 'direct 500, bounce 0, p2p 0')
  })

  test('says that an emulated controller is one', () => {
    const warning = 'This is an emulated controller: times are software overhead'
    expectIn(renderReport([makeResult(small)]), warning)
    const real = renderReport([{ ...makeResult(small), emulated: false }])
    expect(real.includes(warning)).toBe(false)
  })

  test('says what is missing in it', () => {
    const page = renderReport([{ ...makeResult({ ...small, interrupted: true }), runs: [] }])
    expectIn(page, 'This run was interrupted')
    expectIn(page, 'No command was completed.')
    expect(page.includes('<svg')).toBe(false)
  })

  test('shows each queue where there are several, and the path of its data', () => {
    const made = makeResult({ ...small, depths: [1, 8] })
    const runs = made.runs.map((run) => {
      const [queue] = run.queues
      if (queue === undefined) throw new Error('a queue')
      const bounced = { ...queue, id: 2, thread: 1, paths: { direct: 1, bounce: 7, p2p: 0 } }
      return { ...run, queues: [queue, bounced] }
    })
    const page = renderReport([{ ...made, workload: { ...made.workload, queues: 2 }, runs }])
    const rows = page.slice(page.indexOf('Each queue')).match(/<tr>.*?<\/tr>/g) ?? []
    expect(rows[1]).toMatch(/>1<.*>1<.*>0<.*>read<.*>[\d.]+<.*>direct</)
    expect(rows[4]).toMatch(/>8<.*>2<.*>1<.*>read<.*>[\d.]+<.*>direct 1, bounce 7</)
    expect(renderReport([made]).includes('Each queue')).toBe(false)
  })

  test('of two results compares them', () => {
    const results = [1, 2].map((seed) => makeResult({ ...small, runCount: 2, seed }))
    const page = renderReport(results)
    expectIn(page, 'The second against the first')
    expect(Object.keys(dataOf(page))).toEqual(['result-1', 'result-2'])
    expect(renderReport(results.slice(1)).includes('against')).toBe(false)
  })

  test('fetches nothing, and allows only its own script and styles', () => {
    const page = renderReport([makeResult(small)])
    const links = page.match(/\s(src|href|action|data|srcset|poster)="[^"]*"|url\([^)]*\)/g)
    expect(links).toBeNull()
    expect(page.match(/https?:[^"' ]*/g)?.filter((url) => !url.includes('www.w3.org'))).toEqual([])
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? ''
    expect(policy).toMatch(/^default-src 'none';/)
    const parts = [
      ...page.matchAll(/<(?:script|style)(?: id="[^"]*")?>([\s\S]*?)<\/(?:script|style)>/g),
    ]
    expect(parts).toHaveLength(3)
    for (const [, text = ''] of parts) {
      expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    }
  })
})

test('no text of a result becomes markup, in the page or in a figure', () => {
  const evil = `</script><script>alert('1')</script><img src=x onerror="alert(1)">&amp;]]>\u0000\u0001`
  const made = makeResult({ ...small, target: evil, command: ['--ctrl', evil] })
  const result = {
    ...made,
    started: evil,
    peernvm: evil,
    machine: { ...made.machine, cpu: evil, kernel: evil, node: evil, hugePages: evil },
    controller: { ...made.controller, transport: evil, model: evil, serial: evil, timing: evil },
  }
  const page = renderReport([result, result])
  const plain = renderReport([makeResult(small), makeResult(small)])
  const tags = (text: string) => text.match(/<\/?[a-z]+/gi)?.sort()
  expect(tags(page)).toEqual(tags(plain))
  expect(dataOf(page)).toEqual({ 'result-1': result, 'result-2': result })
  for (const { text } of renderFigures(result)) parseXml(text)
})
