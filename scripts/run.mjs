// SPDX-License-Identifier: MIT
// Runs one command for the other scripts: bounded by a timeout that ends the whole process group,
// output either shown as it comes or kept in a log that is shown on failure. Uses nothing but
// Node's own modules.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '..')

/** What a command left behind. `code` is null when it was ended by a signal or by the timeout. */
/** @typedef {{ ok: boolean, code: number | null, timedOut: boolean, output: string, seconds: number }} Outcome */

const outputCharactersMax = 4 * 1024 * 1024

/**
 * Runs `command` from the repository root and waits for it and everything that it started. @param
 * {string} command @param {readonly string[]} args @param {{ timeoutSeconds: number, cwd?: string,
 * env?: Record<string, string>, show?: boolean }} options
 *   `show`: pass the output through as it comes.
 * @returns {Promise<Outcome>}
 */
export function run(command, args, { timeoutSeconds, cwd = root, env = {}, show = false }) {
  const started = Date.now()
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // its own process group, so that nothing it started outlives the timeout
    })
    let output = ''
    let timedOut = false
    const keep = (stream) => (chunk) => {
      if (output.length < outputCharactersMax) output += chunk
      if (show) stream.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', keep(process.stdout))
    child.stderr.setEncoding('utf8').on('data', keep(process.stderr))
    const endGroup = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // The group is gone already.
      }
    }
    const interrupted = () => {
      endGroup()
      process.exit(130)
    }
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    const timer = setTimeout(() => {
      timedOut = true
      endGroup()
    }, timeoutSeconds * 1000)
    const finish = (code) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      if (timedOut) output += `\nEnded: ${command} ran longer than ${timeoutSeconds} s\n`
      const seconds = (Date.now() - started) / 1000
      done({ ok: code === 0 && !timedOut, code, timedOut, output, seconds })
    }
    child.once('error', (error) => {
      output += `${command}: ${error.message}\n`
      finish(null)
    })
    // Descendants that outlive the command would keep its pipes open: they are ended with it.
    child.once('exit', endGroup)
    child.once('close', finish)
  })
}

/** The path of a program on PATH, or undefined. */
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

/** The last `count` lines of `text`, indented, for showing what a failed command said. */
export function tail(text, count = 60) {
  const lines = text.trimEnd().split('\n').slice(-count)
  return lines.map((line) => `    ${line}`).join('\n')
}
