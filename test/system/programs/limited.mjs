// SPDX-License-Identifier: MIT
// Works under a limit of the system that is set when everything is loaded: `files`, no file
// descriptor is left; `memory`, 256 MiB of addresses are; `locked`, no memory can be locked;
// `none`, there was one from the beginning, or none at all. Prints the codes of what is refused,
// and with `none` whether memory has a name.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { openController, startEmulator } from 'peernvm'

const small = { emulator: { size: '1MiB' } }
await (await openController(small)).close()

const limits = {
  files: () => '--nofile=0',
  memory() {
    const kilobytes = Number(/^VmSize:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1])
    return `--as=${kilobytes * 1024 + 2 ** 28}`
  },
  locked: () => '--memlock=0',
}
const limit = limits[process.argv[2]]?.()
if (limit !== undefined) execFileSync('prlimit', ['--pid', String(process.pid), `${limit}:`])

const controller = await openController(small)
const namespace = await controller.namespace(1)
const memory = await controller.allocate(1 << 20)
memory.bytes.fill(7)
await namespace.write({ lba: 0, from: memory.view(0, 65536) })
const read = await namespace.read({ lba: 8, into: new Uint8Array(4096) })
if (!read.every((byte) => byte === 7)) throw new Error('data was lost')
const queue = await controller.createQueuePair({ mode: 'raw' })
queue.sq.read(queue.sq.enqueue(), 1, 0, 1, memory, 0)
queue.sq.submit()
queue.cq.wait()
const codes = []
for (const attempt of [
  () => controller.allocate(2 ** 30),
  () => startEmulator({ image: process.argv[3], size: '1MiB' }),
]) {
  const { code, fix } = await Promise.resolve(attempt()).catch((error) => error)
  if (fix !== undefined) codes.push(code)
}
if (limit === undefined) {
  codes.push(/\/memfd:/.test(readFileSync('/proc/self/maps', 'utf8')) ? 'memfd' : 'no memfd')
}
await controller.close()
console.log(codes.join(' '))
