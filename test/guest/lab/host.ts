// SPDX-License-Identifier: MIT
// What a job needs of the machine around the guest: programs, and a disk.
import { execFileSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The first that is not there. */
export function missingProgram(programs: Record<string, string>) {
  for (const [program, name] of Object.entries(programs)) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { env: withSbin() })
    } catch {
      return { unavailable: `${program} is missing`, fix: `apt-get install ${name}` }
    }
  }
  return undefined
}

/** The environment for programs of the administrator. */
export function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
}

/** An image of zeros that takes no space. */
export function emptyImage(folder: string, byteLength = 512 * 1024 ** 2): string {
  const image = join(folder, 'disk.img')
  writeFileSync(image, '')
  truncateSync(image, byteLength)
  return image
}
