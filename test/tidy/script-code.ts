// SPDX-License-Identifier: MIT
// Where the functions of a TypeScript or JavaScript file begin and end, from the compiler's own
// parser.
import ts from 'typescript'

export interface ScriptFunction {
  readonly name: string
  readonly firstLine: number
  readonly lineCount: number
}

/** A callback of describe() is a group of tests, not a function. */
function isTestGroup(node: ts.Node): boolean {
  return ts.isCallExpression(node.parent) && /^describe\b/.test(node.parent.expression.getText())
}

/** Every function of `text`, nested ones too. */
export function scriptFunctions(path: string, text: string): ScriptFunction[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: ScriptFunction[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body && !isTestGroup(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line
      const name = node.name?.getText(source) ?? 'a function without a name'
      found.push({ name, firstLine: first + 1, lineCount: last - first + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
