// SPDX-License-Identifier: MIT
// A program of exit.test.ts: keeps an image busy in the way that argument 2 names, then ends as
// argument 3 says.
import { openController } from 'peernvm'

const [image, way, end] = process.argv.slice(2)
const exitCode = 7

const controller = await openController(image)
const namespace = await controller.namespace(1)
const buffer = await controller.allocate(1 << 20)

function leave() {
  if (end === 'throw') throw new Error('on purpose')
  if (end === 'exit') process.exit(exitCode)
}

if (way === 'await') {
  const views = Array.from({ length: 32 }, (_, i) => buffer.view(i * 4096, 4096))
  const keepBusy = async (from, i) => {
    for (;;) await namespace.write({ lba: i * 8, from })
  }
  views.forEach(keepBusy)
  setTimeout(leave, 50)
} else if (way === 'raw') {
  const { sq, cq } = await controller.createQueuePair({ mode: 'raw', depth: 64 })
  for (let round = 0; round < 1000; round++) {
    for (let slot = sq.enqueue(); slot >= 0; slot = sq.enqueue()) {
      sq.write(slot, namespace.id, 0, 8, buffer, 0)
    }
    sq.submit()
    if (cq.poll() > 0) cq.update()
  }
  leave()
} else if (way === 'recovery') {
  // Every command is overdue, and aborted, all the time; some queues are being reset.
  const slow = await openController({ emulator: { size: '64MiB', timing: { latencyNs: 3.6e12 } } })
  const target = await slow.namespace(1)
  const queue = await slow.createQueuePair({ mode: 'await', depth: 4, timeoutMs: 8 })
  const keepFailing = async (_, lba) => {
    const into = new Uint8Array(4096)
    for (;;) await queue.read({ namespace: target, lba, into }).catch(() => {})
  }
  Array.from({ length: 8 }, keepFailing)
  setInterval(() => slow.reset().catch(() => {}), 20)
  setTimeout(leave, 200)
} else if (way === 'opening') {
  openController({ emulator: { size: '64MiB' } })
  controller.allocate(64 << 20)
  controller.createQueuePair({ mode: 'await' })
  leave()
} else {
  // Nothing is outstanding and nothing was closed: the program ends by itself.
  await namespace.write({ lba: 0, from: buffer })
}
