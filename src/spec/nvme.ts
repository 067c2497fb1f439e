// SPDX-License-Identifier: MIT
// NVMe 2.0 (base and NVM command set), written down once. The rows are in nvme/: a field goes into
// structures.ts, identify.ts or log-structures.ts, a register into registers.ts, the bits of a word
// into command-bits.ts, feature-bits.ts, identify-bits.ts or log-bits.ts, an opcode, feature or log
// page into codes.ts, a value of a field into field-codes.ts, a status code into statuses.ts. Then
// `npx tsx scripts/generate.ts` rewrites lib/spec/nvme.h, and test/contract/libnvme compares the
// table with Debian's libnvme headers.

import type { Table } from './form.ts'
import { identifierCodes } from './nvme/codes.ts'
import { commandBits } from './nvme/command-bits.ts'
import { featureBits } from './nvme/feature-bits.ts'
import { fieldCodes } from './nvme/field-codes.ts'
import { identifyStructures } from './nvme/identify.ts'
import { identifyBits } from './nvme/identify-bits.ts'
import { logBits } from './nvme/log-bits.ts'
import { logStructures } from './nvme/log-structures.ts'
import { registerBits, registers } from './nvme/registers.ts'
import { statuses } from './nvme/statuses.ts'
import { dataStructures } from './nvme/structures.ts'

export const nvme = {
  structures: { ...dataStructures, ...identifyStructures, ...logStructures },
  registers,
  bitLayouts: { ...registerBits, ...commandBits, ...featureBits, ...identifyBits, ...logBits },
  codes: { ...identifierCodes, ...fieldCodes },
  statuses,
} as const satisfies Table

// Documentation and messages call these unions by their names; without Extract they spell them out.

/**
 * Data structures that decode() takes apart. [All of them](../../docs/fields.md#structures).
 * @category Specification
 */
export type StructureName = Extract<keyof typeof nvme.structures, string>

/**
 * Bit fields that decodeBits() takes apart: registers, dwords, fields of structures. [All of
 * them](../../docs/fields.md#bit-fields).
 * @category Specification
 */
export type BitLayoutName = Extract<keyof typeof nvme.bitLayouts, string>

/**
 * Sets of codes: opcodes, features, log pages, values of fields. [All of
 * them](../../docs/fields.md#codes).
 * @category Specification
 */
export type CodeSet = Extract<keyof typeof nvme.codes, string>
/**
 * A status of a completion: `lba_out_of_range`. [All names](../../docs/fields.md#statuses).
 * @category Errors
 */
export type StatusName = Extract<keyof typeof nvme.statuses, string>
