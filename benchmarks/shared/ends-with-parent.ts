// SPDX-License-Identifier: MIT
// `node --import`ed before a program that serves until SIGTERM: sends it that when its parent has
// gone, however that ended. Its standard input is a pipe of the parent's.
import type { Socket } from 'node:net'

const input = process.stdin as Socket
input.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()
input.unref()
