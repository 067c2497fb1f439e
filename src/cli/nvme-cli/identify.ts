// SPDX-License-Identifier: MIT
// Identify as `nvme id-ctrl` and `nvme id-ns` print it.

import { type Decoded, decode, decodeBits } from '../../spec/decode.ts'
import { choose, hex } from './bits.ts'
import { controllerWording } from './controller-words.ts'
import { fieldLines, fieldMembers, fieldsBut, textOf } from './fields.ts'
import type { JsonObject } from './json.ts'
import { namespaceWording } from './namespace-words.ts'

type PowerState = Decoded<'PowerStateDescriptor'>

const powerStatesMax = 32
const controllerFields = fieldsBut('IdentifyController', 'dctype', 'psd', 'vs')

function powerStates(bytes: Uint8Array): readonly PowerState[] {
  const { npss, psd } = decode('IdentifyController', bytes)
  return psd.slice(0, Math.min(npss + 1, powerStatesMax))
}

/** Identify Controller as lines of text; `isHuman` adds what its bits mean. */
export function controllerText(bytes: Uint8Array, isHuman: boolean): string[] {
  return [
    'NVME Identify Controller:',
    ...fieldLines(controllerWording, controllerFields, bytes, isHuman),
    ...powerStates(bytes).flatMap(powerStateLines),
  ]
}

function powerStateLines(state: PowerState, index: number): string[] {
  const { mp, flags, enlat, exlat, rrt, rrl, rwt, rwl, idlp, ips, actp, apws } = state
  const { mxps, nops } = decodeBits('psd_flags', flags)
  const { workload, scale } = decodeBits('apws', apws)
  const most = watts(mp, mxps === 1 ? 1 : 2)
  const mode = nops === 1 ? 'non-operational' : 'operational'
  const idle = watts(idlp, decodeBits('ips', ips).scale)
  const indent = ' '.repeat(12)
  return [
    `ps ${String(index).padStart(6)} : mp:${most} ${mode} enlat:${enlat} exlat:${exlat} ` +
      `rrt:${rrt} rrl:${rrl}`,
    `${indent}rwt:${rwt} rwl:${rwl} idle_power:${idle} active_power:${watts(actp, scale)}`,
    `${indent}active_power_workload:${choose(workloads, workload)}`,
  ]
}

const workloads = ['-', '1MiB 32 RW, 30s idle', '80K 128KiB SW', 'reserved']

/** Power in units of 0.0001 W (scale 1) or 0.01 W (scale 2). */
function watts(power: number, scale: number): string {
  if (scale === 1) return `${(power / 10_000).toFixed(4)}W`
  if (scale === 2) return `${(power / 100).toFixed(2)}W`
  return scale === 0 ? '-' : 'reserved'
}

/** Identify Controller for JSON. */
export function controllerJson(bytes: Uint8Array): JsonObject {
  const { ieee } = decode('IdentifyController', bytes)
  const members = fieldMembers(controllerWording, controllerFields, bytes)
  members.ieee = Buffer.from(ieee).readUIntLE(0, ieee.byteLength)
  if (textOf('IdentifyController', 'subnqn', bytes) === '') delete members.subnqn
  return { ...members, psds: powerStates(bytes).map(powerStateMembers) }
}

function powerStateMembers(state: PowerState): JsonObject {
  const { workload, scale } = decodeBits('apws', state.apws)
  return {
    max_power: state.mp,
    flags: state.flags,
    entry_lat: state.enlat,
    exit_lat: state.exlat,
    read_tput: state.rrt,
    read_lat: state.rrl,
    write_tput: state.rwt,
    write_lat: state.rwl,
    idle_power: state.idlp,
    idle_scale: decodeBits('ips', state.ips).scale,
    active_power: state.actp,
    active_power_work: workload,
    active_scale: scale,
  }
}

const namespaceFields = fieldsBut('IdentifyNamespace', 'lbaf', 'lbstm', 'vs')
const performanceFields = ['npwg', 'npwa', 'npdg', 'npda', 'nows']

/** Those that this namespace has. */
function ofNamespace(bytes: Uint8Array, fields: readonly string[]): string[] {
  const { nsfeat } = decode('IdentifyNamespace', bytes)
  if (decodeBits('nsfeat', nsfeat).optperf === 1) return [...fields]
  return fields.filter((field) => !performanceFields.includes(field))
}

/** The LBA formats that the namespace has, and which of them it uses. */
function lbaFormats(bytes: Uint8Array) {
  const { nlbaf, nulbaf, flbas, lbaf } = decode('IdentifyNamespace', bytes)
  const { format_lower, format_upper } = decodeBits('flbas', flbas)
  const wide = nlbaf >= 16
  const used = wide ? format_upper * 16 + format_lower : format_lower
  return { formats: lbaf.slice(0, nlbaf + nulbaf + 1), used }
}

const performances = ['Best', 'Better', 'Good', 'Degraded', 'Best']

/** Identify Namespace as lines of text; `isHuman` adds what its bits mean. */
export function namespaceText(bytes: Uint8Array, isHuman: boolean, nsid: number): string[] {
  const { formats, used } = lbaFormats(bytes)
  return [
    `NVME Identify Namespace ${nsid}:`,
    ...fieldLines(namespaceWording, ofNamespace(bytes, namespaceFields), bytes, isHuman).map(
      (line) => line.replace(/^nsattr {2}: /, 'nsattr\t: '),
    ),
    ...formats.map((format, index) => {
      const mark = index === used ? '(in use)' : ''
      return isHuman ? longFormat(format, index) + mark : shortFormat(format, index) + mark
    }),
  ]
}

type LbaFormat = Decoded<'LbaFormat'>

function shortFormat({ ms, lbads, rp }: LbaFormat, index: number): string {
  const size = String(lbads).padEnd(2)
  return `lbaf ${String(index).padStart(2)} : ms:${String(ms).padEnd(3)} lbads:${size} rp:${hex(rp)} `
}

function longFormat({ ms, lbads, rp }: LbaFormat, index: number): string {
  return (
    `LBA Format ${String(index).padStart(2)} : Metadata Size: ${String(ms).padEnd(3)} bytes - ` +
    `Data Size: ${String(2 ** lbads).padEnd(2)} bytes - Relative Performance: ${hex(rp)} ` +
    `${choose(performances, rp)} `
  )
}

/** Identify Namespace for JSON. */
export function namespaceJson(bytes: Uint8Array): JsonObject {
  const members = fieldMembers(namespaceWording, ofNamespace(bytes, jsonOrder()), bytes)
  const { formats } = lbaFormats(bytes)
  return { ...members, lbafs: formats.map(({ ms, lbads, rp }) => ({ ms, ds: lbads, rp })) }
}

/** nvme-cli has these at other places in JSON than in text. */
function jsonOrder(): string[] {
  const moved = ['nsattr', 'nvmsetid', 'eui64', 'nguid']
  const order = namespaceFields.filter((field) => !moved.includes(field))
  order.splice(order.indexOf('nvmcap') + 1, 0, 'nsattr', 'nvmsetid')
  return [...order, 'eui64', 'nguid']
}
