// SPDX-License-Identifier: MIT
// The driver is bound and unbound often.
import { guestSuite } from '../lab/suite.ts'

guestSuite('the driver, often', {
  files: ['life/driver.sh'],
  environment: { REBINDS: '50' },
  needs: { fio: 'fio' },
})
