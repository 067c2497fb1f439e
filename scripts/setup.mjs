// SPDX-License-Identifier: MIT
// Makes a clone ready to use: npm's packages, the addon (build/Release/peernvm.node), the compiled
// TypeScript (dist/). Every `npm run` script calls it first. It does only what is missing or out of
// date, one process at a time, and uses nothing but Node's own modules, because it runs before
// anything is installed. It never installs a system package: it names the apt line.
//   node scripts/setup.mjs [--packages] [--addon] [--typescript]  only these; packages always
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { takeLock } from './lock.mjs'
import { findProgram, root, run, tail } from './run.mjs'

const stampFolder = join(root, 'build', '.setup')
const addonPath = join(root, 'build', 'Release', 'peernvm.node')

const steps = {
  packages: { timeoutSeconds: 600 },
  addon: { timeoutSeconds: 900 },
  typescript: { timeoutSeconds: 300 },
}

class SetupError extends Error {}

/** Shows a line of progress; nothing is shown when there is nothing to do. */
function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}

/** Every file below `folders` (which may also name files), sorted, as paths from the root. */
function filesBelow(...names) {
  const found = []
  const visit = (path) => {
    if (!existsSync(path)) return
    if (!statSync(path).isDirectory()) return void found.push(relative(root, path))
    for (const name of readdirSync(path)) visit(join(path, name))
  }
  for (const name of names) visit(join(root, name))
  return found.sort()
}

function hashOf(files, ...extra) {
  const hash = createHash('sha256')
  for (const text of extra) hash.update(`${text}\0`)
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0')
  return hash.digest('hex')
}

function readStamp(name) {
  const path = join(stampFolder, name)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function writeStamp(name, stamp) {
  mkdirSync(stampFolder, { recursive: true })
  writeFileSync(join(stampFolder, name), stamp)
}

/** Refuses machines that peernvm does not run on, before anything is built there. */
function checkPlatform() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [major, minor] = process.versions.node.split('.').map(Number)
  const [majorMin, minorMin] = engines.node.match(/\d+/g).map(Number)
  if (major < majorMin || (major === majorMin && minor < minorMin)) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: peernvm needs Node ${engines.node}.`,
    )
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      `peernvm runs on Linux x86-64 with glibc only; this is ${process.platform} ${process.arch}.`,
    )
  }
}

function checkBuildTools() {
  const missing = ['g++', 'cmake', 'make'].filter((name) => findProgram(name) === undefined)
  if (missing.length === 0) return
  throw new SetupError(
    `The native part cannot be built without: ${missing.join(', ')}. ` +
      `On Debian and Ubuntu: apt-get install ${missing.join(' ')}`,
  )
}

/** True when node_modules holds what package-lock.json says, whoever installed it. */
export function packagesAreCurrent() {
  const installedPath = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedPath)) return false
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, optional, link }]) => {
    if (path === '' || link) return true
    return path in installed ? installed[path].version === version : optional === true
  })
}

async function must(what, command, args, timeoutSeconds, env = {}) {
  const outcome = await run(command, args, { timeoutSeconds, env })
  if (!outcome.ok)
    throw new SetupError(`${what} failed:\n${tail(outcome.output.replace(/^TSFILE: .*\n/gm, ''))}`)
  return outcome
}

async function setUpPackages() {
  if (packagesAreCurrent()) return
  say('installing npm packages (npm ci) …')
  // No package needs its install script; npm is about to stop running them by itself.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { seconds } = await must('npm ci', 'npm', args, steps.packages.timeoutSeconds)
  say(`npm packages are installed (${seconds.toFixed(0)} s)`)
}

/** A CMake folder that was configured for another path cannot be used again. */
function dropMovedBuild(folder) {
  const cache = join(folder, 'CMakeCache.txt')
  if (!existsSync(cache)) return
  const home = readFileSync(cache, 'utf8').match(/^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m)?.[1]
  if (home === root) return
  for (const name of ['CMakeCache.txt', 'CMakeFiles', 'Makefile', 'Release']) {
    rmSync(join(folder, name), { recursive: true, force: true })
  }
}

async function setUpAddon() {
  const files = filesBelow('lib', 'cmake', 'CMakeLists.txt')
  const stamp = hashOf(
    [...files, 'node_modules/node-api-headers/package.json'],
    root,
    process.versions.modules,
  )
  if (existsSync(addonPath) && readStamp('addon') === stamp) return
  checkBuildTools()
  writeStamp('addon', 'not built') // what fails half-way must not pass for what was built before
  say('building the native part (cmake) …')
  dropMovedBuild(join(root, 'build'))
  const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js')
  const cmake = (...args) =>
    must('Building the addon', process.execPath, [cmakeJs, ...args], steps.addon.timeoutSeconds)
  const jobs = String(availableParallelism())
  // `build` alone would not configure a folder that a plain cmake has configured.
  const configured = await cmake('configure', '--prefer-make')
  const built = await cmake('build', '--prefer-make', '--parallel', jobs, '--target', 'peernvm')
  const seconds = configured.seconds + built.seconds
  if (!existsSync(addonPath))
    throw new SetupError(`The build succeeded but ${addonPath} is not there.`)
  writeStamp('addon', stamp)
  say(`the native part is built (${seconds.toFixed(0)} s)`)
}

async function setUpTypescript() {
  const files = filesBelow('src', 'benchmarks', 'tsconfig.json').filter((file) =>
    /\.(ts|json)$/.test(file),
  )
  const compilers = ['typescript', 'rolldown'].map((name) => `node_modules/${name}/package.json`)
  const stamp = hashOf([...files, 'scripts/bundle.mjs', ...compilers])
  if (existsSync(join(root, 'dist')) && readStamp('typescript') === stamp) return
  writeStamp('typescript', 'not compiled')
  say('compiling TypeScript …')
  const args = [
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    root,
    '--listEmittedFiles',
  ]
  const { output, seconds } = await must(
    'tsc',
    process.execPath,
    args,
    steps.typescript.timeoutSeconds,
  )
  // What an earlier compilation left and no source makes any more.
  const emitted = new Set(
    [...output.matchAll(/^TSFILE: (.*)$/gm)].map(([, path]) => relative(root, path)),
  )
  for (const file of filesBelow('dist')) if (!emitted.has(file)) rmSync(join(root, file))
  await must('rolldown', process.execPath, [join(root, 'scripts', 'bundle.mjs')], 60)
  writeStamp('typescript', stamp)
  say(`TypeScript is compiled (${seconds.toFixed(0)} s)`)
}

async function main() {
  checkPlatform()
  const only = process.argv.slice(2)
  const wanted = (name) => only.length === 0 || only.includes(name)
  await takeLock('build', (pid) => say(`waiting for process ${pid}, which sets up this clone …`))
  await setUpPackages()
  if (wanted('--addon')) await setUpAddon()
  if (wanted('--typescript')) await setUpTypescript()
}

try {
  await main()
  process.exit(0) // closes the lock together with every waiter's connection
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`setup: ${error.message}\n`)
  process.exit(1)
}
