// SPDX-License-Identifier: MIT
// `peernvm serve --socket`: a controller for several processes, until a signal asks to end.

import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Controller } from '../controller.ts'
import { refuseInUse } from '../devices/in-use.ts'
import { startEmulator } from '../emulator/emulator.ts'
import type { EmulatorOptions } from '../emulator/options.ts'
import { NvmError } from '../errors.ts'
import { openController } from '../open.ts'
import type { SharingOptions } from '../rpc/server.ts'
import { untilSignal } from './signals.ts'
import { missingImage, StateFile } from './state-file.ts'

/** How long until a device that refused events is asked again, which tells whether it is there. */
const refusedMs = 1000

/**
 * What is shared: the device that a target names, or an emulator as it is described. With `state`
 * that goes on from what this file holds, if there is one, and is saved there at the end.
 */
export type Shared =
  | { readonly device: string }
  | { readonly emulator: EmulatorOptions; readonly state: string | undefined }

/** Serves until a signal asks to end; then clients are told, and the socket is removed. */
export async function share(shared: Shared, options: SharingOptions): Promise<void> {
  if ('device' in shared) await untilSignal((end) => shareDevice(end, shared.device, options))
  else if (shared.state === undefined) {
    await untilSignal((end) => shareEmulator(end, shared.emulator, options))
  } else {
    const state = new StateFile(shared.state)
    const patience = `${state.path} is saved at the end; without it what is in memory would be lost`
    await untilSignal((end) => shareEmulator(end, shared.emulator, options, state), patience)
  }
}

async function shareDevice(
  end: Promise<unknown>,
  device: string,
  options: SharingOptions,
): Promise<void> {
  refuseInUse(device)
  const controller = await openController(device, { role: 'manager' })
  const over = Promise.race([end, untilGone(controller)])
  over.catch(() => {}) // it may come before somebody waits for it
  await serveUntil(over, controller, options)
}

async function shareEmulator(
  end: Promise<unknown>,
  emulator: EmulatorOptions,
  options: SharingOptions,
  state?: StateFile,
): Promise<void> {
  const device = await startEmulator(withState(emulator, state))
  try {
    try {
      await serveUntil(end, await openController(device.controller()), options, state)
    } finally {
      // Also when something failed: what clients wrote is there.
      if (state?.isServed) await state.save(() => device.save())
    }
  } finally {
    await device.close()
  }
}

/** Serves the controller until `end`, and closes it. `state`: the file that it came from. */
async function serveUntil(
  end: Promise<unknown>,
  controller: Controller,
  options: SharingOptions,
  state?: StateFile,
): Promise<void> {
  try {
    const path = await startServing(controller, options, state)
    console.log(`Serving ${await describe(controller)} at ${path}`)
    console.log(`Programs open it as their target, for example: peernvm identify ${path}`)
    await end
  } finally {
    await controller.close()
  }
}

/** What was saved is true until somebody can write to the device. */
async function startServing(
  controller: Controller,
  options: SharingOptions,
  state: StateFile | undefined,
): Promise<string> {
  state?.setAside()
  try {
    return (await controller.serve(options)).path
  } catch (error) {
    state?.putBack()
    throw error
  }
}

/** Rejects when a device of another process has gone; of a drive nobody hears that. */
async function untilGone(controller: Controller): Promise<void> {
  if (controller.info.transport !== 'vfio-user') return new Promise(() => {})
  for (;;) {
    try {
      for await (const _ of controller.events()) {
        // Its end is all that matters.
      }
      return
    } catch (error) {
      if (error instanceof NvmError && error.code === 'ERR_CONTROLLER_GONE') throw error
      if (error instanceof NvmError && error.code === 'ERR_CLOSED') return
    }
    await setTimeout(refusedMs, undefined, { ref: false }) // it refuses events, but is there
  }
}

/** An emulator by its image; a drive so that nobody takes it for another. */
async function describe({ info, admin }: Controller): Promise<string> {
  if (info.emulated) return info.address
  const { mn, sn } = await admin.identifyController()
  return `${info.address} (${mn.trim()}, ${sn.trim()}, through ${info.transport})`
}

/** The description, or of it what a device that is loaded takes. */
function withState(description: EmulatorOptions, state: StateFile | undefined): EmulatorOptions {
  const load = state?.read()
  if (state === undefined || load === undefined) return description
  const { image, readOnly, timing, model } = description
  if (image !== undefined && !existsSync(image)) throw missingImage(image, state.path)
  const taken = Object.entries({ image, readOnly, timing, model })
  return { load, ...Object.fromEntries(taken.filter(([, value]) => value !== undefined)) }
}
