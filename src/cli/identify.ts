// SPDX-License-Identifier: MIT
// `peernvm identify`: what a controller says about itself, in libnvm's format or nvme-cli's.

import type { IdentifyController } from '../admin/identify.ts'
import type { ControllerInfo } from '../controller.ts'
import { decodeBits } from '../spec/decode.ts'
import { identifyViews } from './nvme-cli/views.ts'
import { deviceName, type OutputForm, print, withController } from './output.ts'
import { write } from './write.ts'

const labelWidth = 24
const title = '------------- Controller information -------------'

/** The bytes of a PCI id in the order they lie in memory. */
function vendorBytes(id: number): string {
  return `${(id & 0xff).toString(16)} ${(id >>> 8).toString(16)}`
}

/** The block that libnvm's identify prints. */
export function renderIdentify(identify: IdentifyController, info: ControllerInfo): string {
  const { mjr, mnr, ter } = decodeBits('vs', info.vs)
  const transferMax = Number.isFinite(info.transferBytesMax) ? info.transferBytesMax : 0
  const rows: [string, string | number][] = [
    ['PCI Vendor ID', vendorBytes(identify.vid)],
    ['PCI Subsystem Vendor ID', vendorBytes(identify.ssvid)],
    ['NVM Express version', `${mjr}.${mnr}.${ter}`],
    ['Controller page size', info.pageSize],
    ['Max queue entries', info.queueEntriesMax],
    ['Serial Number', identify.sn],
    ['Model Number', identify.mn],
    ['Firmware revision', identify.fr],
    ['Max data transfer size', transferMax],
    ['Max outstanding commands', identify.maxcmd],
    ['Max number of namespaces', identify.nn],
  ]
  const lines = rows.map(([label, value]) => `${label.padEnd(labelWidth)}: ${value}`)
  return [title, ...lines, '-'.repeat(title.length)].join('\n')
}

interface IdentifyOptions {
  readonly target: string | undefined
  readonly namespace: number | undefined
  readonly output: OutputForm | undefined
  readonly human: boolean
}

/** Opens `target` and prints. */
export async function identify(options: IdentifyOptions): Promise<void> {
  const { target, namespace: nsid = 0, output, human: isHuman } = options
  await withController(target, async (controller) => {
    const { admin, info } = controller
    if (nsid === 0 && output === undefined && !isHuman) {
      return write(`${renderIdentify(await admin.identifyController(), info)}\n`)
    }
    const bytes = await admin.identify(
      nsid === 0 ? { cns: 'identify_controller' } : { cns: 'identify_namespace', nsid },
    )
    const view = nsid === 0 ? identifyViews.controller : identifyViews.namespace
    await print(view, bytes, {
      device: deviceName(target),
      nsid,
      isHuman,
      output: output ?? 'text',
    })
  })
}
