// SPDX-License-Identifier: MIT
// Features as `nvme get-feature` prints them. A row says how one bit field is worded.

import { byteLengthOf, decode, decodeBits } from '../../spec/decode.ts'
import { type BitLayoutName, nvme, type StructureName } from '../../spec/nvme.ts'
import { celsius, choose } from './bits.ts'

type Format = (value: number) => string
type Row = readonly [label: string, bit: string, format?: Format]
type FeatureCode = keyof typeof nvme.codes.feature

interface Wording {
  /** Where nvme-cli does not call it as the specification does. */
  readonly name?: string
  /** Of the dword, its rows. */
  readonly bits?: BitLayoutName
  readonly rows?: readonly Row[]
  /** Of the data, its lines. */
  readonly data?: StructureName
  readonly lines?: (data: Uint8Array) => string[]
}

const oneMore: Format = (value) => String(value + 1)
const times =
  (unit: number, name: string): Format =>
  (value) =>
    `${value * unit} ${name}`
const named =
  (...names: string[]): Format =>
  (value) =>
    choose(names, value)
const numbered =
  (...names: string[]): Format =>
  (value) =>
    `${value} - ${choose(names, value)}`
const enabled = named('Disabled', 'Enabled')
const truth = named('False', 'True')
const sent = named('Do not send async event', 'Send async event')
const kelvins: Format = (kelvin) => `${kelvin} Kelvin (${celsius(kelvin)}°C)`
const noLimit = 7

const sensors = Array.from({ length: 8 }, (_, index) => `Temperature Sensor ${index + 1}`)

function notices(...rows: readonly (readonly [label: string, bit: string])[]): Row[] {
  return rows.map(([label, bit]) => [label.padEnd(58), bit, bit === 'smart' ? anySent : sent])
}

const anySent: Format = (value) => sent(value === 0 ? 0 : 1)

