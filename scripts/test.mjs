// SPDX-License-Identifier: MIT
// `npm test`: runs tiers, shows what each did, and ends with the sum and with the tiers that were
// not run.
//   npm test                   the usual tiers
//   npm test -- unit native    only these
//   npm run test:all           every tier
// PEERNVM_REQUIRE=all: a skip that is not listed in test/expected-skips.txt is a failure.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.mjs'
import { countsLine } from './tiers/counts.mjs'
import { tiers } from './tiers/table.mjs'

/** The tiers that the command line asks for. */
function chosenTiers(names) {
  if (names.length === 0) return tiers.filter(({ usual }) => usual)
  if (names.includes('all')) return tiers
  for (const name of names) {
    if (tiers.some((tier) => tier.name === name)) continue
    console.error(
      `There is no tier "${name}". Tiers: ${tiers.map((tier) => tier.name).join(', ')}, all`,
    )
    process.exit(2)
  }
  return tiers.filter(({ name }) => names.includes(name))
}

/** Which of `skips` no line of test/expected-skips.txt names; a line may end in `*`. */
function unexpectedSkips(skips) {
  const lines = readFileSync(join(root, 'test', 'expected-skips.txt'), 'utf8').split('\n')
  const expected = lines
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const matches = (skip) => (line) =>
    line.endsWith('*') ? skip.startsWith(line.slice(0, -1)) : skip === line
  return skips.filter((skip) => !expected.some(matches(skip)))
}

async function runTier(tier, requireAll) {
  console.log(`\n== ${tier.name} ==`)
  const started = Date.now()
  const counts = await tier.run()
  for (const skip of counts.skips) console.log(`  skipped: ${skip}`)
  const refused = requireAll ? unexpectedSkips(counts.skips) : []
  for (const skip of refused) {
    console.error(`  FAILED, not listed in test/expected-skips.txt: ${skip}`)
  }
  return {
    name: tier.name,
    passed: counts.passed,
    failed: counts.failed + refused.length,
    skipped: counts.skips.length - refused.length,
    seconds: (Date.now() - started) / 1000,
  }
}

function showSummary(rows) {
  const columns = ['passed', 'failed', 'skipped', 'seconds']
  console.log(`\n${'tier'.padEnd(10)}${columns.map((name) => name.padStart(9)).join('')}`)
  for (const row of rows) {
    const cells = columns.map((name) => row[name].toFixed(0).padStart(9))
    console.log(`${row.name.padEnd(10)}${cells.join('')}`)
  }
}

async function main() {
  const requireAll = process.env.PEERNVM_REQUIRE === 'all'
  const chosen = chosenTiers(process.argv.slice(2))
  const rows = []
  for (const tier of chosen) rows.push(await runTier(tier, requireAll))
  showSummary(rows)
  const sum = (column) => rows.reduce((total, row) => total + row[column], 0)
  console.log(`\n${countsLine(sum('passed'), sum('failed'), sum('skipped'))}`)
  const left = tiers.filter((tier) => !chosen.includes(tier))
  if (left.length > 0) {
    console.log(`Not run: ${left.map(({ name, how }) => `${name} (${how})`).join('; ')}`)
  }
  process.exit(sum('failed') > 0 ? 1 : 0)
}

await main()
