// SPDX-License-Identifier: MIT
// Two processes share a drive that a third one manages, `peernvm serve`: this one and a client that
// it starts each write and read back their own blocks, all the time. The client is killed, then the
// manager. Says in JSON what became of them. Then verified-io has the drive for itself, in this
// process: to start another takes seconds in a guest. Usage: shared-drive ADDRESS PROGRAM
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Controller, openController, readSharing } from 'peernvm'
import { fill, findDifference } from './plan.ts'

const socket = '/run/shared-drive'
const depth = 8
const commandByteLength = 64 * 1024
const stretchByteLength = 1024 ** 2
const timeoutMs = 60_000

const [target, program] = process.argv.slice(2)
if (program === undefined) {
  await beClient()
} else {
  await share(target as string, program)
  await import('./verified-io.ts')
}

/** Says the number of its queue once it has read back what it wrote, and goes on until killed. */
async function beClient(): Promise<void> {
  await using controller = await openController(socket)
  for await (const queue of passes(controller, 1)) console.log(queue)
}

/** Writes and reads back a stretch, again and again; gives the number of its queue each time. */
async function* passes(controller: Controller, index: number): AsyncGenerator<number> {
  const namespace = await controller.namespace(1)
  await using queue = await controller.createQueuePair({ mode: 'await', depth, timeoutMs })
  using memory = await controller.allocate(depth * commandByteLength)
  const blockWords = namespace.blockSize / 4
  const first = (index * stretchByteLength) / namespace.blockSize
  const commands = stretchByteLength / commandByteLength
  let version = 0
  const loop = async (_: unknown, lane: number) => {
    const data = memory.view(lane * commandByteLength, commandByteLength)
    const { buffer, byteOffset } = data.bytes!
    const words = new Uint32Array(buffer, byteOffset, commandByteLength / 4)
    for (let command = lane; command < commands; command += depth) {
      const lba = first + (command * commandByteLength) / namespace.blockSize
      fill(words, blockWords, lba, version)
      await queue.write({ namespace, lba, from: data })
      words.fill(0)
      await queue.read({ namespace, lba, into: data })
      const difference = findDifference(words, blockWords, lba, version)
      if (difference !== undefined) throw new Error(difference)
    }
  }
  for (;;) {
    version++
    await Promise.all(Array.from({ length: depth }, loop))
    yield queue.id
  }
}

async function share(address: string, program: string): Promise<void> {
  const manager = await start([program, 'serve', address, '--socket', socket])
  console.log(manager.line)
  const client = await start([process.argv[1] as string])
  await using controller = await openController(socket)
  const { mn } = await controller.admin.identifyController()
  let passCount = 0
  const ended = count().catch((error) => error)
  async function count(): Promise<void> {
    for await (const _ of passes(controller, 0)) passCount++
  }
  /** Whole passes from now on; what ended them, if anything did. */
  const pass = async (more: number): Promise<unknown> => {
    for (const end = passCount + more; passCount < end; ) {
      const error = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))])
      if (error !== undefined) return error
    }
    return undefined
  }
  const before = await pass(1)
  const { clients } = await readSharing(socket)
  client.child.kill('SIGKILL')
  while ((await readSharing(socket)).clients.length > 1) await new Promise(setImmediate)
  const after = await pass(2)
  const taken = await controller.createQueuePair({ mode: 'raw', depth, timeoutMs })
  await taken.close()
  manager.child.kill('SIGKILL')
  const [last] = await Promise.all([ended, manager.exited])
  // Though this process still has the controller open that it had as a client.
  await using own = await openController(address, { role: 'manager' })
  const summary = {
    model: mn.trim(),
    transport: own.info.transport,
    queuePairs: clients.map(({ queuePairs }) => queuePairs),
    countsCommands: clients.some(({ ioCommands }) => ioCommands !== undefined),
    errors: [before, after].map((error) => error && String(error)),
    takesItsQueue: taken.id === Number(client.line),
    endsWith: last?.code ?? String(last),
  }
  console.log(JSON.stringify(summary))
}

interface Started {
  child: ChildProcess
  exited: Promise<unknown>
  /** The first that it said. */
  line: string
}

/** Resolves when the program has said something. */
async function start(argv: string[]): Promise<Started> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), exited])
  if (typeof line !== 'string') throw new Error(`${argv.join(' ')} ended`)
  return { child, exited, line }
}
