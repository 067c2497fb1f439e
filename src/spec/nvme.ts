// SPDX-License-Identifier: MIT
// NVMe 2.0 (base and NVM command set), written down once. The rows are in nvme/: a field goes into
// nvme/structures.ts, a register into nvme/registers.ts, the bits of a dword into nvme/bits.ts, an
// opcode, feature or log page into nvme/codes.ts, a status code into nvme/statuses.ts. Then
// `npx tsx scripts/generate.ts` rewrites lib/spec/nvme.h, and test/contract/libnvme compares the
// table with Debian's libnvme headers.

import type { Table } from './form.ts'
import { commandBits, fieldBits } from './nvme/bits.ts'
import { codes } from './nvme/codes.ts'
import { registerBits, registers } from './nvme/registers.ts'
import { statuses } from './nvme/statuses.ts'
import { structures } from './nvme/structures.ts'

export const nvme = {
  structures,
  registers,
  bitLayouts: { ...registerBits, ...commandBits, ...fieldBits },
  codes,
  statuses,
} as const satisfies Table

export type StructureName = keyof typeof nvme.structures
export type BitLayoutName = keyof typeof nvme.bitLayouts
export type CodeSet = keyof typeof nvme.codes
export type StatusName = keyof typeof nvme.statuses
