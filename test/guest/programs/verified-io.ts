// SPDX-License-Identifier: MIT
// Identifies a controller, then writes 256 MiB to its first namespace and reads all of it back,
// every block checked: with promises, with libnvm's verbs on typed arrays and in batches, at
// several queue depths. Destroys what is on the device. Its last line is a summary in JSON. Usage:
// verified-io TARGET
import { type Controller, type DmaDescriptor, type Namespace, openController } from 'peernvm'
import { fill, findDifference, type Path, type Phase, phases, shuffled } from './plan.ts'

type Direction = 'write' | 'read'

/** One pass over the stretch of a phase, its commands not in the order of their addresses. */
interface Pass {
  controller: Controller
  namespace: Namespace
  direction: Direction
  depth: number
  memory: DmaDescriptor
  /** One for each command that can be in flight. */
  lanes: Lane[]
  commandCount: number
  blocksPerCommand: number
  /** The address of the nth command; where it writes, its data is in the lane from then on. */
  begin(command: number, lane: Lane): number
  /** To be called when the device has done it: where it reads, checks what it brought. */
  end(command: number, lane: Lane): void
}

/** Room for the data of one command. */
interface Lane {
  byteOffset: number
  data: DmaDescriptor
  words: Uint32Array
}

const timeoutMs = 60_000
const pageByteLength = 4096
const opcodes = { write: 1, read: 2 }
const runners: Record<Path, (pass: Pass) => Promise<void>> = {
  promises: runPromises,
  raw: runRaw,
  batch: runBatches,
}

const [target] = process.argv.slice(2)
if (target === undefined) throw new Error('usage: verified-io TARGET')
await using controller = await openController(target, { role: 'manager' })
const identity = await controller.admin.identifyController()
const namespace = await controller.namespace(1)
const { transport, address } = controller.info
console.log(`${transport} ${address}: ${identity.mn.trim()}, ${identity.sn.trim()}`)
const done = { write: 0, read: 0 }
for (const phase of phases(namespace.byteLength)) {
  const start = performance.now()
  done.write += await runPhase(phase, 'write')
  await namespace.flush()
  done.read += await runPhase(phase, 'read')
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const { write, read, depth, byteLength, commandByteLength } = phase
  const size = `${byteLength / 1024 ** 2} MiB by ${commandByteLength / 1024} KiB`
  console.log(`${size}, depth ${depth}: ${write} to write, ${read} to read, ${seconds} s`)
}
const summary = {
  transport,
  blockSize: namespace.blockSize,
  blockCount: namespace.blockCount,
  byteLengthWritten: done.write,
  byteLengthVerified: done.read,
}
console.log(JSON.stringify(summary))

/** Resolves to how many bytes the phase moved in that direction. */
async function runPhase(phase: Phase, direction: Direction): Promise<number> {
  const { depth, commandByteLength, pageOffset, firstByte, byteLength, version } = phase
  const { blockSize } = namespace
  const path = direction === 'write' ? phase.write : phase.read
  // A batch has more commands than fit into the queue.
  const laneCount = path === 'batch' ? 2 * depth : depth
  const laneByteLength = commandByteLength + pageByteLength
  using memory = await controller.allocate(laneCount * laneByteLength)
  const lanes = Array.from({ length: laneCount }, (_, index) => {
    return makeLane(memory, index * laneByteLength + pageOffset, commandByteLength)
  })
  const commandCount = byteLength / commandByteLength
  const blocksPerCommand = commandByteLength / blockSize
  const order = shuffled(commandCount, direction === 'write' ? 1 : 2)
  const blockWords = blockSize / 4
  const lbaOf = (command: number) => firstByte / blockSize + order[command]! * blocksPerCommand
  const pass: Pass = {
    ...{ controller, namespace, direction, depth, memory, lanes, commandCount, blocksPerCommand },
    begin(command, { words }) {
      if (direction === 'write') fill(words, blockWords, lbaOf(command), version)
      else words.fill(0)
      return lbaOf(command)
    },
    end(command, { words }) {
      if (direction === 'write') return
      const difference = findDifference(words, blockWords, lbaOf(command), version)
      if (difference !== undefined) throw new Error(`${path}, depth ${depth}: ${difference}`)
    },
  }
  await runners[path](pass)
  return byteLength
}

function makeLane(memory: DmaDescriptor, byteOffset: number, byteLength: number): Lane {
  const data = memory.view(byteOffset, byteLength)
  const { buffer, byteOffset: start } = data.bytes!
  return { byteOffset, data, words: new Uint32Array(buffer, start, byteLength / 4) }
}

/** As many loops as the queue is deep, each with one command in flight. */
async function runPromises(pass: Pass): Promise<void> {
  const { controller, namespace, direction, depth, commandCount } = pass
  await using queue = await controller.createQueuePair({ mode: 'await', depth, timeoutMs })
  let next = 0
  const loop = async (lane: Lane) => {
    while (next < commandCount) {
      const command = next++
      const lba = pass.begin(command, lane)
      if (direction === 'write') await queue.write({ namespace, lba, from: lane.data })
      else await queue.read({ namespace, lba, into: lane.data })
      pass.end(command, lane)
    }
  }
  await Promise.all(pass.lanes.map(loop))
}

/** Keeps the submission queue full. The command id, below the depth, names the lane. */
async function runRaw(pass: Pass): Promise<void> {
  const { controller, namespace, direction, depth, memory, lanes, blocksPerCommand } = pass
  await using queue = await controller.createQueuePair({ mode: 'raw', depth, timeoutMs })
  const { sq, cq } = queue
  const commands = new Int32Array(depth)
  let next = 0
  for (let completed = 0; completed < pass.commandCount; ) {
    while (next < pass.commandCount) {
      const slot = sq.enqueue()
      if (slot < 0) break
      const id = sq.commandId(slot)
      const lane = lanes[id]!
      commands[id] = next
      const lba = pass.begin(next++, lane)
      sq[direction](slot, namespace.id, lba, blocksPerCommand, memory, lane.byteOffset)
    }
    sq.submit()
    const count = cq.wait()
    for (const word of cq.done.subarray(0, count)) {
      const id = word & 0xffff
      if (word >>> 16 !== 0) throw new Error(`command ${commands[id]} ended with ${word >>> 16}`)
      pass.end(commands[id]!, lanes[id]!)
    }
    cq.update()
    completed += count
  }
}

/** Batches of one command per lane, each by as few native calls as the depth allows. */
async function runBatches(pass: Pass): Promise<void> {
  const { controller, namespace, depth, memory, lanes, commandCount, blocksPerCommand } = pass
  await using queue = await controller.createQueuePair({ mode: 'raw', depth, timeoutMs })
  const batch = queue.batch({ namespace, memory, capacity: lanes.length })
  for (let first = 0; first < commandCount; first += lanes.length) {
    const used = lanes.slice(0, commandCount - first)
    for (const [index, lane] of used.entries()) {
      const lba = pass.begin(first + index, lane)
      const command = [opcodes[pass.direction], lba, blocksPerCommand, lane.byteOffset]
      batch.commands.set(command, index * command.length)
    }
    const failed = batch.run(used.length)
    if (failed !== 0) throw new Error(`${failed} commands of a batch failed`)
    for (const [index, lane] of used.entries()) pass.end(first + index, lane)
  }
}
