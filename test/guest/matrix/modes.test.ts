// SPDX-License-Identifier: MIT
// The pairs of doorbells and interrupts that the usual tests in the guest do not have.
import { modeSuite } from '../lab/modes.ts'

modeSuite('trap', 'MSI-X')
modeSuite('poll', 'pins')
