// SPDX-License-Identifier: MIT
// How nvme-cli words Identify Controller; bits.ts explains the lines.

import type { Wording } from './fields.ts'

const s = '{Not |}Supported'

const capabilities = {
  cmic: [
    '  [7:4] : Reserved',
    '  [3:3] : ANA {not |}supported',
    '  [2:2] : {PCI|SR-IOV}',
    '  [1:1] : {Single|Multi} Controller',
    '  [0:0] : {Single|Multi} Port',
  ],
  oaes: [
    `  [31:31] : Discovery Log Change Notice ${s}`,
    '  [30:28] : Reserved',
    `  [27:27] : Zone Descriptor Changed Notices ${s}`,
    '  [26:16] : Reserved',
    `  [15:15] : Normal NSS Shutdown Event ${s}`,
    `  [14:14] : Endurance Group Event Aggregate Log Page Change Notice ${s}`,
    `  [13:13] : LBA Status Information Notices ${s}`,
    `  [12:12] : Predictable Latency Event Aggregate Log Change Notices ${s}`,
    `  [11:11] : Asymmetric Namespace Access Change Notices ${s}`,
    '  [10:10] : Reserved',
    `  [9:9] : Firmware Activation Notices ${s}`,
    `  [8:8] : Namespace Attribute Changed Event ${s}`,
    '  [7:0] : Reserved',
  ],
  ctratt: [
    ' [31:20] : Reserved',
    `  [19:19] : Flexible Data Placement ${s}`,
    '  [18:16] : Reserved',
    `  [15:15] : Extended LBA Formats ${s}`,
    `  [14:14] : Delete NVM Set ${s}`,
    `  [13:13] : Delete Endurance Group ${s}`,
    `  [12:12] : Variable Capacity Management ${s}`,
    `  [11:11] : Fixed Capacity Management ${s}`,
    `  [10:10] : Multi Domain Subsystem ${s}`,
    `  [9:9] : UUID List ${s}`,
    `  [8:8] : SQ Associations ${s}`,
    `  [7:7] : Namespace Granularity ${s}`,
    `  [6:6] : Traffic Based Keep Alive ${s}`,
    `  [5:5] : Predictable Latency Mode ${s}`,
    `  [4:4] : Endurance Groups ${s}`,
    `  [3:3] : Read Recovery Levels ${s}`,
    `  [2:2] : NVM Sets ${s}`,
    `  [1:1] : Non-Operational Power State Permissive ${s}`,
    `  [0:0] : 128-bit Host Identifier ${s}`,
  ],
  cntrltype: [
    '  [7:2] : {x}\tReserved',
    '  [1:0] : {Controller type not reported|I/O Controller|Discovery Controller|Administrative Controller}',
  ],
  nvmsr: [
    ' [7:2] : Reserved',
    '  [1:1] : NVM subsystem {Not |}part of an Enclosure',
    '  [0:0] : NVM subsystem {Not |}part of an Storage Device',
  ],
  vwci: [
    '  [7:7] : VPD Write Cycles Remaining field is {Not |}valid.',
    '  [6:0] : VPD Write Cycles Remaining ',
  ],
  mec: [
    ' [7:2] : Reserved',
    '  [1:1] : NVM subsystem {Not |}contains a Management Endpoint on a PCIe port',
    '  [0:0] : NVM subsystem {Not |}contains a Management Endpoint on an SMBus/I2C port',
  ],
} as const