const wordings: Readonly<Partial<Record<FeatureCode, Wording>>> = {
  arbitration: {
    bits: 'feature_arbitration',
    rows: [
      ['High Priority Weight   (HPW)', 'hpw', oneMore],
      ['Medium Priority Weight (MPW)', 'mpw', oneMore],
      ['Low Priority Weight    (LPW)', 'lpw', oneMore],
      [
        'Arbitration Burst       (AB)',
        'ab',
        (value) => (value === noLimit ? 'No limit' : String(2 ** value)),
      ],
    ],
  },
  power_management: {
    bits: 'feature_power_management',
    rows: [
      [
        'Workload Hint (WH)',
        'wh',
        numbered(
          'No Workload',
          'Extended Idle Period with a Burst of Random Writes',
          'Heavy Sequential Writes',
          'Reserved',
        ),
      ],
      ['Power State   (PS)', 'ps'],
    ],
  },
  temperature_threshold: {
    bits: 'feature_temperature_threshold',
    rows: [
      [
        'Threshold Type Select         (THSEL)',
        'thsel',
        numbered('Over Temperature Threshold', 'Under Temperature Threshold', 'Reserved'),
      ],
      [
        'Threshold Temperature Select (TMPSEL)',
        'tmpsel',
        numbered('Composite Temperature', ...sensors, 'Reserved'),
      ],
      [
        'Temperature Threshold         (TMPTH)',
        'tmpth',
        (kelvin) => `${celsius(kelvin)}°C (${kelvin} Kelvin)`,
      ],
    ],
  },
  error_recovery: {
    bits: 'feature_error_recovery',
    rows: [
      ['Deallocated or Unwritten Logical Block Error Enable (DULBE)', 'dulbe', enabled],
      ['Time Limited Error Recovery                          (TLER)', 'tler', times(100, 'ms')],
    ],
  },
  volatile_write_cache: {
    bits: 'feature_volatile_write_cache',
    rows: [['Volatile Write Cache Enable (WCE)', 'wce', enabled]],
  },
  number_of_queues: {
    bits: 'feature_number_of_queues',
    rows: [
      ['Number of IO Completion Queues Allocated (NCQA)', 'ncq', oneMore],
      ['Number of IO Submission Queues Allocated (NSQA)', 'nsq', oneMore],
    ],
  },
  interrupt_coalescing: {
    bits: 'feature_interrupt_coalescing',
    rows: [
      ['Aggregation Time     (TIME)', 'time', times(100, 'usec')],
      ['Aggregation Threshold (THR)', 'thr', oneMore],
    ],
  },
  interrupt_vector_configuration: {
    bits: 'feature_interrupt_vector_configuration',
    rows: [
      ['Coalescing Disable (CD)', 'cd', truth],
      ['Interrupt Vector   (IV)', 'iv'],
    ],
  },
  write_atomicity_normal: {
    bits: 'feature_write_atomicity_normal',
    rows: [['Disable Normal (DN)', 'dn', truth]],
  },
  asynchronous_event_configuration: {
    name: 'Async Event Configuration',
    bits: 'feature_asynchronous_event_configuration',
    rows: notices(
      ['Discovery Log Page Change Notices', 'discovery_log'],
      ['Endurance Group Event Aggregate Log Change Notices', 'endurance_group'],
      ['LBA Status Information Notices', 'lba_status'],
      ['Predictable Latency Event Aggregate Log Change Notices', 'predictable_latency'],
      ['Asymmetric Namespace Access Change Notices', 'ana_change'],
      ['Telemetry Log Notices', 'telemetry'],
      ['Firmware Activation Notices', 'firmware_activation'],
      ['Namespace Attribute Notices', 'namespace_attribute'],
      ['SMART / Health Critical Warnings', 'smart'],
    ),
  },
  timestamp: { data: 'Timestamp', lines: timestampLines },
  keep_alive_timer: {
    bits: 'feature_keep_alive_timer',
    rows: [['Keep Alive Timeout (KATO) in milliseconds', 'kato']],
  },
  host_controlled_thermal_management: {
    bits: 'feature_host_controlled_thermal_management',
    rows: [
      ['Thermal Management Temperature 1 (TMT1) ', 'tmt1', kelvins],
      ['Thermal Management Temperature 2 (TMT2) ', 'tmt2', kelvins],
    ],
  },
  non_operational_power_state_config: {
    bits: 'feature_non_operational_power_state_config',
    rows: [['Non-Operational Power State Permissive Mode Enable (NOPPME)', 'noppme', truth]],
  },
  lba_status_information_report_interval: {
    name: 'LBA Status Interval',
    bits: 'feature_lba_status_information_report_interval',
    rows: [
      ['LBA Status Information Poll Interval (LSIPI)  ', 'lsipi'],
      ['LBA Status Information Report Interval (LSIRI)', 'lsiri'],
    ],
  },
  host_behavior_support: {
    name: 'Host Behavior',
    data: 'HostBehaviorSupport',
    lines: (data) => [
      `\tHost Behavior Support: ${truth(decode('HostBehaviorSupport', data).acre & 1)}`,
    ],
  },
  sanitize_config: {
    name: 'Sanitize',
    bits: 'feature_sanitize_config',
    rows: [['No-Deallocate Response Mode (NODRM) ', 'nodrm']],
  },
  io_command_set_profile: {
    bits: 'feature_io_command_set_profile',
    rows: [['I/O Command Set Profile', 'iocsci', (value) => truth(value & 1)]],
  },
  software_progress_marker: {
    name: 'Software Progress',
    bits: 'feature_software_progress_marker',
    rows: [['Pre-boot Software Load Count (PBSLC)', 'pbslc']],
  },
  reservation_notification_mask: {
    bits: 'feature_reservation_notification_mask',
    rows: [
      ['Mask Reservation Preempted Notification  (RESPRE)', 'respre', truth],
      ['Mask Reservation Released Notification   (RESREL)', 'resrel', truth],
      ['Mask Registration Preempted Notification (REGPRE)', 'regpre', truth],
    ],
  },
  reservation_persistence: {
    bits: 'feature_reservation_persistence',
    rows: [['Persist Through Power Loss (PTPL)', 'ptpl', truth]],
  },
  namespace_write_protection_config: {
    name: 'Namespace Write Protect',
    bits: 'feature_namespace_write_protection_config',
    rows: [
      [
        'Namespace Write Protect',
        'wps',
        named(
          'No Write Protect',
          'Write Protect',
          'Write Protect Until Power Cycle',
          'Permanent Write Protect',
          'Reserved',
        ),
      ],
    ],
  },
}

function timestampLines(data: Uint8Array): string[] {
  const { timestamp, attributes } = decode('Timestamp', data)
  const { synch, origin } = decodeBits('timestamp_attributes', attributes)
  const milliseconds = Buffer.from(timestamp).readUIntLE(0, timestamp.byteLength)
  return [
    `\tThe timestamp is : ${milliseconds} (${dateOf(milliseconds)})`,
    `\t${choose(timestampOrigins, origin & 1)}`,
    `\t${choose(timestampCounts, synch)}`,
  ]
}

