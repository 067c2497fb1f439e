// SPDX-License-Identifier: MIT
// `peernvm identify`: what a controller says about itself, in libnvm's format.

import type { IdentifyController } from '../admin/identify.ts'
import { type Controller, type ControllerInfo, openController } from '../controller.ts'
import { decodeBits } from '../spec/decode.ts'

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

async function show(controller: Controller): Promise<void> {
  console.log(renderIdentify(await controller.admin.identifyController(), controller.info))
}

/** Opens `target`, which resets it, and prints. */
export async function identify(target: string | undefined): Promise<void> {
  console.error('Resetting controller and setting up admin queues...')
  const controller = await openController(target)
  try {
    await show(controller)
  } finally {
    await controller.close()
  }
}
