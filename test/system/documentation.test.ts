// SPDX-License-Identifier: MIT
// Every code block of README and docs is what it says. TypeScript is type-checked, and run on the
// emulator, where each value behind `// →` is compared. Blocks of a page share their names; one
// that imports begins a new program. The C API's declarations are compiled. Commands are run, or
// the test is named that runs them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks } from '../support/markdown.ts'
import {
  commandsOf,
  declarationsProgram,
  instrumented,
  makeProject,
  programsOf,
  reasonNotToRun,
  runnableText,
  testOf,
  typeErrors,
} from '../support/page-programs.ts'
import { runProgram } from '../support/process.ts'
import { isGenerated, repositoryFiles, root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const quickStart = 'test/system/quick-start.test.ts'
const consumer = 'test/system/programs/consumer/CMakeLists.txt'

/** Commands that other tests run: which, and what shows it there; else the command itself. */
const runElsewhere: Record<string, readonly [path: string, text?: string]> = {
  'npm test': ['.ci/run'],
  'mkdir build; cd build': [quickStart],
  'cmake .. -DCMAKE_BUILD_TYPE=Release': [quickStart],
  'make libnvm': [quickStart],
  'make examples': [quickStart],
  'make latency-benchmark': [quickStart],
  'bin/identify-userspace --ctrl=../c.img': [quickStart],
  'bin/nvm-latency-bench --ctrl=../c.img --blocks=1000 --pattern=sequential': [quickStart],
  'find_package(libnvm 0.1 REQUIRED)': [consumer],
  'target_link_libraries(consumer PRIVATE libnvm::shared)': [consumer],
  'qemu-system-x86_64': ['test/guest/lab/boot.ts', 'memory-backend-memfd,id='],
}

const report = '--report report.html'
const ignored = '--report build/report.html'
const first = 'npm run latency -- --pattern random'
const bench = 'npx nvm-latency-bench'
const sweep = `${bench} --runtime 10s --pattern random`
const mixed = `${bench} --ctrl bench.img --block-size 4k:70,64k:30`
const writing = `${mixed} --write --write-percent 30 --rate 50k`
const reading = `${mixed} --rate 50k`
const small = '--depth 1,2 --runtime 50ms --runs 2 --emulator-size 16MiB'

/** Commands that take long as they are, and how they are run instead. */
const shortened: Record<string, string> = {
  [`${first} --depth 1,2,4..32 --runtime 1s --runs 3 ${report}`]: `${first} ${small} ${ignored}`,
  [`${sweep} --depth 1,2,4..128 --runs 5 ${report}`]: `${bench} ${small} ${report}`,
  [`${writing} --json a.json`]: `${writing} --runtime 50ms --json a.json`,
  [`${reading} --json b.json`]: `${mixed} --runtime 50ms --json b.json`,
}

/** Programs that are run as the page has them. */
const cheap = ['peernvm', 'nvm-latency-bench', 'npx', 'truncate']

/** The blocks that need what a machine may not have, with the reason that the page gives. */
const notRun = [
  ['docs/getting-started.md', 'it needs a PCI device'],
  ['docs/getting-started.md', 'it needs two PCI devices'],
]

/** Languages of blocks that are no program: pictures, output. */
const prose = ['', 'text']

const tsx = import.meta.resolve('tsx')
const folder = temporaryFolder('documentation')
const documents = repositoryFiles().filter(({ path }) => /^(README|docs\/.*)\.md$/.test(path))
const written = documents
  .filter((file) => !isGenerated(file))
  .flatMap(({ path }) => codeBlocks(path))
const inLanguage = (...names: string[]) => written.filter((block) => names.includes(block.language))

const programs = programsOf(inLanguage('ts', 'js')).map((program, i) => ({
  ...program,
  name: `${basename(program.page, '.md')}-${i}.mts`,
}))

const commands = inLanguage('sh', 'cmake').flatMap((block) =>
  commandsOf(block).map((command) => {
    const known = command.split(' … ')[0] ?? '' // the rest of it is told elsewhere
    const isCheap = cheap.includes(command.split(' ')[0] ?? '')
    const { line, page } = block
    return { line, page, known, toRun: shortened[command] ?? (isCheap ? command : undefined) }
  }),
)

/** Where a reader of a page is, who has one folder for all of it. */
function folderOf(page: string): string {
  const path = join(folder.path, page.replace(/\W/g, '-'))
  mkdirSync(path, { recursive: true })
  return path
}

async function runWell(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { PATH: `${join(folder.path, 'node_modules/.bin')}:${process.env.PATH}` }
  const outcome = await runProgram(command, args, { cwd, env, timeoutMs: 110_000 })
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, signal: null })
  return outcome.stderr
}

