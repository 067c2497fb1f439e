// SPDX-License-Identifier: MIT
// `peernvm feature`: a feature in nvme-cli's format.

import { codeName, codeOf } from '../admin/codes.ts'
import { featureForms } from '../admin/feature-table.ts'
import { nvme } from '../spec/nvme.ts'
import { UsageError } from './command.ts'
import { selectNames } from './identify-commands.ts'
import { featureBytes, featureText } from './nvme-cli/features.ts'
import { withController } from './output.ts'
import { joined, write } from './write.ts'

interface FeatureOptions {
  readonly feature: string
  readonly target: string | undefined
  readonly select: (typeof selectNames)[number]
  readonly namespace: number | undefined
  readonly cdw11: number
  readonly human: boolean
}

const fidMax = 0xff

const selects = {
  current: 'current',
  default: 'default_value',
  saved: 'saved',
  supported: 'supported_capabilities',
} as const

/** The number of a feature that is named by it, or by the table's name. */
function fidOf(feature: string): number {
  const number = /^(\d+|0x[\da-f]+)$/i.test(feature) ? Number(feature) : Number.NaN
  if (Object.hasOwn(nvme.codes.feature, feature)) return codeOf('feature', feature as never)
  if (number <= fidMax) return number
  const names = Object.keys(nvme.codes.feature).join(', ')
  throw new UsageError(`feature '${feature}' is no number from 0 to 255 and none of ${names}`)
}

/** The namespace that is asked for: features that each namespace has need one. */
function namespaceOf(fid: number, nsid: number | undefined): number {
  const name = codeName('feature', fid)
  const form = name !== undefined && name in featureForms && featureForms[name as never]
  return nsid ?? (form && 'ofNamespace' in form ? 1 : 0)
}

/** Opens `target` and prints a feature. */
export async function feature(options: FeatureOptions): Promise<void> {
  const { target, select, cdw11, human: isHuman } = options
  const fid = fidOf(options.feature)
  await withController(target, async ({ admin }) => {
    const { dword0, data } = await admin.getRawFeature({
      fid,
      select: selects[select],
      nsid: namespaceOf(fid, options.namespace),
      cdw11,
      byteLength: select === 'supported' ? 0 : featureBytes(fid),
    })
    const answer = { fid, select: selectNames.indexOf(select), dword0, data }
    await write(joined(featureText(answer, isHuman)))
  })
}
