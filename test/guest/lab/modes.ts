// SPDX-License-Identifier: MIT
// The ways in which the guest rings doorbells and hears interrupts.
import { guestSuite } from './suite.ts'

const interruptKinds = {
  'MSI-X': { shownAs: 'MSI', kernelArguments: '', deviceProperties: {} },
  pins: {
    shownAs: 'IO-APIC',
    kernelArguments: 'pci=nomsi',
    // docs/limits.md
    deviceProperties: { 'x-no-posted-writes': true },
  },
}

/** Declares the tests of one way: interrupts arrive as they should, and fio. */
export function modeSuite(
  doorbells: 'trap' | 'poll',
  interrupts: keyof typeof interruptKinds,
): void {
  const { shownAs, kernelArguments, deviceProperties } = interruptKinds[interrupts]
  guestSuite(`doorbells by ${doorbells}, interrupts by ${interrupts}`, {
    files: ['life/interrupts.sh', 'file-systems/fio.sh', 'life/in-vain.sh'],
    serveArguments: ['--doorbells', doorbells],
    deviceProperties,
    environment: { INTERRUPTS: shownAs },
    needs: { fio: 'fio' },
    job: { kernelArguments },
  })
}
