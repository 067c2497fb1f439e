// SPDX-License-Identifier: MIT
// What any use of peernvm needs: Node, the native part, an emulated controller that works.

import type { Check } from '../check.ts'

const oldestNode = [20, 19]

export const nodeCheck: Check = {
  name: 'Node',
  goals: ['emulator', 'device', 'gpu'],
  look: ({ nodeVersion }) => {
    const [major = 0, minor = 0] = nodeVersion.slice(1).split('.').map(Number)
    const [oldMajor = 0, oldMinor = 0] = oldestNode
    if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) {
      return { state: 'ok', text: nodeVersion }
    }
    const text = `${nodeVersion} is older than v${oldestNode.join('.')}.0`
    return { state: 'blocked', text, fix: 'npx n 22' }
  },
}

export const addonCheck: Check = {
  name: 'native part',
  goals: ['emulator', 'device', 'gpu'],
  look: ({ trials: { addon } }) =>
    addon === undefined
      ? { state: 'ok', text: 'is built and loads' }
      : { state: 'blocked', text: addon, fix: 'npx peernvm build' },
}

export const emulatorCheck: Check = {
  name: 'emulator',
  goals: ['emulator'],
  look: ({ trials: { addon, emulator } }) => {
    if (addon !== undefined) return { state: 'blocked', text: 'not tried without the native part' }
    if (emulator !== undefined) return { state: 'blocked', text: emulator }
    return { state: 'ok', text: 'a block was written and read back' }
  },
}
