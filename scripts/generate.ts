// SPDX-License-Identifier: MIT
// Writes the headers and pages that follow from the tables in src/: `npx tsx scripts/generate.ts`.
// With --check it writes nothing and fails, naming every file that is not as the tables say.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { featureForms } from '../src/admin/feature-table.ts'
import { commands } from '../src/cli/commands.ts'
import { errorTable } from '../src/error-table.ts'
import { controlBlock } from '../src/spec/control-block.ts'
import { nvme } from '../src/spec/nvme.ts'
import { rpc, rpcCodes, rpcVersion } from '../src/spec/rpc.ts'
import { cApiPage } from './generate/c-api.ts'
import { cliPage } from './generate/cli.ts'
import { errorsHeader, errorsPage } from './generate/errors.ts'
import { fieldsPage } from './generate/fields.ts'
import { controlBlockHeader, nvmeHeader, rpcHeader } from './generate/headers.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

const include = join(root, 'lib', 'include')
const publicHeaders = Object.fromEntries(
  readdirSync(include)
    .sort()
    .map((file) => [file, readFileSync(join(include, file), 'utf8')]),
)

const outputs: Record<string, string> = {
  'lib/spec/nvme.h': nvmeHeader(nvme),
  'lib/spec/control_block.h': controlBlockHeader(controlBlock),
  'lib/spec/rpc.h': rpcHeader(rpc, rpcCodes, rpcVersion),
  'lib/spec/errors.h': errorsHeader(errorTable),
  'docs/errors.md': errorsPage(errorTable),
  'docs/c-api.md': cApiPage(publicHeaders),
  'docs/fields.md': fieldsPage(nvme, featureForms),
  'docs/cli.md': cliPage(commands),
}

const stale = Object.entries(outputs).filter(([file, text]) => {
  const path = join(root, file)
  return !existsSync(path) || readFileSync(path, 'utf8') !== text
})

if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is stale: run npx tsx scripts/generate.ts`)
  process.exitCode = stale.length > 0 ? 1 : 0
} else {
  for (const [file, text] of stale) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
    console.log(`wrote ${file}`)
  }
}
