// SPDX-License-Identifier: MIT
// nvme-cli, in a guest, on our controller: every command it has for one, and what must be refused.
import { guestSuite } from './lab/suite.ts'

const areas =
  'identify logs features commands format protection namespaces sanitize self-test admin'

guestSuite('nvme-cli', {
  files: areas.split(' ').map((area) => `nvme-cli/${area}.sh`),
  // nvme-cli reads the registers through a mapping that the driver has, too.
  job: { kernelArguments: 'iomem=relaxed' },
})
