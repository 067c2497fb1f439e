// SPDX-License-Identifier: MIT
// `peernvm log`: a log page in nvme-cli's format.

import { byteLengthOf } from '../spec/decode.ts'
import { type LogName, logViews } from './nvme-cli/views.ts'
import { deviceName, type OutputForm, print, withController } from './output.ts'

const allNamespaces = 0xffffffff

interface LogOptions {
  readonly page: LogName
  readonly target: string | undefined
  readonly namespace: number | undefined
  readonly entries: number | undefined
  readonly output: OutputForm
  readonly human: boolean
}

/** Opens `target` and prints a page. */
export async function log(options: LogOptions): Promise<void> {
  const { page, target, namespace: nsid = allNamespaces, output, human: isHuman } = options
  const view = logViews[page]
  await withController(target, async ({ admin }) => {
    const { elpe } = await admin.identifyController()
    const entries = Math.min(options.entries ?? Number.POSITIVE_INFINITY, elpe + 1)
    const byteLength =
      'byteLength' in view ? view.byteLength : entries * byteLengthOf('ErrorLogEntry')
    const bytes = await admin.getLogPage({ lid: view.lid, byteLength, nsid })
    await print(view, bytes, { device: deviceName(target), nsid, isHuman, output })
  })
}
