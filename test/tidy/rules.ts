// SPDX-License-Identifier: MIT
// The rules of style that a program can check. Each takes one file and returns what is wrong, as
// "path:line: text".
import { isGenerated, isNative, isTypeScript, type SourceFile } from '../support/repository.ts'
import { nativeFunctions, withoutCommentsAndLiterals } from './native-code.ts'
import { scriptFunctions } from './script-code.ts'

export const columnsMax = 100
export const fileLinesMax = 500
export const functionLinesMax = 60

export interface Rule {
  readonly name: string
  readonly check: (file: SourceFile) => string[]
}

/** One complaint for every line of the file in which `pattern` occurs. */
function linesMatching(
  file: SourceFile,
  text: string,
  pattern: RegExp,
  complaint: string,
): string[] {
  return text.split('\n').flatMap((line, index) => {
    const match = line.match(pattern)
    return match ? [`${file.path}:${index + 1}: ${complaint}: ${match[0].trim()}`] : []
  })
}

const isCode = (file: SourceFile): boolean =>
  isTypeScript(file) ||
  isNative(file) ||
  /(^|\/)(CMakeLists\.txt|run|[^/]+\.(cmake|sh))$/.test(file.path)

const spdx: Rule = {
  name: 'the licence is on line 1 (or 2, under #!)',
  check: (file) => {
    const line = file.lines[0]?.startsWith('#!') ? file.lines[1] : file.lines[0]
    const has = line?.includes('SPDX-License-Identifier: MIT') ?? false
    return !isCode(file) || has ? [] : [`${file.path}:1: no SPDX-License-Identifier`]
  },
}

/** A literal alone on its line, after a name at most: no formatter can break it. */
const oneLiteral = /^\s*(\w+: |(export )?const \w+ = |return )?(['"`/]).*\3[a-z]*,?$/

const columns: Rule = {
  name: `no line of code is longer than ${columnsMax} columns`,
  check: (file) => {
    if (!isCode(file) || isGenerated(file)) return []
    return file.lines.flatMap((line, index) => {
      const count = [...line].length
      return count > columnsMax && !oneLiteral.test(line)
        ? [`${file.path}:${index + 1}: ${count} columns`]
        : []
    })
  },
}

const fileLength: Rule = {
  name: `no file of code is longer than ${fileLinesMax} lines`,
  check: (file) => {
    if (!isCode(file) || isGenerated(file) || file.lines.length <= fileLinesMax) return []
    return [`${file.path}: ${file.lines.length} lines`]
  },
}

const functionLength: Rule = {
  name: `no function is longer than ${functionLinesMax} lines`,
  check: (file) => {
    if (isGenerated(file)) return []
    const spans = isNative(file)
      ? nativeFunctions(file.text).map(({ head, ...span }) => ({
          name: head.slice(0, 60),
          ...span,
        }))
      : isTypeScript(file)
        ? scriptFunctions(file.path, file.text)
        : []
    return spans
      .filter(({ lineCount }) => lineCount > functionLinesMax)
      .map(
        ({ name, firstLine, lineCount }) =>
          `${file.path}:${firstLine}: ${name}: ${lineCount} lines`,
      )
  },
}

const nodeApi: Rule = {
  name: 'Node-API is only in lib/binding',
  check: (file) => {
    if (!isNative(file) || file.path.startsWith('lib/binding/')) return []
    return linesMatching(
      file,
      file.text,
      /#\s*include\s*[<"](napi|node_api|uv)[\w-]*\.h/,
      'Node-API',
    )
  },
}

const steppedFolders = /^lib\/(emulator|driver|rpc)\//
const clockOrThread =
  /\b(clock_gettime|gettimeofday|clock_nanosleep|nanosleep|usleep|sleep|sleep_for|sleep_until|pthread_create)\s*\(|\bstd::chrono::\w+_clock\b|\bstd::(j?thread|async|this_thread)\b|\bmonotonic_clock\s*\(/

const steps: Rule = {
  name: 'emulator, driver and rpc read no clock, sleep nowhere and create no thread (except thin loops)',
  check: (file) => {
    const thinLoop = /^lib\/(emulator\/runner|rpc\/(server|notices|event_follower))\.(cc|h)$/
    if (!steppedFolders.test(file.path) || thinLoop.test(file.path)) return []
    return linesMatching(
      file,
      withoutCommentsAndLiterals(file.text),
      clockOrThread,
      'clock, sleep or thread',
    )
  },
}

const fences: Rule = {
  name: 'stand-alone fences are only in lib/platform/ordering.h and the public C headers',
  check: (file) => {
    if (!file.path.startsWith('lib/')) return []
    if (file.path === 'lib/platform/ordering.h' || file.path.startsWith('lib/include/')) return []
    const fence =
      /\batomic_thread_fence\b|\b__atomic_thread_fence\b|\b_mm_[slm]fence\b|\b__sync_synchronize\b/
    return linesMatching(file, withoutCommentsAndLiterals(file.text), fence, 'stand-alone fence')
  },
}

const exceptions: Rule = {
  name: 'the library throws no exception',
  check: (file) => {
    if (!isNative(file) || !file.path.startsWith('lib/')) return []
    return linesMatching(
      file,
      withoutCommentsAndLiterals(file.text),
      /(^|[^\w])throw\b/,
      'exception',
    )
  },
}

// Put together from pieces, so that this file does not break its own rules.
const leftover = new RegExp(
  `\\b(${['TO', 'FIX', 'XX'].join('|')})(${['DO', 'ME', 'X'].join('|')})\\b`,
)
const machinePath = new RegExp(
  `(?<![\\w./:$}])/(${['ro' + 'ot', 'ho' + 'me/\\w+', 'wo' + 'rk', 'Us' + 'ers'].join('|')})/`,
)
const registryHost = new RegExp(
  `\\b(registry|npm|artifactory|nexus)\\.[\\w-]+\\.[a-z]{2,}\\b|https?://[^\\s/"']*regis` + 'try',
)

const leftovers: Rule = {
  name: 'nothing is left to be done later',
  check: (file) => linesMatching(file, file.text, leftover, 'a note to do it later'),
}

const machinePaths: Rule = {
  name: 'no absolute path of somebody’s machine',
  // Inside a guest, every path is ours.
  check: (file) =>
    file.path.startsWith('test/guest/')
      ? []
      : linesMatching(file, file.text, machinePath, 'a path of one machine'),
}

const registryHosts: Rule = {
  name: 'no name of a package registry, and no `resolved` in the lock file',
  check: (file) => [
    ...linesMatching(file, file.text, registryHost, 'a registry'),
    ...(file.path === 'package-lock.json'
      ? linesMatching(file, file.text, /"resolved":.*/, 'resolved')
      : []),
  ],
}

export const rules: readonly Rule[] = [
  spdx,
  columns,
  fileLength,
  functionLength,
  nodeApi,
  steps,
  fences,
  exceptions,
  leftovers,
  machinePaths,
  registryHosts,
]
