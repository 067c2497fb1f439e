// SPDX-License-Identifier: MIT
// File systems and fio, in a guest, on our controller.
import { join } from 'node:path'
import { root } from '../support/repository.ts'
import { guestSuite } from './lab/suite.ts'

guestSuite('file systems', {
  files: ['file-systems/files.sh', 'file-systems/fio.sh'],
  // Files of many sizes that nobody changes meanwhile.
  environment: { TREE: join(root, 'node_modules/typescript/lib') },
  needs: { fio: 'fio', 'mkfs.ext4': 'e2fsprogs', e2fsck: 'e2fsprogs' },
})
