// SPDX-License-Identifier: MIT
// Opening a controller, whatever it is and however it is reached.
import {
  checkInteger,
  checkName,
  checkObject,
  checkOptions,
  checkText,
  checkTimeoutMs,
  namesOf,
  show,
} from './checks.ts'
import { Controller } from './controller.ts'
import { unwrapGivenUp } from './controller-dump.ts'
import { toNativeOptions } from './emulator/options.ts'
import { createError } from './errors.ts'
import type { NativeController, NativeRole, Outcome } from './native/binding.ts'
import { binding } from './native/load.ts'
import { defaultTimeoutMs } from './queue/pair.ts'
import { type ReconnectOptions, toReconnectMs } from './reconnect.ts'
import type { Target } from './target.ts'

/**
 * `manager` owns the admin queues, which resets the controller. `reference` resets nothing. `auto`
 * is the manager where nobody is; where somebody in this process is, a second reference to the
 * same controller, and where another process serves it, its client.
 * @category Controllers
 */
export type Role = 'auto' | 'manager' | 'reference'

/**
 * How a controller is opened.
 * @category Controllers
 */
export interface OpenOptions {
  /** What this reference is to be; `auto` by default. */
  readonly role?: Role
  /**
   * Milliseconds that each admin command of this reference may take, above 0; default 10 000: those
   * that you send, unless they have a timeout of their own, and those that its functions send by
   * themselves: to open, claim and reset the controller, to create and delete queue pairs, also
   * when a queue is recovered, to identify namespaces, to watch events. Closing waits 5 s at most
   * for each deletion of a queue. It is not for I/O commands
   * (`timeoutMs` of a queue pair), nor for becoming ready or being disabled, which may take what
   * the controller says (CAP.TO). One that you sent and that is overdue is aborted, which may take
   * half a second more. Another process that serves the controller has 5 s for each message, and
   * 2 s beyond the timeout of an admin command.
   */
  readonly timeoutMs?: number
  /**
   * Of a target that another process serves: when that process has gone, the next one that serves
   * the same blocks there is awaited, 10 s or `timeoutMs` long, and takes its place. What was under
   * way, or is asked before this process has heard of the end, fails with ERR_MANAGER_GONE, of a
   * vfio-user socket with ERR_CONTROLLER_GONE; what is asked meanwhile waits. Memory stays what it
   * is, and queue pairs with promises work again; raw ones must be closed. Default false. The first
   * reference of a process to a vfio-user socket decides for all.
   */
  readonly reconnect?: boolean | ReconnectOptions
}

const roles = { auto: 0, manager: 1, reference: 2 } as const
const openNames = namesOf<OpenOptions>({ role: true, timeoutMs: true, reconnect: true })

/**
 * Opens a controller: `await using controller = await openController('disk.img')`. Whoever is its
 * manager resets it. It stays open until its `close()`, which `await using` calls.
 * @param target an image file, a PCI address such as `0000:05:00.0`, the socket at which another
 * process serves its controller (`controller.serve()`, or vfio-user, of which the folder will do),
 * an emulator's description, a controller of one that runs, or the token of another thread's
 * controller; without it, an emulator in memory of 1 GiB
 * @param options what this reference is to be, and how long it waits
 * @throws NvmError ERR_TARGET, ERR_BUSY (another process has the image or the device),
 * ERR_PERMISSION, ERR_IMAGE, ERR_STATE, ERR_DRIVER, ERR_IOMMU, ERR_UNSUPPORTED; ERR_TIMEOUT,
 * ERR_CONTROLLER_FATAL or ERR_CONTROLLER_GONE when it does not become ready; ERR_MANAGER_GONE;
 * ERR_ARGUMENT, ERR_RANGE; ERR_ADDON or ERR_PLATFORM where the native part cannot be loaded
 * @category Controllers
 */
export async function openController(
  target?: Target,
  options: OpenOptions = {},
): Promise<Controller> {
  checkObject("openController's second argument", options)
  checkOptions('openController', options, openNames)
  const { role = 'auto', timeoutMs = defaultTimeoutMs, reconnect = false } = options
  checkTimeoutMs(timeoutMs)
  checkName('role', role, Object.keys(roles))
  const native = await openNative(target, roles[role], timeoutMs, toReconnectMs(reconnect))
  const address = typeof target === 'string' ? target : 'in memory'
  return new Controller(unwrapGivenUp(native, address), timeoutMs)
}

async function openNative(
  target: Target | undefined,
  role: NativeRole,
  timeoutMs: number,
  reconnectMs: number,
): Promise<Outcome<NativeController>> {
  if (target === undefined) return binding().openTarget('', role, timeoutMs, 0)
  if (typeof target === 'string') {
    checkText('the target', target)
    // A variable that is not set must not open something else than was meant.
    if (target === '') throw createError('ERR_TARGET', 'it is empty')
    return binding().openTarget(target, role, timeoutMs, reconnectMs)
  }
  checkTarget(target)
  if (!('kind' in target)) {
    checkOptions('a target', target, ['emulator'])
    return binding().openEmulator(toNativeOptions(target.emulator), role, timeoutMs)
  }
  if (target.kind === 'peernvm-emulated-controller') {
    const { emulator, controller } = target
    checkInteger("the target's emulator", emulator, 0, Number.MAX_SAFE_INTEGER)
    checkInteger("the target's controller", controller, 0, 2 ** 16)
    return binding().openEmulatedController(emulator, controller, role, timeoutMs)
  }
  checkName("the target's kind", target.kind, ['peernvm-controller', 'peernvm-emulated-controller'])
  checkInteger("the token's id", target.id, 0, Number.MAX_SAFE_INTEGER)
  return binding().attachController(target.id, timeoutMs)
}

/** What is no text is a description, or came from another thread. */
function checkTarget(target: object): void {
  if (target instanceof URL) {
    const instead = target.protocol === 'file:' ? '; give a path: fileURLToPath(url)' : ''
    throw createError('ERR_ARGUMENT', `a URL is no target${instead}`)
  }
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  if (isObject && !ArrayBuffer.isView(target)) return
  const allowed = 'a string, a description of an emulator, or what ref() or controller() gave'
  throw createError('ERR_ARGUMENT', `the target is ${show(target)}, and not ${allowed}`)
}
