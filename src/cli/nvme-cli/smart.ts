// SPDX-License-Identifier: MIT
// SMART / Health Information as `nvme smart-log` prints it.

import { type Decoded, decode, decodeBits } from '../../spec/decode.ts'
import { celsius, hex } from './bits.ts'
import type { JsonObject, JsonValue } from './json.ts'

type SmartLog = Decoded<'SmartLog'>
type Format = (value: number | bigint) => string

interface SmartRow {
  readonly field: keyof SmartLog
  /** With the tabs behind it. */
  readonly label: string
  /** The member of JSON. */
  readonly member: string
  readonly format?: Format
}

const percent: Format = (value) => `${value}%`
const temperature: Format = (kelvin) => `${celsius(Number(kelvin))}°C (${kelvin} Kelvin)`

const rows: readonly SmartRow[] = [
  {
    field: 'critical_warning',
    label: 'critical_warning\t\t\t',
    member: 'critical_warning',
    format: hex,
  },
  {
    field: 'composite_temperature',
    label: 'temperature\t\t\t\t',
    member: 'temperature',
    format: temperature,
  },
  {
    field: 'available_spare',
    label: 'available_spare\t\t\t\t',
    member: 'avail_spare',
    format: percent,
  },
  {
    field: 'available_spare_threshold',
    label: 'available_spare_threshold\t\t',
    member: 'spare_thresh',
    format: percent,
  },
  {
    field: 'percentage_used',
    label: 'percentage_used\t\t\t\t',
    member: 'percent_used',
    format: percent,
  },
  {
    field: 'endurance_group_critical_warning',
    label: 'endurance group critical warning summary',
    member: 'endurance_grp_critical_warning_summary',
    format: hex,
  },
  {
    field: 'data_units_read',
    label: 'Data Units Read\t\t\t\t',
    member: 'data_units_read',
    format: dataUnits,
  },
  {
    field: 'data_units_written',
    label: 'Data Units Written\t\t\t',
    member: 'data_units_written',
    format: dataUnits,
  },
  { field: 'host_read_commands', label: 'host_read_commands\t\t\t', member: 'host_read_commands' },
  {
    field: 'host_write_commands',
    label: 'host_write_commands\t\t\t',
    member: 'host_write_commands',
  },
  {
    field: 'controller_busy_time',
    label: 'controller_busy_time\t\t\t',
    member: 'controller_busy_time',
  },
  { field: 'power_cycles', label: 'power_cycles\t\t\t\t', member: 'power_cycles' },
  { field: 'power_on_hours', label: 'power_on_hours\t\t\t\t', member: 'power_on_hours' },
  { field: 'unsafe_shutdowns', label: 'unsafe_shutdowns\t\t\t', member: 'unsafe_shutdowns' },
  { field: 'media_errors', label: 'media_errors\t\t\t\t', member: 'media_errors' },
  { field: 'error_log_entries', label: 'num_err_log_entries\t\t\t', member: 'num_err_log_entries' },
  {
    field: 'warning_temperature_time',
    label: 'Warning Temperature Time\t\t',
    member: 'warning_temp_time',
  },
  {
    field: 'critical_temperature_time',
    label: 'Critical Composite Temperature Time\t',
    member: 'critical_comp_time',
  },
  { field: 'temperature_sensor', label: 'Temperature Sensor', member: 'temperature_sensor' },
  {
    field: 'thermal_management_temperature_1_transition_count',
    label: 'Thermal Management T1 Trans Count\t',
    member: 'thm_temp1_trans_count',
  },
  {
    field: 'thermal_management_temperature_2_transition_count',
    label: 'Thermal Management T2 Trans Count\t',
    member: 'thm_temp2_trans_count',
  },
  {
    field: 'thermal_management_temperature_1_total_time',
    label: 'Thermal Management T1 Total Time\t',
    member: 'thm_temp1_total_time',
  },
  {
    field: 'thermal_management_temperature_2_total_time',
    label: 'Thermal Management T2 Total Time\t',
    member: 'thm_temp2_total_time',
  },
]

const warnings = [
  ['available_spare', 'Available Spare[0]'],
  ['temperature', 'Temp. Threshold[1]'],
  ['reliability', 'NVM subsystem Reliability[2]'],
  ['read_only', 'Read-only[3]'],
  ['volatile_memory_backup', 'Volatile mem. backup failed[4]'],
  ['pmr', 'Persistent Mem. RO[5]'],
] as const

/** Thousands of 512 bytes, and what that is in powers of 1000, with two digits. */
function dataUnits(count: number | bigint): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q']
  let scale = 0
  let divisor = 1n
  const bytes = BigInt(count) * 512_000n
  while (bytes >= divisor * 1000n && scale < units.length - 1) {
    divisor *= 1000n
    scale++
  }
  const hundredths = (bytes * 100n + divisor / 2n) / divisor
  const digits = String(hundredths % 100n).padStart(2, '0')
  return `${count} (${hundredths / 100n}.${digits} ${units[scale]}B)`
}

/** The page as lines of text. */
export function smartText(
  bytes: Uint8Array,
  isHuman: boolean,
  device: string,
  nsid: number,
): string[] {
  const log = decode('SmartLog', bytes)
  return [
    `Smart Log for NVME device:${device} namespace-id:${nsid.toString(16)}`,
    ...rows.flatMap((row) => {
      const lines = smartLines(row, log[row.field])
      return isHuman && row.field === 'critical_warning'
        ? [...lines, ...warningLines(log.critical_warning)]
        : lines
    }),
  ]
}

function smartLines(
  { label, format = String }: SmartRow,
  value: SmartLog[keyof SmartLog],
): string[] {
  if (typeof value !== 'object') return [`${label}: ${format(value)}`]
  return sensors(value).map(
    ([index, kelvin]) => `${`${label} ${index}`.padEnd(31)}: ${temperature(kelvin)}`,
  )
}

/** Numbers from 1, and the temperatures of those that there are. */
function sensors(kelvins: readonly number[]): [number, number][] {
  return kelvins
    .map((kelvin, index): [number, number] => [index + 1, kelvin])
    .filter(([, kelvin]) => kelvin !== 0)
}

function warningLines(word: number): string[] {
  const bits = decodeBits('critical_warning', word)
  return warnings.map(([bit, label]) => `      ${label.padEnd(31)}: ${bits[bit]}`)
}

/** The page for JSON. */
export function smartJson(bytes: Uint8Array): JsonObject {
  const log = decode('SmartLog', bytes)
  return Object.fromEntries(
    rows.flatMap(({ field, member }): [string, JsonValue][] => {
      const value = log[field]
      if (typeof value === 'bigint') return [[member, String(value)]]
      if (typeof value === 'number') return [[member, value]]
      return sensors(value).map(([index, kelvin]) => [`${member}_${index}`, kelvin])
    }),
  )
}
