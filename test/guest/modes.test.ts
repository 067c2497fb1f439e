// SPDX-License-Identifier: MIT
// Both ways to ring, and both kinds of interrupt; matrix/ has the other pairs of them.
import { modeSuite } from './lab/modes.ts'

modeSuite('trap', 'pins')
modeSuite('poll', 'MSI-X')