const timestampOrigins = [
  'The Timestamp field was initialized to ‘0’ by a Controller Level Reset.',
  'The Timestamp field was initialized with a Timestamp value using a Set Features command.',
]
const timestampCounts = [
  'The controller counted time in milliseconds continuously since the Timestamp value was initialized.',
  'The controller may have stopped counting during vendor specific intervals after the Timestamp value was initialized',
]

/** As C's %a %b %e %H:%M:%S %Y, in UTC. */
function dateOf(milliseconds: number): string {
  const [day, date, month, , time] = new Date(milliseconds).toUTCString().split(/,? /)
  const year = new Date(milliseconds).getUTCFullYear()
  return `${day} ${month} ${String(Number(date)).padStart(2)} ${time} ${year} UTC`
}

const selects = ['Current', 'Default', 'Saved', 'Supported capabilities']
const supportedCapabilities = 3

/** What Get Features answered. */
export interface FeatureAnswer {
  readonly fid: number
  /** The select field: current, default, saved, supported capabilities. */
  readonly select: number
  readonly dword0: number
  readonly data: Uint8Array | undefined
}

function featureRow(fid: number): readonly [FeatureCode, string] | undefined {
  const entries = Object.entries(nvme.codes.feature) as [FeatureCode, readonly [number, string]][]
  const found = entries.find(([, [code]]) => code === fid)
  return found && [found[0], found[1][1]]
}

/** The features whose values have words. */
export const wordedFeatures = Object.keys(wordings).map(
  (name) => nvme.codes.feature[name as FeatureCode][0],
)

/** Bytes of data that a feature has, 0 for none. */
export function featureBytes(fid: number): number {
  const [name] = featureRow(fid) ?? []
  const structure = name && wordings[name]?.data
  return structure === undefined ? 0 : byteLengthOf(structure)
}

/** A feature as lines of text; `isHuman` says its value in words instead of as a dump of its data. */
export function featureText(answer: FeatureAnswer, isHuman: boolean): string[] {
  const { fid, select, dword0, data } = answer
  const [code, title] = featureRow(fid) ?? [undefined, 'Unknown']
  const wording = code === undefined ? undefined : wordings[code]
  const id = `0x${fid.toString(16).padStart(2, '0')}`
  const value = dword0 === 0 ? '00000000' : `0x${dword0.toString(16).padStart(8, '0')}`
  const head = `get-feature:${id} (${wording?.name ?? title}), ${selects[select]} value:${value}`
  if (select === supportedCapabilities) return [head, ...capabilityLines(dword0)]
  if (isHuman) return [head, ...valueLines(wording, dword0, data)]
  return [head, ...(data === undefined ? [] : dumpLines(data))]
}

function capabilityLines(dword0: number): string[] {
  const bits = decodeBits('feature_capabilities', dword0)
  return capabilities.flatMap(([bit, text]) => (bits[bit] === 1 ? [`  Feature is ${text}`] : []))
}

const capabilities = [
  ['saveable', 'saveable'],
  ['namespace_specific', 'per-namespace'],
  ['changeable', 'changeable'],
] as const

function valueLines(wording: Wording | undefined, dword0: number, data?: Uint8Array): string[] {
  if (data !== undefined && wording?.lines !== undefined) return wording.lines(data)
  if (wording?.bits === undefined) return []
  const bits = decodeBits(wording.bits, dword0) as Readonly<Record<string, number>>
  return (wording.rows ?? []).map(
    ([label, bit, format = String]) => `\t${label}: ${format(bits[bit] as number)}`,
  )
}

/** Sixteen bytes a line, in hexadecimal and as text. */
function dumpLines(data: Uint8Array): string[] {
  const width = 16
  const head = Array.from({ length: width }, (_, index) => ` ${index.toString(16)}`).join(' ')
  const lines = [`      ${head}`]
  for (let at = 0; at < data.byteLength; at += width) {
    const part = Buffer.from(data.subarray(at, at + width))
    const bytes = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = part.toString('latin1').replace(/[^!-~]/g, '.')
    const columns = part.byteLength < width ? width * 3 + 1 : width * 3
    lines.push(`${at.toString(16).padStart(4, '0')}: ${bytes.padEnd(columns)}"${text}"`)
  }
  return lines
}
