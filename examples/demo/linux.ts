// SPDX-License-Identifier: MIT
// Linux's nvme driver on the emulated device: a virtual machine finds it on its PCI bus, makes a
// file system on it, and fio writes and verifies a file there. The lab is that of the guest tests.
//   npm run demo:linux
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boot } from '../../test/guest/lab/boot.ts'
import { emptyImage, missingProgram } from '../../test/guest/lab/host.ts'
import { prepareLab } from '../../test/guest/lab/prepare.ts'
import { serve, vfioUser } from '../../test/guest/lab/serve.ts'

const programs = {
  'apt-get': 'apt',
  xz: 'xz-utils',
  cc: 'g++',
  fio: 'fio',
  'mkfs.ext4': 'e2fsprogs',
}

async function show(folder: string): Promise<boolean> {
  const lab = await prepareLab(console.log)
  const share = join(folder, 'share')
  mkdirSync(share)
  const server = await serve(emptyImage(folder, 64 * 1024 ** 2), join(folder, 'device'))
  try {
    console.log('peernvm serve disk.img --vfio-user device; a guest boots with it, without KVM …')
    const script = readFileSync(join(import.meta.dirname, 'linux.sh'), 'utf8')
    const { log, exitCode, elapsedMs } = await boot(lab, {
      script,
      share,
      devices: vfioUser(server.socket),
    })
    console.log(`${log}${exitCode === 0 ? 'all of it worked' : 'FAILED'}, ${elapsedMs} ms`)
    return exitCode === 0
  } finally {
    await server.stop()
  }
}

const missing = missingProgram(programs)
if (missing !== undefined) throw new Error(`${missing.unavailable}: ${missing.fix}`)
const folder = mkdtempSync(join(tmpdir(), 'peernvm-demo-'))
try {
  process.exitCode = (await show(folder)) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}
