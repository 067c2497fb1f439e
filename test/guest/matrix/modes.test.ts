// SPDX-License-Identifier: MIT
// Every way in which the guest rings doorbells and hears interrupts.
import { guestSuite } from '../lab/suite.ts'

const interrupts = [
  { name: 'MSI-X', kind: 'MSI', kernelArguments: '' },
  { name: 'pins', kind: 'IO-APIC', kernelArguments: 'pci=nomsi' },
]

for (const doorbells of ['trap', 'poll']) {
  for (const { name, kind, kernelArguments } of interrupts) {
    guestSuite(`doorbells by ${doorbells}, interrupts by ${name}`, {
      files: ['life/interrupts.sh', 'file-systems/fio.sh'],
      serveArguments: ['--doorbells', doorbells],
      environment: { INTERRUPTS: kind },
      needs: { fio: 'fio' },
      job: { kernelArguments },
    })
  }
}
