// SPDX-License-Identifier: MIT
// One process at a time in a clone. The lock is an abstract socket: it goes with its process, so a
// crash leaves nothing behind.
import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { root } from './run.mjs'

const waitSeconds = 900

/**
 * Takes the lock `name` of this clone until this process ends, which must be by process.exit():
 * those who wait are connected to it. Throws when others have held it for too long.
 * @param {string} name
 * @param {(pid: string) => void} onWait called with the process that has it
 */
export async function takeLock(name, onWait) {
  const clone = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const address = `\0peernvm-${name}-${clone}`
  const deadline = Date.now() + waitSeconds * 1000
  const server = createServer((client) => {
    client.on('error', () => {})
    client.write(`${process.pid}`)
  })
  const listen = () =>
    new Promise((done, fail) => {
      server.once('error', (error) => (error.code === 'EADDRINUSE' ? done(false) : fail(error)))
      server.listen(address, () => done(true))
    })
  const holderLeaves = () =>
    new Promise((done) => {
      const client = connect(address)
      client.setTimeout(Math.max(1, deadline - Date.now()), () => client.destroy())
      client.on('data', (pid) => onWait(String(pid)))
      client.on('error', () => {})
      client.on('close', done)
    })
  while (!(await listen())) {
    if (Date.now() >= deadline) {
      throw new Error(`Another process has held the ${name} lock for ${waitSeconds} s.`)
    }
    server.removeAllListeners('error')
    await holderLeaves()
  }
  server.unref()
}
