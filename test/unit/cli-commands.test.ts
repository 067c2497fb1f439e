// SPDX-License-Identifier: MIT
// `peernvm` as a program: what every command has in common, and identify, log and feature.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { exitCodes, usageOf } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands.ts'
import { fixFor } from '../../src/cli/fixes.ts'
import { runProgram as run } from '../../src/cli/program.ts'
import { type ErrorCode, errorTable } from '../../src/error-table.ts'
import { runProgram } from '../support/process.ts'
import { root } from '../support/repository.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const program = join(root, 'dist', 'src', 'cli', 'peernvm.js')

const peernvm = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runProgram(process.execPath, [program, ...args], { env })

/** Our files that Node loads, by paths from dist/. */
async function loadedFiles(args: readonly string[]): Promise<string[]> {
  using folder = temporaryFolder('coverage')
  await peernvm(args, { NODE_V8_COVERAGE: folder.path })
  const [report = ''] = readdirSync(folder.path)
  const { result } = JSON.parse(readFileSync(join(folder.path, report), 'utf8')) as {
    result: { url: string }[]
  }
  return result.flatMap(({ url }) => url.split(`${root}/dist/`)[1] ?? [])
}

describe('help', () => {
  test('of the program names every command, and the version is the package’s', async () => {
    const help = (await peernvm(['--help'])).stdout.replace(/\s+/g, ' ')
    for (const command of commands) {
      expect(help).toContain(`peernvm ${usageOf(command)} ${command.describe}`)
    }
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect((await peernvm(['--version'])).stdout).toBe(`${version}\n`)
  })

  test.each(commands)('of $name has every option, and examples', async (command) => {
    const { code, stdout } = await peernvm([command.name, '--help'])
    expect(code).toBe(0)
    for (const name of Object.keys(command.options)) expect(stdout).toContain(`--${name}`)
    if (command.examples.length > 0) expect(stdout).toContain('Examples:\n')
  })

  test('loads only what describes the commands: no addon, and nothing of the library', async () => {
    const files = await loadedFiles(['--help'])
    expect(files).toContain('src/cli/peernvm.js')
    const light =
      /^src\/(cli\/[\w-]*command[\w-]*\.js|cli\/(fixes|misuse|peernvm|program|write)\.js|cli\/nvme-cli\/log-names\.js|native\/package-folder\.js)$/
    expect(files.filter((file) => !light.test(file))).toEqual([])
  })
})

