// SPDX-License-Identifier: MIT
// Starts a manager at the socket that it is given, and does nothing until it is killed.
import { Manager } from '../manager.ts'

await Manager.start(process.argv[2] ?? '', 2 ** 20)
console.log('started')
setInterval(() => {}, 2 ** 30)
