// SPDX-License-Identifier: MIT
// As much C++ as the tidy rules need: the text without comments and literals, and where functions
// begin and end. A heuristic, not a parser: it relies on the layout that clang-format makes.

export interface FunctionSpan {
  /** What stands before the opening brace, in one line. */
  readonly head: string
  readonly firstLine: number
  readonly lineCount: number
}

/** `text` with comments and the insides of literals blanked out; every line keeps its number. */
export function withoutCommentsAndLiterals(text: string): string {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([^(\s]*)\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'/g
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, ' '))
}

const container = /(^|[\s>])(namespace|class|struct|union|enum|extern)\b/
const control = /(^|\s)(if|for|while|switch|do|else|try|catch|return)\b/

/** True when `head`, found outside every function, opens the body of one. */
function opensFunction(head: string): boolean {
  if (!head.includes('(') || control.test(head)) return false
  const beforeParameters = head.slice(0, head.indexOf('('))
  return !/\b(namespace|class|enum|union)\b/.test(beforeParameters) && !/=\s*$/.test(head)
}

type BlockKind = 'container' | 'function' | 'initialiser' | 'other'

/** What a `{` after `head` opens, inside the blocks `open`. `x_{1}` has no space before its brace; a body has. */
function blockKind(head: string, open: readonly { kind: BlockKind }[]): BlockKind {
  if (!open.every(({ kind }) => kind === 'container')) return 'other'
  if (/[\w>]$/.test(head)) return 'initialiser'
  if (opensFunction(head.trim())) return 'function'
  return container.test(head) ? 'container' : 'other'
}

/** Functions of `text`, outermost only: lambdas and local classes count for the function around them. */
export function nativeFunctions(text: string): FunctionSpan[] {
  const code = withoutCommentsAndLiterals(text).replace(
    /^[ \t]*#(?:[^\n]*\\\n)*[^\n]*/gm,
    (directive) => directive.replace(/[^\n]/g, ' '),
  )
  const functions: FunctionSpan[] = []
  const open: { head: string; line: number; kind: BlockKind }[] = []
  let line = 1
  let head = ''
  let headLine = 1
  for (const character of code) {
    if (character === '\n') line++
    if (character === '{')
      open.push({ head: head.trim(), line: headLine, kind: blockKind(head, open) })
    const closed = character === '}' ? open.pop() : undefined
    if (closed?.kind === 'function') {
      const oneLine = closed.head.replace(/\s+/g, ' ')
      functions.push({
        head: oneLine,
        firstLine: closed.line,
        lineCount: line - closed.line + 1,
      })
    }
    const insideInitialiser = closed?.kind === 'initialiser' || open.at(-1)?.kind === 'initialiser'
    if ('{};'.includes(character) && !insideInitialiser) head = ''
    else if (head !== '' || /\S/.test(character)) {
      if (head === '') headLine = line
      head += character
    }
  }
  return functions
}
