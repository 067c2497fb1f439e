// SPDX-License-Identifier: MIT
// How nvme-cli words Identify Namespace; bits.ts explains the lines.

import type { Wording } from './fields.ts'

const s = '{Not |}Supported'

const progress = [
  `  [7:7] : Format Progress Indicator ${s}`,
  '  [6:0] : Format Progress Indicator (Remaining {n}%)',
]

const bits = {
  nsfeat: [
    '  [7:5] : Reserved',
    `  [4:4] : NPWG, NPWA, NPDG, NPDA, and NOWS are ${s}`,
    '  [3:3] : NGUID and EUI64 fields if non-zero, {|Never }Reused',
    `  [2:2] : Deallocated or Unwritten Logical Block error ${s}`,
    '  [1:1] : Namespace uses {AWUN, AWUPF, and ACWU|NAWUN, NAWUPF, and NACWU}',
    `  [0:0] : Thin Provisioning ${s}`,
  ],
  flbas: [
    '  [7:7] : Reserved',
    '  [6:5] : Most significant 2 bits of Current LBA Format Selected',
    '  [4:4] : Metadata Transferred {in Separate Contiguous Buffer|at End of Data LBA}',
    '  [3:0] : Least significant 4 bits of Current LBA Format Selected',
  ],
  mc: [
    '  [7:2] : Reserved',
    `  [1:1] : Metadata Pointer ${s}`,
    `  [0:0] : Metadata as Part of Extended Data LBA ${s}`,
  ],
  dpc: [
    '  [7:5] : Reserved',
    `  [4:4] : Protection Information Transferred as Last 8 Bytes of Metadata ${s}`,
    `  [3:3] : Protection Information Transferred as First 8 Bytes of Metadata ${s}`,
    `  [2:2] : Protection Information Type 3 ${s}`,
    `  [1:1] : Protection Information Type 2 ${s}`,
    `  [0:0] : Protection Information Type 1 ${s}`,
  ],
  dps: [
    '  [7:4] : Reserved',
    '  [3:3] : Protection Information is Transferred as {Last|First} 8 Bytes of Metadata',
    '  [2:0] : Protection Information {Disabled|Type 1 Enabled|Type 2 Enabled|Type 3 Enabled' +
      '|Reserved Enabled}',
  ],
  nmic: ['  [7:1] : Reserved', '  [0:0] : Namespace Multipath {Not |}Capable'],
  rescap: [
    '  [7:7] : Ignore Existing Key - Used as defined in revision {1.2.1 or earlier|1.3 or later}',
    `  [6:6] : Exclusive Access - All Registrants ${s}`,
    `  [5:5] : Write Exclusive - All Registrants ${s}`,
    `  [4:4] : Exclusive Access - Registrants Only ${s}`,
    `  [3:3] : Write Exclusive - Registrants Only ${s}`,
    `  [2:2] : Exclusive Access ${s}`,
    `  [1:1] : Write Exclusive ${s}`,
    `  [0:0] : Persist Through Power Loss ${s}`,
  ],
  fpi: (word: bigint) => (word === 0n ? progress.slice(0, 1) : progress),
  dlfeat: [
    '  [7:5] : Reserved',
    '  [4:4] : Guard Field of Deallocated Logical Blocks is set to {0xFFFF|CRC of The Value Read}',
    '  [3:3] : Deallocate Bit in the Write Zeroes Command is {Not |}Supported',
    '  [2:0] : Bytes Read From a Deallocated Logical Block and its Metadata are ' +
      '{Not Reported|0x00|0xFF|Reserved Value}',
  ],
}

export const namespaceWording: Wording = {
  structure: 'IdentifyNamespace',
  width: 8,
  hex: 'nsze ncap nuse nsfeat flbas mc dpc dps nmic rescap fpi'.split(' '),
  bits,
}