const admin = {
  oacs: [
    ' [15:11] : Reserved',
    `  [10:10] : Lockdown Command and Feature ${s}`,
    `  [9:9] : Get LBA Status Capability ${s}`,
    `  [8:8] : Doorbell Buffer Config ${s}`,
    `  [7:7] : Virtualization Management ${s}`,
    `  [6:6] : NVMe-MI Send and Receive ${s}`,
    `  [5:5] : Directives ${s}`,
    `  [4:4] : Device Self-test ${s}`,
    `  [3:3] : NS Management and Attachment ${s}`,
    `  [2:2] : FW Commit and Download ${s}`,
    `  [1:1] : Format NVM ${s}`,
    `  [0:0] : Security Send and Receive ${s}`,
  ],
  frmw: [
    '  [7:6] : Reserved',
    `  [5:5] : Multiple FW or Boot Update Detection ${s}`,
    `  [4:4] : Firmware Activate Without Reset ${s}`,
    '  [3:1] : Number of Firmware Slots',
    '  [0:0] : Firmware Slot 1 {Read/Write|Read-Only}',
  ],
  lpa: [
    '  [7:7] : Reserved',
    `  [6:6] : Telemetry Log Data Area 4 ${s}`,
    `  [5:5] : LID 0x0, Scope of each command in LID 0x5, 0x12, 0x13 ${s}`,
    `  [4:4] : Persistent Event log ${s}`,
    `  [3:3] : Telemetry host/controller initiated log page ${s}`,
    `  [2:2] : Extended data for Get Log Page ${s}`,
    `  [1:1] : Command Effects Log Page ${s}`,
    `  [0:0] : SMART/Health Log Page per NS ${s}`,
  ],
  elpe: ["  [7:0] : {n} (0's based)\tError Log Page Entries (ELPE)"],
  npss: ["  [7:0] : {n} (0's based)\tNumber of Power States Support (NPSS)"],
  avscc: [
    '  [7:1] : Reserved',
    '  [0:0] : Admin Vendor Specific Commands uses {Vendor Specific|NVMe} Format',
  ],
  apsta: ['  [7:1] : Reserved', `  [0:0] : Autonomous Power State Transitions ${s}`],
  wctemp: temperature('Warning Composite Temperature Threshold (WCTEMP)'),
  cctemp: temperature('Critical Composite Temperature Threshold (CCTEMP)'),
  tnvmcap: ['[127:0] : {n}\n\tTotal NVM Capacity (TNVMCAP)'],
  unvmcap: ['[127:0] : {n}\n\tUnallocated NVM Capacity (UNVMCAP)'],
  rpmbs: [
    ' [31:24]: Access Size',
    ' [23:16]: Total Size',
    ' [15:6] : Reserved',
    '  [5:3] : Authentication Method',
    '  [2:0] : Number of RPMB Units',
  ],
  hctma: [' [15:1] : Reserved', `  [0:0] : Host Controlled Thermal Management ${s}`],
  mntmt: temperature('Minimum Thermal Management Temperature (MNTMT)'),
  mxtmt: temperature('Maximum Thermal Management Temperature (MXTMT)'),
  sanicap: [
    '  [31:30] : {Additional media modification after sanitize operation completes successfully ' +
      'is not defined' +
      '|Media is not additionally modified after sanitize operation completes successfully' +
      '|Media is additionally modified after sanitize operation completes successfully|Reserved}',
    '  [29:29] : No-Deallocate After Sanitize bit in Sanitize command {|Not }Supported',
    '  [28:3] : Reserved',
    `    [2:2] : Overwrite Sanitize Operation ${s}`,
    `    [1:1] : Block Erase Sanitize Operation ${s}`,
    `    [0:0] : Crypto Erase Sanitize Operation ${s}`,
  ],
  anacap: [
    `  [7:7] : Non-zero group ID ${s}`,
    '  [6:6] : Group ID does {|not }change',
    ' [5:5] : Reserved',
    `  [4:4] : ANA Change state ${s}`,
    `  [3:3] : ANA Persistent Loss state ${s}`,
    `  [2:2] : ANA Inaccessible state ${s}`,
    `  [1:1] : ANA Non-optimized state ${s}`,
    `  [0:0] : ANA Optimized state ${s}`,
  ],
} as const

function temperature(name: string): [string] {
  return [` [15:0] : {celsius}°C ({n} Kelvin)\t${name}`]
}

function entrySizes(queue: string): string[] {
  return [`  [7:4] : Max ${queue} Entry Size ({2^})`, `  [3:0] : Min ${queue} Entry Size ({2^})`]
}

