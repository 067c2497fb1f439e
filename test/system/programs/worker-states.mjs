// SPDX-License-Identifier: MIT
// A Worker of worker-states.test.ts: brings itself into `state` again and again, says so, and waits
// to be terminated.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { openController, startEmulator } from 'peernvm'

const { state, controllerToken, bufferToken, folder } = workerData
const small = { emulator: { size: '1MiB' } }

const attach = async () => {
  const controller = await openController(controllerToken)
  return { controller, namespace: await controller.namespace(1) }
}

const states = {
  // Its queue cannot be deleted: what its read reaches has to stay.
  async 'in a queue that cannot be deleted'() {
    const controller = await openController(controllerToken, { timeoutMs: 100 })
    const namespace = await controller.namespace(1)
    const memory = await controller.allocate(4096)
    const queue = await controller.createQueuePair({ mode: 'await' })
    void queue.read({ namespace, lba: 1500, into: memory }).catch(() => {})
    parentPort.postMessage(memory.runs[0].ioAddress)
    await new Promise((resolve) => setTimeout(resolve, 1e6))
  },
  async opening() {
    for (;;) {
      const controllers = await Promise.all([openController(small), openController(small)])
      parentPort.postMessage('there')
      void Promise.all(controllers.map((each) => each.close()))
    }
  },
  async idle() {
    const { controller } = await attach()
    await controller.createQueuePair({ mode: 'await' })
    await controller.createQueuePair({ mode: 'raw' })
    await controller.allocate(1 << 20)
    parentPort.postMessage('there')
    await new Promise((resolve) => setTimeout(resolve, 1e6))
  },
  async submitting() {
    const { controller, namespace } = await attach()
    const buffer = await controller.attach(bufferToken)
    const raw = await controller.createQueuePair({ mode: 'raw', depth: 64 })
    parentPort.postMessage('there')
    for (;;) {
      const slot = raw.sq.enqueue()
      if (slot >= 0) raw.sq.read(slot, namespace.id, 0, 1, buffer, 0)
      raw.sq.submit()
      if (raw.cq.poll() > 0) raw.cq.update()
    }
  },
  async batching() {
    const { controller, namespace } = await attach()
    const memory = await controller.allocate(4096)
    const raw = await controller.createQueuePair({ mode: 'raw', depth: 64 })
    const batch = raw.batch({ namespace, memory, capacity: 256 })
    for (let i = 0; i < 256; i++) batch.commands.set([2, 0, 1, 0], 4 * i)
    parentPort.postMessage('there')
    for (;;) batch.run(256)
  },
  async closing() {
    for (;;) {
      const { controller } = await attach()
      await controller.createQueuePair({ mode: 'raw' })
      const closed = controller.close()
      parentPort.postMessage('there')
      await closed
    }
  },
  async attaching() {
    for (;;) {
      const controllers = await Promise.all(Array.from({ length: 8 }, attach))
      for (const { controller } of controllers) release(await controller.attach(bufferToken))
      parentPort.postMessage('there')
      void controllers.map(({ controller }) => controller.close())
    }
  },
  // Its parent's device calls a handler of nobody, and its own a handler that is busy.
  async handling() {
    const device = await startEmulator({ size: '1MiB' })
    const controller = await openController(device.controller())
    const namespace = await controller.namespace(1)
    const memory = await controller.allocate(4096)
    const raw = await controller.createQueuePair({ mode: 'raw' })
    const batch = raw.batch({ namespace, memory, capacity: 1 })
    device.onCommand(0x92, { name: 'busy' }, async (command) => {
      parentPort.postMessage('there')
      for (;;) await command.read(0, new Uint8Array(512))
    })
    batch.commands.set([0x92, 0, 0, 0])
    batch.exchange(0, 1, 0)
    await new Promise((resolve) => setTimeout(resolve, 1e6))
  },
  async serving() {
    const device = await startEmulator({ size: '1MiB' })
    const vfioUser = join(folder, 'own')
    mkdirSync(vfioUser, { recursive: true })
    for (;;) {
      const server = await device.serve({ vfioUser })
      parentPort.postMessage('there')
      await server.close()
    }
  },
  async sharing() {
    const controller = await openController(controllerToken)
    const path = join(folder, 'own')
    for (;;) {
      const server = await controller.serve({ path })
      const client = await openController(path)
      parentPort.postMessage('there')
      await client.close()
      await server.close()
    }
  },
  async 'being a client'() {
    await readForever(await openController(join(folder, 'shared')))
  },
  async 'using vfio-user'() {
    await readForever(await openController(join(folder, 'vfio-user')))
  },
  // Its manager, which was in this thread too, has gone, and a read waits for the next one.
  async reconnecting() {
    const path = join(folder, 'own')
    const manager = await openController(small)
    const server = await manager.serve({ path })
    const client = await openController(path, { reconnect: true })
    const namespace = await client.namespace(1)
    await namespace.read({ lba: 0, into: new Uint8Array(512) })
    await server.close()
    parentPort.postMessage('there')
    for (;;) {
      const reads = [0, 1].map((lba) => namespace.read({ lba, into: new Uint8Array(512) }))
      const [outcome] = await Promise.allSettled(reads)
      // One that was under way when the manager went does not wait.
      if (outcome.reason?.code !== 'ERR_MANAGER_GONE') throw new Error('nobody serves there')
    }
  },
  async watching() {
    const { controller } = await attach()
    const events = controller.events()
    await events.ready()
    parentPort.postMessage('there')
    for await (const event of events) throw new Error(`nothing should happen: ${event.info}`)
  },
  async administering() {
    const { controller } = await attach()
    parentPort.postMessage('there')
    for (;;) {
      const commands = Array.from({ length: 8 }, () => controller.admin.identifyController())
      const bytes = controller.admin.getLogPage({ lid: 'error_information', byteLength: 64 })
      await Promise.all([...commands, bytes])
    }
  },
  // The device keeps the command for longer than the thread lives.
  async 'waiting for an admin command'() {
    const device = await startEmulator({ size: '1MiB' })
    const controller = await openController(device.controller(), { timeoutMs: 100 })
    device.inject({ on: { queues: 'admin' }, drop: true })
    const command = controller.admin.identifyController()
    parentPort.postMessage('there')
    await command
  },
  async 'asleep until a read completes'() {
    const attached = await attach()
    const memory = await attached.controller.allocate(8 * 4096)
    await readSlowly(attached, 'direct', (i) => memory.view(4096 * i, 4096))
  },
  async 'reading into memory that it has mapped'() {
    const attached = await attach()
    const { buffer } = new WebAssembly.Memory({ initial: 1 })
    const memory = await attached.controller.map(new Uint8Array(buffer))
    await readSlowly(attached, 'direct', (i) => memory.view(4096 * i, 4096))
  },
  async 'reading through memory of ours'() {
    await readSlowly(await attach(), 'bounce', () => new Uint8Array(4096))
  },
  async aborting() {
    await readSlowly(await attach(), 'bounce', () => new Uint8Array(4096), new AbortController())
  },
  async 'blocked by cq.wait()'() {
    const { queue, memory } = await makeRawQueue()
    queue.sq.read(queue.sq.enqueue(), 1, 1500, 1, memory, 0)
    queue.sq.submit()
    parentPort.postMessage('there')
    queue.cq.wait()
  },
  async 'blocked by a batch'() {
    const { queue, memory, namespace } = await makeRawQueue()
    const batch = queue.batch({ namespace, memory, capacity: 1 })
    batch.commands.set([2, 1500, 1, 0])
    parentPort.postMessage('there')
    batch.run(1)
  },
}