describe('a wrong call exits with 2 and says what is wrong', () => {
  test.each([
    [[], /which command\? One of identify, log/],
    [['idntify'], /there is no command idntify; did you mean identify\?/],
    [['frobnicate'], /there is no command frobnicate\n/],
    [['identify', '--colour'], /identify takes no --colour\n/],
    [['identify', '--nmespace', '1'], /identify takes no --nmespace; did you mean --namespace\?/],
    [['identify', 'one.img', 'two.img'], /two.img is one word too many/],
    [['identify', '-x'], /identify takes no -x\n/],
    [['identify', '--output'], /--output needs a value|-o needs a value/],
    [['serve'], /serve takes either --socket or --vfio-user/],
    [['serve', '--socket', 'x', '--client-namespaces', '1,x'], /--client-namespaces takes ids/],
    [
      ['serve', '--vfio-user', '/nonexistent/x', '--timing', '970pro', '--bandwidth', '5'],
      /--timing.*leave out --latency-ns, --bandwidth/,
    ],
    [['identify', '--namespace', '0'], /--namespace is 0/],
    [['identify', '--namespace', 'x'], /--namespace takes a whole number/],
    [['identify', '--output', 'xml'], /--output is one of text, json, binary, and not 'xml'/],
    [['identify', '-o', 'text', '-o', 'json'], /--output is there twice/],
    [['log'], /log needs <page>: which log page \(smart, error/],
    [['log', 'smrt'], /<page> is one of smart, .* not 'smrt'; did you mean smart\?/],
    [['log', 'error', '--entries', '0'], /--entries is 0/],
    [['feature', 'queues'], /'queues'.*number_of_queues/s],
    [['feature', '256'], /'256'.*0 to 255/s],
    [['feature', ''], /<feature> is empty.*number_of_queues/],
    [['feature', ' '], /' ' is no number/],
    [['identify', ''], /<target> is empty.*image file, PCI address, or socket/],
    [['log', 'smart', ''], /<target> is empty/],
    [['serve', '', '--vfio-user', '/nonexistent/x'], /<target> is empty/],
    [['serve', '--vfio-user', ''], /--vfio-user is empty/],
    [['serve', '--vfio-user', '/nonexistent/x', '--namespace', ''], /--namespace is empty/],
  ])('%j', async (args, message) => {
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    await run(args)
    const text = said.mock.calls.join('\n')
    expect(text).toMatch(message)
    expect(text).toMatch(/^peernvm: .*\n {2}peernvm .*--help.*$/)
    expect(process.exitCode).toBe(exitCodes.usage)
    process.exitCode = undefined
  })
})

test('messages are in one language', async () => {
  const { stderr } = await peernvm(['log', 'smrt'], { LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8' })
  expect(stderr).toContain('did you mean smart?')
})

describe('what to do about an error', () => {
  // What no command does: raw queues, references, memory of its own.
  const notDone = [
    'ERR_ALIGNMENT',
    'ERR_NO_ADMIN',
    'ERR_NO_QUEUES',
    'ERR_QUEUE_FULL',
    'ERR_QUEUE_MODE',
  ]

  test.each(commands)('is said by $name without calls and objects of the API', (command) => {
    const codes = Object.keys(errorTable).filter((code) => !notDone.includes(code))
    const said = codes
      .filter((code) => code !== 'ERR_NVME_STATUS' || /identify|log|feature/.test(command.name))
      .map((code) => fixFor(command, code) ?? errorTable[code as ErrorCode].fix)
    expect(
      said.filter((fix) => /\(\)|\w\.\w+\(|error\.\w|role|reference|queue pair/.test(fix)),
    ).toEqual([])
  })

  test.each([
    [['feature', '0x50'], 'peernvm log features lists'],
    [['log', 'smart', '--namespace', '9'], 'peernvm log pages lists'],
    [['serve', '--vfio-user', '/nonexistent/x', '--read-only'], 'peernvm serve --help says'],
    [['serve', '--vfio-user', '/nonexistent/x', '--mdts', '99'], 'within the limit'],
    [['serve', '/no/such.img', '--vfio-user', '/nonexistent/x'], '--size, with which it is made'],
  ])('%j', async (args, fix) => {
    const { code, stderr } = await peernvm(args)
    expect(code).toBe(exitCodes.failure)
    expect(stderr.split('\n').at(-2)).toContain(fix)
  })
})

describe('identify, log and feature', () => {
  const lines = commands
    .flatMap(({ examples }) => examples.map(([line]) => line))
    .filter((line) => /^(identify|log|feature)/.test(line) && !line.includes('0000:'))

  test.each(lines)('the example works: %s', async (line) => {
    using folder = temporaryFolder('cli')
    const image = join(folder.path, 'disk.img')
    const { openController } = await import('../../src/open.ts')
    await (await openController({ emulator: { image, size: '4MiB' } })).close()
    const { code, stdout, stderr } = await peernvm(
      line.split(' ').map((word) => (word === 'disk.img' ? image : word)),
    )
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Resetting controller and setting up admin queues...\n',
    })
    expect(stdout).not.toBe('')
  })

  test('what is asked for is what is printed', async () => {
    expect((await peernvm(['identify'])).stdout).toMatch(/^-+ Controller information -+\n/)
    expect((await peernvm(['identify', '-H'])).stdout).toContain(
      '\n  [1:1] : 0x1\tFormat NVM Supported\n',
    )
    const namespace = JSON.parse((await peernvm(['identify', '-n', '1', '-o', 'json'])).stdout)
    expect(namespace).toMatchObject({ nsze: 2 ** 21, flbas: 0 })
    const page = (await peernvm(['log', 'error', '--entries', '2'])).stdout
    expect(page).toMatch(/^Error Log Entries for device:emulator entries:2\n/)
    const recovery = (await peernvm(['feature', 'error_recovery', '-H'])).stdout
    expect(recovery).toMatch(/^get-feature:0x05 .*\n\tDeallocated .*: Disabled\n/)
    const lower = (await peernvm(['feature', '4', '--cdw11', '0x100000', '-H'])).stdout
    expect(lower).toMatch(/Under Temperature Threshold|-273°C/)
    expect((await peernvm(['feature', '7', '--select', 'supported'])).stdout).toMatch(
      /^get-feature:0x07 .*Supported capabilities/,
    )
  })

  test('binary is the bytes themselves', async () => {
    const { openController, decode } = await import('../../src/index.ts')
    const { execFileSync } = await import('node:child_process')
    const bytes = execFileSync(process.execPath, [program, 'identify', '-o', 'binary'], {
      stdio: 'pipe',
    })
    expect(bytes.byteLength).toBe(4096)
    await using controller = await openController()
    expect(decode('IdentifyController', bytes).mn).toBe(
      (await controller.admin.identifyController()).mn,
    )
  })
})

describe('doctor', () => {
  test('says what works, as text and JSON; the exit code is about what was asked for', async () => {
    const { code, stdout } = await peernvm(['doctor'])
    expect(code).toBe(0)
    expect(stdout).toContain('ok       emulator')
    expect(stdout).toContain('\nEmulated controllers: work\n')
    const gpu = await peernvm(['doctor', '--for', 'gpu', '--json'])
    expect(gpu.code).toBe(1)
    const { goals, findings } = JSON.parse(gpu.stdout)
    expect(goals.emulator).toEqual({ works: true, blockedBy: [] })
    expect(goals.gpu.blockedBy).toContain('kernel module')
    expect(findings).toContainEqual({ check: 'Node', state: 'ok', text: process.version })
  })

  test('works without the native part, and says how to get it', async () => {
    const env = { PEERNVM_ADDON: '/no/such/addon.node' }
    const { code, stdout } = await peernvm(['doctor'], env)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^blocked +native part .*\/no\/such\/addon\.node.*\n +npx peernvm build$/m,
    )
    expect(stdout).toContain('Emulated controllers: blocked by native part, emulator\n')
  })
})
