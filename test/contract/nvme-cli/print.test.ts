// SPDX-License-Identifier: MIT
// What `peernvm identify`, `log` and `feature` print is what Debian's nvme-cli prints of the same
// bytes: those of the emulator, and random ones. differences.ts lists where it is not, and why.
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { codeOf } from '../../../src/admin/codes.ts'
import { featureBytes, featureText, wordedFeatures } from '../../../src/cli/nvme-cli/features.ts'
import { printJson } from '../../../src/cli/nvme-cli/json.ts'
import {
  identifyViews,
  logViews,
  type View,
  type ViewOptions,
} from '../../../src/cli/nvme-cli/views.ts'
import { openController } from '../../../src/open.ts'
import { byteLengthOf } from '../../../src/spec/decode.ts'
import { nvme as spec } from '../../../src/spec/nvme.ts'
import { aligned, comparable } from './differences.ts'
import { type Answer, RealNvme, requireNvme } from './real.ts'

const nvme = RealNvme.open()
afterAll(() => nvme?.[Symbol.dispose]())

const identifyOpcode = spec.codes.admin_opcode.identify[0]
const logOpcode = spec.codes.admin_opcode.get_log_page[0]
const featureOpcode = spec.codes.admin_opcode.get_features[0]

/** A structure, the command of nvme-cli that prints it, and where its bytes come from. */
interface Case {
  readonly name: string
  readonly view: View
  readonly opcode: number
  readonly selector: number
  readonly byteLength: number
  readonly nsid: number
  readonly args: readonly string[]
  /** nvme-cli knows --human-readable for it. */
  readonly hasHuman: boolean
  /** nvme-cli prints it as JSON. */
  readonly hasJson: boolean
}

const identifyCases: Case[] = [
  { name: 'id-ctrl', view: identifyViews.controller, selector: 1, args: [] },
  { name: 'id-ns', view: identifyViews.namespace, selector: 0, args: ['-n', '1'] },
].map((each) => ({
  ...each,
  opcode: identifyOpcode,
  byteLength: 4096,
  nsid: 1,
  hasHuman: true,
  hasJson: true,
}))

const errorEntries = 3
const logArgs: Readonly<Record<string, readonly string[]>> = {
  'error-log': ['-e', String(errorEntries)],
  'effects-log': ['-c', '0'], // without it nvme-cli looks for the controller in sysfs
}
const withHuman = ['smart-log', 'effects-log', 'sanitize-log', 'fid-support-effects-log']

const logCases: Case[] = Object.values(logViews).map((view) => ({
  name: view.command,
  view,
  opcode: logOpcode,
  selector: codeOf('log_page', view.lid),
  byteLength: 'byteLength' in view ? view.byteLength : errorEntries * byteLengthOf('ErrorLogEntry'),
  nsid: 0xffffffff,
  args: logArgs[view.command] ?? [],
  hasHuman: withHuman.includes(view.command),
  hasJson: view.command !== 'supported-log-pages', // it ends with an assertion of json-c
}))

const cases = [...identifyCases, ...logCases]

/** Enough entries that the error log's are not cut. */
const manyErrors: Answer = {
  opcode: identifyOpcode,
  selector: 1,
  data: new Uint8Array(4096).fill(63, 262, 263),
}

async function compare(real: RealNvme, each: Case, data: Uint8Array): Promise<void> {
  const { name, view, opcode, selector, nsid, args } = each
  const answers = [...(name === 'error-log' ? [manyErrors] : []), { opcode, selector, data }]
  const options: ViewOptions = { device: 'nvme0', nsid, isHuman: false }
  const check = async (ours: string, ...more: string[]) => {
    const theirs = await real.run(answers, name, ...args, ...more)
    expect(comparable(ours).split('\n')).toEqual(comparable(theirs).split('\n'))
  }
  const text = (isHuman: boolean) =>
    view
      .text(data, { ...options, isHuman })
      .map((line) => `${line}\n`)
      .join('')
  await check(text(false))
  if (each.hasHuman) await check(text(true), '-H')
  if (each.hasJson) await check(printJson(view.json(data, options)), '-o', 'json')
}

describe('bytes of the emulator', () => {
  test.for(cases)('$name', async (each, context) => {
    const real = requireNvme(context, nvme)
    const { opcode, selector, byteLength, nsid } = each
    const controller = await openController()
    const { admin } = controller
    try {
      const bytes =
        opcode === identifyOpcode
          ? await admin.identify({ cns: selector, nsid: selector === 0 ? nsid : 0 })
          : await admin.getLogPage({ lid: selector, byteLength, nsid })
      await compare(real, each, bytes)
    } finally {
      await controller.close()
    }
  })
})

/** All random, or nearly all alike: else no bit field is ever 0. */
function bytesOf(byteLength: number): fc.Arbitrary<Uint8Array> {
  const places = fc.array(fc.tuple(fc.nat(byteLength - 1), fc.nat(255)), { maxLength: 40 })
  const sparse = fc.tuple(fc.constantFrom(0, 255), places).map(([filling, changes]) => {
    const bytes = new Uint8Array(byteLength).fill(filling)
    for (const [at, value] of changes) bytes[at] = value
    return bytes
  })
  const random = fc.uint8Array({ minLength: byteLength, maxLength: byteLength })
  return fc.oneof(random, sparse)
}

describe('random bytes', () => {
  test.for(cases)('$name', async (each, context) => {
    const real = requireNvme(context, nvme)
    await fc.assert(
      fc.asyncProperty(bytesOf(each.byteLength), (bytes) =>
        compare(real, each, aligned(each.name, bytes)),
      ),
      { numRuns: 12, endOnFailure: true },
    )
  })
})

describe('features', () => {
  test.for(wordedFeatures)('%i', async (fid, context) => {
    const real = requireNvme(context, nvme)
    const byteLength = featureBytes(fid)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(0xffffffff),
        bytesOf(Math.max(byteLength, 1)),
        fc.nat(3),
        fc.boolean(),
        async (dword0, bytes, select, isHuman) => {
          const data = byteLength > 0 ? bytes : undefined
          const ours = featureText({ fid, select, dword0, data }, isHuman)
          const args = ['-f', String(fid), '-s', String(select), ...(isHuman ? ['-H'] : [])]
          const theirs = await real.run(
            [{ opcode: featureOpcode, selector: fid, dword0, ...(data && { data }) }],
            'get-feature',
            ...args,
          )
          expect(comparable(ours.join('\n'))).toBe(comparable(theirs.trimEnd()))
        },
      ),
      { numRuns: 6, endOnFailure: true },
    )
  })
})
