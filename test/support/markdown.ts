// SPDX-License-Identifier: MIT
// The fenced code blocks of a page, as its reader sees them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './repository.ts'

export interface CodeBlock {
  /** Path of the page from the root. */
  readonly page: string
  /** Of its first line in the page, counted from 1. */
  readonly line: number
  /** What the fence names; empty where it names none. */
  readonly language: string
  readonly text: string
  /** The HTML comment in the line above the fence. */
  readonly remark: string | undefined
}

const fence = /^```(\w*)$/

export function codeBlocks(page: string): CodeBlock[] {
  const lines = readFileSync(join(root, page), 'utf8').split('\n')
  const blocks: CodeBlock[] = []
  for (let i = 0; i < lines.length; i++) {
    const language = lines[i]?.match(fence)?.[1]
    if (language === undefined) continue
    const end = lines.indexOf('```', i + 1)
    if (end < 0) throw new Error(`${page}:${i + 1}: a code block without an end`)
    const remark = lines[i - 1]?.match(/^<!-- (.*) -->$/)?.[1]
    const text = `${lines.slice(i + 1, end).join('\n')}\n`
    blocks.push({ page, line: i + 2, language, text, remark })
    i = end
  }
  return blocks
}
