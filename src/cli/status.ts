// SPDX-License-Identifier: MIT
// `peernvm status`: who shares a controller, as a table or as JSON.

import { setTimeout } from 'node:timers/promises'
import { readSharing, type SharingClient, type SharingStatus } from '../rpc/server.ts'
import { exitCodes } from './command.ts'
import { untilSignal } from './signals.ts'
import { write } from './write.ts'

interface StatusOptions {
  readonly socket: string
  readonly watch: number | undefined
  readonly json: boolean
}

const mebibyte = 2 ** 20

/** Prints it once, or until a signal. */
export async function status({ socket, watch, json }: StatusOptions): Promise<number> {
  let before: SharingStatus | undefined
  const show = async (): Promise<void> => {
    const now = await readSharing(socket)
    await write(json ? toJson(now, watch === undefined) : table(now, before, watch))
    before = now
  }
  await show()
  if (watch === undefined) return exitCodes.ok
  await untilSignal(async (end) => {
    const ending = new AbortController()
    void end.then(() => ending.abort())
    while (await hasPassed(watch * 1000, ending.signal)) await show()
  })
  return exitCodes.ok
}

/** Whether all that time has passed; false at once when an end comes before. */
function hasPassed(ms: number, signal: AbortSignal): Promise<boolean> {
  return setTimeout(ms, true, { signal }).catch(() => false)
}

function toJson(status: SharingStatus, indented: boolean): string {
  return `${JSON.stringify(status, undefined, indented ? 2 : undefined)}\n`
}

const columns = ['client', 'pid', 'uid', 'queues', 'MiB', 'I/O a second', 'admin', 'since', '']

/** The table; commands a second are those since `before`, `seconds` ago, if there is one. */
export function table(
  status: SharingStatus,
  before: SharingStatus | undefined,
  seconds: number | undefined,
): string {
  const rows = status.clients.map((client) => {
    const earlier = before?.clients.find(({ id, pid }) => id === client.id && pid === client.pid)
    return [
      String(client.id),
      String(client.pid),
      String(client.uid),
      String(client.queuePairs),
      (client.mappedBytes / mebibyte).toFixed(1),
      rate(client, earlier, seconds),
      String(client.adminCommands),
      `${client.connectedSeconds.toFixed(1)} s`,
      client.leaving ? 'leaving' : '',
    ]
  })
  const widths = columns.map((name, i) =>
    Math.max(name.length, ...rows.map((row) => (row[i] as string).length)),
  )
  const lines = [columns, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padStart(widths[i] as number))
      .join('  ')
      .trimEnd(),
  )
  const count = status.clients.length
  const head = `${status.address}: ${count === 1 ? '1 client' : `${count} clients`}`
  return `${[head, ...(count === 0 ? [] : lines)].join('\n')}\n`
}

function rate(
  client: SharingClient,
  earlier: SharingClient | undefined,
  seconds: number | undefined,
): string {
  if (client.ioCommands === undefined) return '-'
  const commands = client.ioCommands - (earlier?.ioCommands ?? 0)
  const duration =
    earlier === undefined || seconds === undefined
      ? client.connectedSeconds
      : client.connectedSeconds - earlier.connectedSeconds
  return duration > 0 ? Math.round(commands / duration).toString() : '-'
}
