// SPDX-License-Identifier: MIT
// Reads kernel-doc comments and the declarations under them from a C header. A heuristic, not a
// parser: it relies on the layout that clang-format makes.

/** A comment: `name - summary`, `@parameter: text`, paragraphs, `Return: text`. */
export interface Doc {
  readonly name: string
  readonly summary: string
  readonly members: ReadonlyMap<string, string>
  readonly paragraphs: readonly string[]
  readonly returns: string | undefined
}

export type Kind = 'define' | 'function' | 'macro' | 'struct' | 'enum' | 'typedef' | 'callback'

export interface HeaderSymbol {
  readonly kind: Kind
  readonly name: string
  /** Parameters, members or enumerators. */
  readonly members: readonly string[]
  /** The declaration without comments, and of a function without its body. */
  readonly code: string
  readonly doc: Doc | undefined
  /** Where a function runs. */
  readonly runsOn: 'host' | 'host and device' | 'device'
}

export interface Header {
  readonly title: string
  readonly introduction: readonly string[]
  readonly symbols: readonly HeaderSymbol[]
}

/** The text of a comment, one string per line, without the stars. */
const linesOf = (comment: string): string[] =>
  comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trimEnd())

/** Lines that no empty line parts are one group; a line such as `@name: …` begins one too. */
function groupsOf(lines: readonly string[]): string[] {
  const groups: string[] = []
  let open = false
  for (const line of lines) {
    if (line === '') open = false
    else if (open && !/^@\w+: /.test(line)) groups.push(`${groups.pop()}\n${line}`)
    else {
      groups.push(line)
      open = true
    }
  }
  return groups
}

/** A paragraph in one line; what is indented, such as a diagram, stays as it is. */
const joined = (group: string): string =>
  /^ {2}/m.test(group) ? group : group.replace(/\n/g, ' ').trim()

function parseDoc(comment: string): Doc {
  const [first = '', ...rest] = groupsOf(linesOf(comment))
  const [, name = '', summary = ''] =
    joined(first).match(/^(?:(?:struct|enum|typedef|define) )?(\w+) - (.*)$/) ?? []
  const members = new Map<string, string>()
  const paragraphs: string[] = []
  let returns: string | undefined
  for (const group of rest.map(joined)) {
    const member = group.match(/^@(\w+): (.*)$/s)
    if (member) members.set(member[1] ?? '', member[2] ?? '')
    else if (group.startsWith('Return: ')) returns = group.slice('Return: '.length)
    else paragraphs.push(group)
  }
  return { name, summary, members, paragraphs, returns }
}

const patterns: readonly { kind: Kind; pattern: RegExp; members: (body: string) => string[] }[] = [
  {
    kind: 'macro',
    pattern: /^#define (?<name>\w+)\((?<body>[^)]*)\)/,
    members: (body) => body.split(',').map((name) => name.trim()),
  },
  { kind: 'define', pattern: /^#define (?<name>\w+)/, members: () => [] },
  { kind: 'enum', pattern: /^enum (?<name>\w+) \{(?<body>[\s\S]*)\}/, members: enumerators },
  {
    kind: 'struct',
    pattern: /^(?:typedef )?struct\b[^{;]*\{(?<body>[\s\S]*)\} ?(?<name>\w+)?;/,
    members: (body) => body.split(';').map(declaredName).filter(Boolean),
  },
  {
    kind: 'callback',
    pattern: /^typedef [\w\s*]+\(\*(?<name>\w+)\)\((?<body>[^)]*)\);$/,
    members: (body) => body.split(',').map(declaredName),
  },
  { kind: 'typedef', pattern: /^typedef [^{}()]*?(?<name>\w+);$/, members: () => [] },
  {
    kind: 'function',
    pattern: /^[\w\s*]*?\b(?<name>\w+)\((?<body>[^)]*)\)/,
    members: (body) => (body === 'void' ? [] : body.split(',').map(declaredName)),
  },
]

function enumerators(body: string): string[] {
  return body.split(',').map((each) => each.match(/\w+/)?.[0] ?? '')
}

/** The name in `const uint64_t* page_addrs` or `uint32_t dword[16]`. */
function declaredName(declaration: string): string {
  return declaration.trim().match(/(\w+)(?:\[\w*\])?$/)?.[1] ?? ''
}

function runsOn(isInline: boolean, declaration: string): HeaderSymbol['runsOn'] {
  if (isInline && declaration.includes('NVM_HOST_DEVICE')) return 'host and device'
  return isInline && declaration.includes('__device__') ? 'device' : 'host'
}

