// SPDX-License-Identifier: MIT
// What native/client.h is in C++: a client that writes blocks of its own with growing versions, and
// reads them back, until it is killed. Arguments: socket, page, slot, and `reconnect` for one that
// goes on with the next manager. It ends when its slot says so, or when its parent has gone.
import { openSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { openController } from 'peernvm'
import { blockBytes, fillBlock } from './blocks.mjs'
import { checkBlocks } from './check-blocks.mjs'
import { blocksOfSlot, phases, Slot, words } from './slot.mjs'

const [socket, page, index] = [process.argv[2], process.argv[3], Number(process.argv[4])]
const reconnect = process.argv[5] === 'reconnect' && { timeoutMs: 60_000 }
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL')).resume()

const slot = new Slot(openSync(page, 'r+'), index)
const firstLba = index * blocksOfSlot
const controller = await openController(socket, { reconnect })
const namespace = await controller.namespace(1)
const queue = await controller.createQueuePair({ mode: 'await', depth: 32 })
const memory = await controller.allocate(blocksOfSlot * blockBytes)
const counts = { submitted: 0, completed: 0, verified: 0, wrong: 0, lost: 0, torn: 0 }
let next = 0
let managers = 0

function count(name, more) {
  counts[name] += more
  slot.set(words[name], counts[name])
}

const setPhase = (name) => slot.set(words.phase, phases.indexOf(name))

function wantedPhase() {
  const values = slot.read()
  return values[words.ending] === 1 ? 'end' : (phases[values[words.wanted]] ?? 'submit')
}

/** A command, counted while it is in flight. */
async function execute(command) {
  const done = command()
  count('submitted', 1)
  await done.finally(() => count('completed', 1))
}

/** Again, as long as it is the manager that dies. */
async function persist(attempt) {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!isDeath(error)) throw error
    }
  }
}

const isDeath = (error) => reconnect && error.code === 'ERR_MANAGER_GONE'

/** How often the queue was created again, which is each time for another manager. */
function noteManagers() {
  const { restarts } = queue.stats()
  if (restarts !== managers) slot.set(words.managers, restarts)
  managers = restarts
}

async function readBack(first, view) {
  view.bytes.fill(0xee)
  await persist(() => execute(() => queue.read({ namespace, lba: firstLba + first, into: view })))
  noteManagers()
  const { wrong, lost, torn, found } = checkBlocks(
    view.bytes,
    slot,
    firstLba,
    first,
    reconnect !== false,
  )
  slot.setCompleted(first, found)
  if (wrong > 0) count('wrong', wrong)
  if (lost > 0) count('lost', lost)
  if (torn > 0) count('torn', torn)
  count('verified', found.length)
}

/** Writes blocks from `first` on with a version that none of them has had, and reads them. */
async function turn(view, first) {
  const blockCount = view.byteLength / blockBytes
  const { completed, inFlight } = slot.versions(first, blockCount)
  const version = Math.max(...completed, ...inFlight) + 1
  for (let i = 0; i < blockCount; i++) {
    fillBlock(view.bytes.subarray(i * blockBytes), firstLba + first + i, version)
  }
  const versions = new Uint32Array(blockCount).fill(version)
  slot.setInFlight(first, versions)
  const write = () => queue.write({ namespace, lba: firstLba + first, from: view })
  try {
    await execute(write)
    slot.setCompleted(first, versions)
  } catch (error) {
    if (!isDeath(error)) throw error // else it is there or not
  }
  await readBack(first, view)
}

/**
 * `laneCount` commands at a time of `blockCount` blocks, while `goesOn` says so. Each lane has
 * blocks of its own: which of two writes to one block is the last, nobody knows.
 */
async function work(laneCount, blockCount, goesOn) {
  const stride = laneCount * blockCount
  const start = next - (next % stride)
  const byteLength = blockCount * blockBytes
  const lane = async (_, i) => {
    const view = memory.view(i * byteLength, byteLength)
    let at = start
    do {
      await turn(view, at + i * blockCount)
      at = (at + stride) % blocksOfSlot
    } while (goesOn())
    next = at
  }
  await Promise.all(Array.from({ length: laneCount }, lane))
}

/**
 * Work in `phase` as long as `wanted` is asked for, as it was when that was chosen: looks now and
 * then, as each look is a system call.
 */
async function workIn(phase, wanted, laneCount, blockCount) {
  let lookAt = performance.now() + 5
  let stays = true
  setPhase(phase)
  await work(laneCount, blockCount, () => {
    if (stays && performance.now() < lookAt) return true
    lookAt = performance.now() + 5
    stays = stays && wantedPhase() === wanted
    if (!stays) setPhase('changing')
    return stays
  })
}

/** Asks the manager for something again and again, beside an I/O command at a time. */
async function askIn(phase, ask) {
  let asking = true
  const beside = work(1, 8, () => asking)
  while (wantedPhase() === phase) {
    const answered = persist(ask)
    setPhase(phase)
    const close = await answered
    setPhase('changing')
    await close?.()
  }
  asking = false
  await beside
}

const identify = async () => void (await controller.admin.identifyController())

async function createQueue() {
  const created = await controller.createQueuePair({ mode: 'raw', depth: 32 })
  return () => created.close()
}

async function rest() {
  setPhase('idle')
  let idleFor = 0
  // One that does nothing would not hear of another manager.
  while (wantedPhase() === 'idle') {
    await setTimeout(1)
    if (reconnect && ++idleFor % 100 === 0) await readBack(0, memory.view(0, blockBytes))
  }
  setPhase('changing')
}

for (let first = 0; first < blocksOfSlot; first += 256) {
  await readBack(first, memory.view(0, 256 * blockBytes))
}
for (let wanted = wantedPhase(); wanted !== 'end'; wanted = wantedPhase()) {
  if (wanted === 'midRpc') await askIn('midRpc', identify)
  else if (wanted === 'queueCreate') await askIn('queueCreate', createQueue)
  else if (wanted === 'idle') await rest()
  else if (wanted === 'midCopy') await workIn('midCopy', wanted, 2, 1024)
  else await workIn('submit', wanted, 32, 8)
}
await controller.close()
process.exit(0)
