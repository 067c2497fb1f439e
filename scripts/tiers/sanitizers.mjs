// SPDX-License-Identifier: MIT
// The native tests under ASan, LSan and UBSan, or under TSan; and, for the first, the addon in a
// Node into which libasan is preloaded.
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { root, run, tail } from '../run.mjs'
import { add, noCounts } from './counts.mjs'
import { buildAndRunNative } from './native.mjs'

const buildTimeoutSeconds = 900
const runTimeoutSeconds = 300

// What CMake adds flags of its own to is Release; NVM_SANITIZE brings all of them.
const buildType = 'None'

const sanitized = (sanitizers) => [`NVM_SANITIZE=${sanitizers}`, `CMAKE_BUILD_TYPE=${buildType}`]

const asanOptions = 'detect_leaks=1:abort_on_error=0'
// Node has no frame pointers; all that is ours has, and there the slow way takes five times as
// long.
const nodeAsanOptions = `${asanOptions}:fast_unwind_on_malloc=0`
const ubsanOptions = 'print_stacktrace=1:halt_on_error=1'

const asanFolder = 'build/asan'
const asanDefinitions = sanitized('address,undefined')

/** The addon, built with ASan and UBSan into build/asan. Returns its path, or undefined. */
async function buildAddonUnderAsan() {
  const folder = join(root, asanFolder)
  const args = [
    join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js'),
    ...['build', '--prefer-make', '--parallel', String(availableParallelism()), '--out', folder],
    ...['--config', buildType, '--target', 'peernvm'],
    ...asanDefinitions.map((text) => `--CD${text}`),
  ]
  const outcome = await run(process.execPath, args, { timeoutSeconds: buildTimeoutSeconds })
  const path = join(folder, buildType, 'peernvm.node')
  if (outcome.ok && existsSync(path)) return path
  console.error(tail(outcome.output))
  return undefined
}

/** Node programs that use the addon in one process from start to exit, so that LSan sees all of its leaks. */
const addonPrograms = [
  'examples/read-write.ts',
  'examples/raw-queue.ts',
  'examples/workers.mjs',
  'examples/fused-read-write.ts',
]

const suppressions = join(import.meta.dirname, 'lsan.supp')

async function addonUnderAsan() {
  const addon = await buildAddonUnderAsan()
  if (addon === undefined) return { ...noCounts(), failed: 1 }
  const { output } = await run('g++', ['-print-file-name=libasan.so'], { timeoutSeconds: 10 })
  let counts = noCounts()
  for (const program of addonPrograms) {
    const outcome = await run(process.execPath, ['--import', 'tsx', program], {
      timeoutSeconds: runTimeoutSeconds,
      env: {
        LD_PRELOAD: output.trim(),
        ASAN_OPTIONS: nodeAsanOptions,
        LSAN_OPTIONS: `print_suppressions=0:suppressions=${suppressions}`,
        UBSAN_OPTIONS: ubsanOptions,
        PEERNVM_ADDON: addon,
      },
    })
    console.log(`  ${program}: ${outcome.ok ? 'ok' : 'FAILED'}, ${outcome.seconds.toFixed(1)} s`)
    if (!outcome.ok) console.log(tail(outcome.output))
    counts = add(counts, { ...noCounts(), ...(outcome.ok ? { passed: 1 } : { failed: 1 }) })
  }
  return counts
}

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function asanTier() {
  // First the addon: cmake-js has to be the first to configure the folder.
  const addon = await addonUnderAsan()
  const native = await buildAndRunNative(asanFolder, {
    definitions: asanDefinitions,
    env: { ASAN_OPTIONS: asanOptions, UBSAN_OPTIONS: ubsanOptions },
    timeoutSeconds: runTimeoutSeconds,
  })
  return add(addon, native)
}

/** @returns {Promise<import('./counts.mjs').Counts>} */
export async function tsanTier() {
  // TSan's shadow memory does not fit every layout that the kernel's address randomisation makes.
  const fixedLayout = ['setarch', '-R']
  const probe = await run(fixedLayout[0], [fixedLayout[1], 'true'], { timeoutSeconds: 10 })
  return await buildAndRunNative('build/tsan', {
    definitions: sanitized('thread'),
    env: { TSAN_OPTIONS: 'halt_on_error=0:exitcode=66:second_deadlock_stack=1' },
    prefix: probe.ok ? fixedLayout : [],
    timeoutSeconds: runTimeoutSeconds,
  })
}
