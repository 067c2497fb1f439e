// SPDX-License-Identifier: MIT
// A vfio-user client that is an NVMe host, written from the protocol and not from the server. Its
// memory has no descriptor: the server reads and writes it by messages on the same socket.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const version = 1
const dmaMap = 2
const regionRead = 9
const regionWrite = 10
const dmaRead = 11
const headerBytes = 16
const replyFlag = 1
const errorFlag = 0x20

const registers = 0
const config = 7
const cc = 0x14
const csts = 0x1c
const doorbells = 0x1000

const memoryAddress = 0x4000_0000
const memoryBytes = 1 << 20
const entries = 32
const patienceMs = 20_000

interface Ring {
  readonly id: number
  readonly submissions: number
  readonly completions: number
  tail: number
  head: number
  phase: number
}

export interface NvmeCommand {
  readonly opcode: number
  readonly nsid?: number
  readonly cdw10?: number
  readonly cdw11?: number
  readonly cdw12?: number
}

export class VfioUserClient implements Disposable {
  /** A page of the host's memory that every command points to. */
  readonly data: Buffer
  readonly #socket: Socket
  readonly #memory = Buffer.alloc(memoryBytes)
  readonly #replies: ((reply: Buffer | undefined) => void)[] = []
  readonly #admin: Ring = { ...ring(0), submissions: 0x0000, completions: 0x1000 }
  readonly #io: Ring = { ...ring(1), submissions: 0x2000, completions: 0x3000 }
  #received = Buffer.alloc(0)
  #written = (): void => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    this.data = this.#memory.subarray(0x4000, 0x5000)
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('close', () => {
      for (const answer of this.#replies.splice(0)) answer(undefined)
    })
  }

  /** Connects, and enables the controller with one pair of I/O queues. */
  static async open(path: string): Promise<VfioUserClient> {
    const socket = connect(path)
    await once(socket, 'connect')
    const client = new VfioUserClient(socket)
    await client.#call(version, words(0x0001_0000))
    const size = BigInt(memoryBytes)
    await client.#call(dmaMap, words(32, 3), quads(0n, BigInt(memoryAddress), size))
    await client.#enable()
    return client
  }

  /** Runs an admin command; dword 0 of its completion. */
  admin(command: NvmeCommand): Promise<number> {
    return this.#run(this.#admin, command)
  }

  /** Runs an I/O command; dword 0 of its completion. */
  io(command: NvmeCommand): Promise<number> {
    return this.#run(this.#io, command)
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  async #enable(): Promise<void> {
    await this.#write(config, 4, 0x0406) // memory, bus master, no pin interrupt
    await this.#write(registers, 0x28, memoryAddress + this.#admin.submissions)
    await this.#write(registers, 0x30, memoryAddress + this.#admin.completions)
    await this.#write(registers, 0x24, ((entries - 1) << 16) | (entries - 1))
    await this.#write(registers, cc, 0x0046_0001)
    while (((await this.#read(registers, csts)) & 1) === 0);
    const size = (entries - 1) << 16
    for (const [opcode, flags, at] of [
      [0x05, 1, this.#io.completions],
      [0x01, (1 << 16) | 1, this.#io.submissions],
    ] as const) {
      await this.#run(this.#admin, { opcode, cdw10: size | 1, cdw11: flags }, at)
    }
  }

  async #run(queue: Ring, command: NvmeCommand, at = 0x4000): Promise<number> {
    const entry = this.#memory.subarray(queue.submissions + queue.tail * 64).subarray(0, 64)
    entry.fill(0)
    entry.writeUInt32LE(command.opcode | (queue.tail << 16), 0)
    entry.writeUInt32LE(command.nsid ?? 0, 4)
    entry.writeUInt32LE(memoryAddress + at, 24)
    entry.writeUInt32LE(command.cdw10 ?? 0, 40)
    entry.writeUInt32LE(command.cdw11 ?? 0, 44)
    entry.writeUInt32LE(command.cdw12 ?? 0, 48)
    queue.tail = (queue.tail + 1) % entries
    const completion = this.#memory.subarray(queue.completions + queue.head * 16)
    await this.#write(registers, doorbells + queue.id * 8, queue.tail)
    await this.#until(() => (completion.readUInt16LE(14) & 1) === queue.phase)
    const status = completion.readUInt16LE(14) >> 1
    const dword0 = completion.readUInt32LE(0)
    queue.head = (queue.head + 1) % entries
    if (queue.head === 0) queue.phase ^= 1
    await this.#write(registers, doorbells + queue.id * 8 + 4, queue.head)
    if (status !== 0) throw new Error(`opcode ${command.opcode}: status 0x${status.toString(16)}`)
    return dword0
  }

  /** Looks again whenever the device has written to memory. */
  async #until(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + patienceMs
    while (!condition()) {
      const left = deadline - Date.now()
      if (left <= 0) throw new Error('no completion came')
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#written = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  async #read(region: number, offset: number): Promise<number> {
    const reply = await this.#call(regionRead, quads(BigInt(offset)), words(region, 4))
    return reply.readUInt32LE(headerBytes + 16)
  }

  async #write(region: number, offset: number, value: number): Promise<void> {
    await this.#call(regionWrite, quads(BigInt(offset)), words(region, 4, value))
  }

  async #call(command: number, ...payload: Buffer[]): Promise<Buffer> {
    const answered = new Promise<Buffer | undefined>((resolve) => this.#replies.push(resolve))
    this.#socket.write(message(0, command, 0, payload))
    const reply = await answered
    if (reply === undefined) throw new Error('the server closed the connection')
    if ((reply.readUInt32LE(8) & errorFlag) === 0) return reply
    throw new Error(`message ${command}: errno ${reply.readUInt32LE(12)}`)
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    while (this.#received.length >= headerBytes) {
      const byteLength = this.#received.readUInt32LE(4)
      if (this.#received.length < byteLength) return
      const next = this.#received.subarray(0, byteLength)
      this.#received = this.#received.subarray(byteLength)
      if ((next.readUInt32LE(8) & 0xf) === replyFlag) this.#replies.shift()?.(next)
      else this.#serve(next)
    }
  }

  /** Answers the server's request for our memory. */
  #serve(request: Buffer): void {
    const access = request.subarray(headerBytes, headerBytes + 16)
    const at = Number(access.readBigUInt64LE(0)) - memoryAddress
    const count = Number(access.readBigUInt64LE(8))
    const command = request.readUInt16LE(2)
    const body = [access]
    if (command === dmaRead) body.push(this.#memory.subarray(at, at + count))
    else request.copy(this.#memory, at, headerBytes + 16)
    this.#socket.write(message(request.readUInt16LE(0), command, replyFlag, body))
    this.#written()
  }
}

function message(id: number, command: number, flags: number, payload: readonly Buffer[]): Buffer {
  const body = Buffer.concat(payload)
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16LE(id, 0)
  header.writeUInt16LE(command, 2)
  header.writeUInt32LE(headerBytes + body.length, 4)
  header.writeUInt32LE(flags, 8)
  return Buffer.concat([header, body])
}

function ring(id: number): Pick<Ring, 'id' | 'tail' | 'head' | 'phase'> {
  return { id, tail: 0, head: 0, phase: 1 }
}

function words(...values: number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer)
}

function quads(...values: bigint[]): Buffer {
  return Buffer.from(BigUint64Array.from(values).buffer)
}
