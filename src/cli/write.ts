// SPDX-License-Identifier: MIT
// Writing to standard output.

/** Lines, each with its end. */
export function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

/** Writes all of it, even where stdout is a pipe and the program ends next. */
export function write(text: string | Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    process.stdout.write(text, (error) => (error ? fail(error) : done()))
  })
}