beforeAll(() => {
  makeProject(folder.path)
  for (const { name, text } of programs) writeFileSync(join(folder.path, name), text)
})

afterAll(() => folder[Symbol.dispose]())

test('every block is in a language that is checked', () => {
  const checked = ['ts', 'js', 'sh', 'cmake', ...prose]
  expect(written.filter(({ language }) => !checked.includes(language))).toEqual([])
})

test('only these blocks are not run', () => {
  const left = written.flatMap((block) => {
    const reason = reasonNotToRun(block)
    return reason === undefined ? [] : [[block.page, reason]]
  })
  expect(left).toEqual(notRun)
})

test('a test that is named for a block reads its page', () => {
  for (const block of written) {
    const path = testOf(block)
    if (path !== undefined) expect(readFileSync(join(root, path), 'utf8')).toContain(block.page)
  }
})

test('every command is run here, or a test is named that runs it', () => {
  const unknown = commands.filter(({ known, toRun }) => {
    if (toRun !== undefined) return false
    const [path, text = known] = runElsewhere[known] ?? []
    return path === undefined || !readFileSync(join(root, path), 'utf8').includes(text)
  })
  expect(unknown).toEqual([])
})

test('no test is named for a command that no page has', () => {
  const named = [...Object.keys(runElsewhere), ...Object.keys(shortened)]
  expect(named.filter((name) => !commands.some(({ known }) => known === name))).toEqual([])
})

test('TypeScript has the types that the package declares', { timeout: 60_000 }, () => {
  expect(typeErrors(programs.map(({ name }) => join(folder.path, name)))).toEqual([])
})

test('the C API page declares what the headers declare', async () => {
  const declarations = documents
    .filter(isGenerated)
    .flatMap(({ path }) => codeBlocks(path))
    .filter(({ language }) => language === 'c')
  expect(declarations).not.toEqual([])
  const path = join(folder.path, 'declarations.c')
  writeFileSync(path, declarationsProgram(declarations.map(({ text }) => text)))
  const include = `-I${join(root, 'lib/include')}`
  await runWell('gcc', ['-std=gnu11', '-w', '-fsyntax-only', include, path], folder.path)
})

interface Step {
  readonly page: string
  readonly line: number
  readonly run: () => Promise<void>
}

const programSteps: Step[] = programs
  .filter(({ blocks }) => blocks.some((block) => testOf(block) === undefined))
  .map((program) => {
    const { name, page } = program
    const run = async () => {
      const path = join(folder.path, `run-${name}`)
      writeFileSync(path, instrumented(runnableText(program)))
      const said = await runWell(process.execPath, ['--import', tsx, path], folderOf(page))
      expect(said, name).toBe('')
    }
    return { page, line: program.blocks[0]?.line ?? 0, run }
  })

const commandSteps: Step[] = commands.flatMap(({ line, page, toRun }) => {
  if (toRun === undefined) return []
  const run = async () => {
    await runWell('sh', ['-c', toRun], toRun.startsWith('npm ') ? root : folderOf(page))
  }
  return [{ page, line, run }]
})

const steps = [...programSteps, ...commandSteps].sort((one, other) => one.line - other.line)

describe.concurrent('runs as it is written, from top to bottom in one folder:', () => {
  const pages = [...new Set(steps.map(({ page }) => page))]
  test.each(pages)('%s', { timeout: 180_000 }, async (page) => {
    for (const step of steps) if (step.page === page) await step.run()
  })

  test('a wrong value and one that is never reached are noticed', async () => {
    const path = join(folder.path, 'wrong.mts')
    writeFileSync(path, instrumented('console.log(1, "a") // → 1 b\nif (!1) 2 // → 2\n3 // → 3\n'))
    const { code, stderr } = await runProgram(process.execPath, ['--import', tsx, path])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'line 1 says 1 b and gives 1 a\nlines 2 say something and did not run\n',
    })
  })
})