/** Its reads take a while, and the thread sleeps meanwhile. */
async function readSlowly({ controller, namespace }, path, bufferOf, aborter) {
  const queue = await controller.createQueuePair({ mode: 'await', timeoutMs: 20_000 })
  const signal = aborter?.signal
  for (let i = 0; i < 8; i++) {
    queue.read({ namespace, lba: 1000 + 8 * i, into: bufferOf(i), signal }).catch(() => {})
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  if (queue.stats()[path] !== 8) throw new Error(`these go another way: ${queue.dump()}`)
  aborter?.abort()
  parentPort.postMessage('there')
  await new Promise((resolve) => setTimeout(resolve, 1e6))
}

/** Its commands have time. */
async function makeRawQueue() {
  const { controller, namespace } = await attach()
  const queue = await controller.createQueuePair({ mode: 'raw', timeoutMs: 20_000 })
  return { queue, namespace, memory: await controller.allocate(4096) }
}

async function readForever(controller) {
  const namespace = await controller.namespace(1)
  const memory = await controller.allocate(1 << 16)
  const into = (i) => (i % 2 === 0 ? memory.view(512 * i, 512) : new Uint8Array(512))
  for (;;) {
    const reads = Array.from({ length: 40 }, (_, i) => namespace.read({ lba: i, into: into(i) }))
    await Promise.all(reads)
    parentPort.postMessage('there')
  }
}

function release(descriptor) {
  descriptor[Symbol.dispose]()
}

await states[state]()