const sglsOptional = [
  ' [31:22]: Reserved',
  ' [21:21]: ?Transport SGL Data Block Descriptor {Not |}Supported',
  ' [20:20]: ?Address Offsets {Not |}Supported',
  ' [19:19]: ?Metadata Pointer Containing SGL Descriptor is {Not |}Supported',
  ' [18:18]: ?SGL Length Larger than Buffer {Not |}Supported',
  ' [17:17]: ?Byte-Aligned Contig. MD Buffer {Not |}Supported',
  ' [16:16]: ?SGL Bit-Bucket {Not |}Supported',
  ' [15:8] : SGL Descriptor Threshold',
  ' [7:3] : Reserved',
  '  [2:2] : ?Keyed SGL Data Block descriptor {Not |}Supported',
]

/** What a controller without SGLs lacks is not told. */
const sglsWithout = [...sglsOptional, ' [1:0]  : Scatter-Gather Lists Not Supported']
const sglsWith = [
  ...sglsOptional.map((line) => line.replace('?', '')),
  '  [1:0] : {|Scatter-Gather Lists Supported. No Dword alignment required.' +
    '|Scatter-Gather Lists Supported. Dword alignment required.|Reserved}',
]

const io = {
  sqes: entrySizes('SQ'),
  cqes: entrySizes('CQ'),
  oncs: [
    ' [15:9] : Reserved',
    `  [8:8] : Copy ${s}`,
    `  [7:7] : Verify ${s}`,
    `  [6:6] : Timestamp ${s}`,
    `  [5:5] : Reservations ${s}`,
    `  [4:4] : Save and Select ${s}`,
    `  [3:3] : Write Zeroes ${s}`,
    `  [2:2] : Data Set Management ${s}`,
    `  [1:1] : Write Uncorrectable ${s}`,
    `  [0:0] : Compare ${s}`,
  ],
  fuses: [' [15:1] : Reserved', `  [0:0] : Fused Compare and Write ${s}`],
  fna: [
    '  [7:4] : Reserved',
    '  [3:3] : Format NVM Broadcast NSID (FFFFFFFFh) {|Not }Supported',
    `  [2:2] : Crypto Erase ${s} as part of Secure Erase`,
    '  [1:1] : Crypto Erase Applies to {Single|All} Namespace(s)',
    '  [0:0] : Format Applies to {Single|All} Namespace(s)',
  ],
  vwc: [
    '  [7:3] : Reserved',
    '  [2:1] : {Support for the NSID field set to FFFFFFFFh is not indicated|Reserved' +
      '|The Flush command does not support NSID set to FFFFFFFFh' +
      '|The Flush command supports NSID set to FFFFFFFFh}',
    '  [0:0] : Volatile Write Cache {Not |}Present',
  ],
  icsvscc: [
    '  [7:1] : Reserved',
    '  [0:0] : NVM Vendor Specific Commands uses {Vendor Specific|NVMe} Format',
  ],
  nwpc: [
    '  [7:3] : Reserved',
    `  [2:2] : Permanent Write Protect ${s}`,
    `  [1:1] : Write Protect Until Power Supply ${s}`,
    `  [0:0] : No Write Protect and Write Protect Namespace ${s}`,
  ],
  ocfs: [
    '  [15:2] : Reserved',
    `  [1:1] : Controller Copy Format 1h ${s}`,
    `  [0:0] : Controller Copy Format 0h ${s}`,
  ],
  sgls: (word: bigint) => ((word & 3n) === 0n ? sglsWithout : sglsWith),
  fcatt: ['  [7:1] : Reserved', '  [0:0] : {Dynamic|Static} Controller Model'],
  ofcs: ['  [15:1] : Reserved', '  [0:0] : Disconnect command {Not | }Supported'],
} as const

const hexFields =
  'vid ssvid cmic cntlid ver rtd3r rtd3e oaes ctratt rrls oacs frmw lpa avscc apsta rpmbs hctma ' +
  'sanicap sqes cqes oncs fuses fna vwc ocfs sgls fcatt'

/** Bytes of a UUID with its hyphens. */
function uuid(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('hex')
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** An OUI lies in memory with its least significant byte first. */
function oui(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString('hex')
}

export const controllerWording: Wording = {
  structure: 'IdentifyController',
  width: 10,
  hex: hexFields.split(' '),
  identifiers: { ieee: oui, fguid: uuid },
  bits: { ...capabilities, ...admin, ...io },
  tight: ['cntrltype'],
}
