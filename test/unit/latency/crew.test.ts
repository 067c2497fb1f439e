// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { Crew } from '../../../benchmarks/latency/commands/crew.ts'
import { shareRun, type ThreadSetting } from '../../../benchmarks/latency/commands/setting.ts'

test('a thread that has ended is an error of each run, also of one that begins later', async () => {
  const start = { namespaceId: 1, shared: shareRun(1), file: undefined }
  // There is no compiled worker beside the sources, so that each thread ends at once.
  const crew = new Crew(2, { ...start, controller: undefined as never })
  const setting = { queues: [] } as unknown as ThreadSetting
  const ended = /a thread ended by itself: Cannot find module/
  await expect(crew.run([setting, setting], () => {})).rejects.toThrow(ended)
  await expect(crew.run([setting], () => {})).rejects.toThrow(ended)
  await crew.close()
}, 10_000)
