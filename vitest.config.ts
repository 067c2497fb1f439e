// SPDX-License-Identifier: MIT
// Vitest for the tiers that are folders of TypeScript tests. `npm test` runs them one folder at a
// time.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A crash in the native part ends one test file, not the run.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 5000 } },
    teardownTimeout: 10_000,
    restoreMocks: true,
  },
})
