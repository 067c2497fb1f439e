// SPDX-License-Identifier: MIT
// Makes docs/c-api.md of the kernel-doc comments in lib/include.

import { documentationProblems, type Header, type HeaderSymbol, parseHeader } from './kernel-doc.ts'
import { notice } from './text.ts'

/** The headers in the order in which a program needs them. */
const order = [
  ...['nvm_types.h', 'nvm_ctrl.h', 'nvm_dma.h', 'nvm_aq.h', 'nvm_rpc.h', 'nvm_admin.h'],
  ...['nvm_cmd.h', 'nvm_queue.h', 'nvm_error.h', 'nvm_util.h', 'nvm_emulator.h'],
]

/** The fragment that a heading's text becomes. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w ]/g, '')
    .replace(/ /g, '-')

const introduction = [
  'A program written for libnvm compiles against these headers unchanged. What can go wrong is an `int`: 0, a',
  'positive errno, or the negative status of a completion; `nvm_ok`, `nvm_strerror` and `nvm_reason` tell. Link',
  'with `libnvm` (`pkg-config --libs libnvm`, or CMake’s `find_package(libnvm)`).',
  '',
  'A program opens a controller (`nvm_ctrl_open`), becomes its manager (`nvm_aq_create`), allocates memory',
  '(`nvm_dma_create`), creates a completion and a submission queue (`nvm_admin_cq_create`, `nvm_admin_sq_create`),',
  'and then enqueues, submits and dequeues. [hello.cc](../examples/c/hello.cc) does all of it;',
  '[building it](getting-started.md#from-c-and-c).',
].join('\n')

/** Names of the interface become code, those with a section links to it. */
function marked(text: string, known: ReadonlySet<string>): string {
  return text
    .replace(/</g, '&lt;')
    .replace(/\b_?(?:nvm|NVM)_\w+(\(\))?|\bCC\.\w+|\bCAP\.\w+|\bCSTS\.\w+/g, (name) => {
      const plain = name.replace('()', '')
      return known.has(plain) ? `[\`${name}\`](#${anchor(plain)})` : `\`${name}\``
    })
    .replace(/@(\w+)/g, '`$1`')
}

/** Words, or a diagram, which is indented. */
function paragraphs(each: readonly string[], known: ReadonlySet<string>): string[] {
  return each.map((text) => (/^ {2}/m.test(text) ? `\`\`\`\n${text}\n\`\`\`` : marked(text, known)))
}

const places = {
  host: '',
  'host and device': 'Also on CUDA devices.',
  device: 'On CUDA devices only.',
}

function section(symbol: HeaderSymbol, known: ReadonlySet<string>): string[] {
  const { name, code, doc, runsOn } = symbol
  if (doc === undefined) return []
  const text = (words: string) => marked(words, known)
  const members = [...doc.members].map(([member, words]) => `- \`${member}\`: ${text(words)}`)
  const parts = [
    `### ${name}`,
    `${text(doc.summary[0]?.toUpperCase() + doc.summary.slice(1))}.`,
    code === `#define ${name}` ? '' : `\`\`\`c\n${code}\n\`\`\``,
    members.join('\n'),
    ...paragraphs(doc.paragraphs, known),
    doc.returns === undefined ? '' : `**Returns** ${text(doc.returns)}`,
    places[runsOn],
  ]
  return parts.filter((part) => part !== '')
}

function chapter(file: string, header: Header, known: ReadonlySet<string>): string[] {
  const sections = header.symbols.flatMap((symbol) => section(symbol, known))
  return [
    `## ${header.title}`,
    `\`#include <${file}>\``,
    ...paragraphs(header.introduction, known),
    ...sections,
  ]
}

/**
 * docs/c-api.md.
 * @param texts the headers by file name
 * @throws Error naming every public symbol that is not documented, or not as it is declared
 */
export function cApiPage(texts: Readonly<Record<string, string>>): string {
  const files = Object.keys(texts)
  const headers = new Map(files.map((file) => [file, parseHeader(file, texts[file] ?? '')]))
  const problems = [...headers].flatMap(([file, header]) => documentationProblems(file, header))
  problems.push(...files.filter((file) => !order.includes(file)).map((file) => `${file}: no place`))
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const known = new Set(
    [...headers.values()].flatMap(({ symbols }) => symbols.map(({ name }) => name)),
  )
  const contents = order.map((file) => {
    const title = headers.get(file)?.title ?? ''
    return `- [${title}](#${anchor(title)}), \`${file}\``
  })
  const chapters = order.flatMap((file) => {
    const header = headers.get(file)
    return header === undefined ? [] : chapter(file, header, known)
  })
  return `${[
    `<!-- SPDX-License-Identifier: MIT -->\n<!-- ${notice('lib/include')} -->`,
    '# What does each function of the C API do?',
    introduction,
    contents.join('\n'),
    ...chapters,
  ].join('\n\n')}\n`
}