const columnsMax = 100

/** An inline function without its body and what says that it is one, its parameters aligned again. */
function signature(declaration: string): string {
  const whole = declaration
    .replace(/ \{[\s\S]*$/, ';')
    .replace(/static inline |NVM_HOST_DEVICE |__device__ /g, '')
    .replace(/\s+/g, ' ')
  const margin = ' '.repeat(whole.indexOf('(') + 1)
  const lines: string[] = []
  for (const part of whole.split(/(?<=,) /)) {
    const longer = `${lines.at(-1)} ${part}`
    if (lines.length > 0 && longer.length <= columnsMax) lines[lines.length - 1] = longer
    else lines.push(lines.length === 0 ? part : `${margin}${part}`)
  }
  return lines.join('\n')
}

function parseSymbol(declaration: string, doc: Doc | undefined): HeaderSymbol {
  const isInline = declaration.startsWith('static inline')
  const code = isInline ? signature(declaration) : declaration
  for (const { kind, pattern, members } of patterns) {
    const groups = code.match(pattern)?.groups
    if (groups === undefined) continue
    const tag = code.match(/^(?:typedef )?struct (?:__attribute__\(\(.*?\)\) )?(\w+)/)?.[1]
    const name = groups.name ?? tag ?? ''
    return {
      kind,
      name,
      members: members(groups.body ?? ''),
      code,
      doc,
      runsOn: runsOn(isInline, declaration),
    }
  }
  throw new Error(`this is no declaration that is understood:\n${declaration}`)
}

/** What is not for a reader: guards, C++ only, the CUDA and the host form of one thing. */
function withoutScaffolding(text: string): string {
  return text
    .replace(/^#ifdef __cplusplus\n[\s\S]*?^#endif.*\n/gm, '')
    .replace(/^#(ifdef|ifndef|if|else|endif|include|define \w+_H$).*\n/gm, '')
}

const doc = /\/\*\*[\s\S]*?\*\//y
const comment = /\/\*[\s\S]*?\*\//y
const define = /#define (?:[^\n]*\\\n)*[^\n]*/y
const inlineFunction = /static inline [^{]*\{[\s\S]*?\n\}/y
const declaration = /(?:[^{};]*\{[^}]*\}[^;]*|[^{};]*);/y

/** The header `name`, whose text is `text`. Throws for what it cannot understand. */
export function parseHeader(name: string, text: string): Header {
  const source = withoutScaffolding(text)
  const symbols: HeaderSymbol[] = []
  let introduction: readonly string[] = []
  let pending: Doc | undefined
  let position = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position
    const taken = pattern.exec(source)?.[0]
    position += taken?.length ?? 0
    return taken
  }
  while (take(/\s*/y) !== undefined && position < source.length) {
    const documentation = take(doc)
    if (documentation?.includes(' DOC: ')) introduction = groupsOf(linesOf(documentation))
    else if (documentation !== undefined) pending = parseDoc(documentation)
    else if (take(comment) === undefined) {
      const declared = take(define) ?? take(inlineFunction) ?? take(declaration)
      if (declared === undefined) throw new Error(`${name}: ${source.slice(position, 200)}`)
      const plain = declared.replace(/\/\*[\s\S]*?\*\//g, '').replace(/[ \t]+$/gm, '')
      const symbol = parseSymbol(plain, pending)
      if (!symbols.some(({ name }) => name === symbol.name)) symbols.push(symbol)
      pending = undefined
    }
  }
  const title = introduction[0]?.replace('DOC: ', '') ?? ''
  return { title, introduction: introduction.slice(1).map(joined), symbols }
}

/** What of a header's documentation is missing, or is about nothing. */
export function documentationProblems(file: string, header: Header): string[] {
  const problems = header.introduction.length > 0 ? [] : [`${file}: no DOC: comment`]
  for (const { name, kind, members, doc: own, code } of header.symbols) {
    const report = (what: string) => problems.push(`${file}: ${name}: ${what}`)
    if (own === undefined) {
      report('no documentation')
      continue
    }
    if (own.name !== name || own.summary === '') report(`documented as '${own.name}'`)
    for (const each of members) if (!own.members.has(each)) report(`@${each} is not documented`)
    for (const each of own.members.keys()) if (!members.includes(each)) report(`no @${each}`)
    const returnsValue =
      (kind === 'function' || kind === 'callback') && !/^(?:typedef )?void [\w(]/.test(code)
    if (returnsValue !== (own.returns !== undefined)) report('what it returns')
  }
  return problems
}
