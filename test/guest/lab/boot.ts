// SPDX-License-Identifier: MIT
// Runs one job in a virtual machine: QEMU without hardware virtualisation, the machine's own files
// read-only, one folder shared and writable. Correctness only; nothing about speed can be learned
// here.

import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from './prepare.ts'

export interface Job {
  /** Shell script, run by root in the guest; its folder is `share`, there called /out. */
  script: string
  /** Folder of the host that the guest may write to. */
  share: string
  /** Further arguments of QEMU, for the devices under test. */
  devices: string[]
  /** Puts an IOMMU before all devices. */
  iommu?: boolean
  /** Further arguments of the kernel. */
  kernelArguments?: string
  /** The guest may restart, and then runs the script again. */
  reboots?: boolean
  /** Runs beside the guest; when it fails, the guest ends. */
  operator?: () => Promise<void>
  memoryMiB?: number
  timeoutMs?: number
}

export interface Outcome {
  /** What the script printed. */
  log: string
  exitCode: number
  /** Start of QEMU to the end of it. */
  elapsedMs: number
}

/** Resolves when the guest has powered off; rejects when it did not end the script. */
export async function boot(lab: Lab, job: Job): Promise<Outcome> {
  const paths = {
    exitCode: join(job.share, 'exit-code'),
    log: join(job.share, 'job.log'),
    console: join(job.share, 'console.log'),
  }
  for (const path of Object.values(paths)) rmSync(path, { force: true })
  writeFileSync(join(job.share, 'job.sh'), `PATH=${lab.tools}:$PATH\n${job.script}`)
  const start = performance.now()
  const end = await operated(job, [...lab.qemu, ...machine(lab, job, paths.console)])
  const log = read(paths.log)
  if (!existsSync(paths.exitCode)) {
    throw new Error(`the guest did not finish (${end})\n${tail(read(paths.console))}\n${tail(log)}`)
  }
  const elapsedMs = Math.round(performance.now() - start)
  return { log, exitCode: Number(read(paths.exitCode)), elapsedMs }
}

/** Runs QEMU and, beside it, the job's operator; without the one the other is not left running. */
async function operated(job: Job, command: string[]): Promise<string> {
  const failed = new AbortController()
  const operate = async () => {
    await job.operator?.().catch((error) => {
      failed.abort()
      throw error
    })
  }
  const [operation, end] = await Promise.allSettled([
    operate(),
    runQemu(command, job.timeoutMs ?? 240_000, failed.signal),
  ])
  if (operation.status === 'rejected') throw operation.reason
  if (end.status === 'rejected') throw end.reason
  return end.value
}

/** Resolves to how QEMU ended, in words. It ends with this process at the latest. */
function runQemu(command: string[], timeoutMs: number, stop: AbortSignal): Promise<string> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    killSignal: 'SIGKILL',
    signal: stop,
  })
  let complaint = ''
  let timedOut = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const timer = setTimeout(() => {
    timedOut = `killed after ${timeoutMs} ms; `
    child.kill('SIGKILL')
  }, timeoutMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve(`${timedOut}QEMU ended with ${signal ?? code}${complaint && `: ${complaint.trim()}`}`)
    })
  })
}

function machine(lab: Lab, job: Job, consolePath: string): string[] {
  const memory = `${job.memoryMiB ?? 1024}M`
  const kernelArguments = [
    'console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off cryptomgr.notests random.trust_cpu=on',
    // An emulated clock cannot be calibrated against another.
    `tsc=reliable tsc_early_khz=${lab.tscKhz} no_timer_check`,
    job.iommu ? 'intel_iommu=on' : '',
    job.kernelArguments ?? '',
  ]
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max,la57=off', '-smp', '1', '-m', memory],
    ...['-machine', 'q35,kernel-irqchip=split,memory-backend=memory'],
    // Shared, so that a device in another process reaches it.
    ...['-object', `memory-backend-memfd,id=memory,size=${memory},share=on`],
    ...['-nodefaults', '-no-user-config', '-display', 'none'],
    ...(job.reboots ? [] : ['-no-reboot']),
    ...['-serial', `file:${consolePath}`],
    ...['-kernel', lab.vmlinux, '-initrd', lab.initrd, '-append', kernelArguments.join(' ')],
    ...(job.iommu ? ['-device', 'intel-iommu,intremap=on,caching-mode=on'] : []),
    ...sharedFolder('machine', '/', ',readonly=on,multidevs=remap'),
    ...sharedFolder('out', job.share, ''),
    ...job.devices,
  ]
}

function sharedFolder(tag: string, path: string, options: string): string[] {
  const folder = `local,id=${tag},path=${path},security_model=none${options}`
  return ['-fsdev', folder, '-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`]
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function tail(text: string): string {
  return text.split('\n').slice(-40).join('\n')
}
