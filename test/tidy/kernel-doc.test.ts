// SPDX-License-Identifier: MIT
// The generator of docs/c-api.md refuses a public header that is not documented as it is declared.
import { expect, test } from 'vitest'
import { documentationProblems, parseHeader } from '../../scripts/generate/kernel-doc.ts'

const introduction = '/**\n * DOC: Title\n *\n * What it is for.\n */\n'

const problems = (text: string): string[] =>
  documentationProblems('x.h', parseHeader('x.h', `${introduction}${text}`))

test('what is documented as it is declared is all right', () => {
  const header = [
    '/**\n * nvm_f - do it\n * @a: a number, which is\n * told in two lines\n *\n * Return: 0.\n */',
    'int nvm_f(const uint8_t* a);\n',
    '/**\n * nvm_g - do it, too\n */\nstatic inline void nvm_g(void) {\n  if (1) {\n  }\n}\n',
    '/**\n * struct nvm_s - some\n * @x: one\n * @y: two\n */\nstruct nvm_s {\n  int x;\n  int y[2];\n};\n',
    '/**\n * typedef nvm_t - a type\n * @x: one\n */\ntypedef struct tag {\n  int x;\n} nvm_t;\n',
    '/**\n * enum nvm_e - some\n * @NVM_A: one\n */\nenum nvm_e { NVM_A = 1 };\n',
    '/**\n * NVM_M - a macro\n * @v: a value\n */\n#define NVM_M(v) \\\n  (v)\n',
    '/**\n * typedef nvm_c - is called\n * @b: b\n *\n * Return: a.\n */\ntypedef int (*nvm_c)(int b);\n',
    '/**\n * define NVM_C - a constant\n */\n#define NVM_C 1\n',
  ]
  expect(problems(header.join('\n'))).toEqual([])
  const { title, symbols } = parseHeader('x.h', `${introduction}${header.join('\n')}`)
  expect(title).toBe('Title')
  expect(symbols.map(({ name }) => name)).toEqual(
    'nvm_f nvm_g nvm_s nvm_t nvm_e NVM_M nvm_c NVM_C'.split(' '),
  )
  expect(symbols[0]?.doc?.members.get('a')).toBe('a number, which is told in two lines')
  expect(symbols[1]?.code).toBe('void nvm_g(void);')
})

test.each([
  ['int nvm_f(void);\n', 'nvm_f: no documentation'],
  ['#define NVM_C 1\n', 'NVM_C: no documentation'],
  ['struct nvm_s {\n  int x;\n};\n', 'nvm_s: no documentation'],
  ['/* Words. */\nint nvm_f(void);\n', 'nvm_f: no documentation'],
  ['/**\n * nvm_f - do it\n *\n * Return: 0.\n */\nint nvm_f(int a);\n', '@a is not documented'],
  ['/**\n * nvm_f - do it\n * @b: b\n */\nvoid nvm_f(void);\n', 'no @b'],
  ['/**\n * nvm_f - do it\n */\nint nvm_f(void);\n', 'what it returns'],
  ['/**\n * nvm_f - do it\n *\n * Return: 0.\n */\nvoid nvm_f(void);\n', 'what it returns'],
  ['/**\n * nvm_g - do it\n */\nvoid nvm_f(void);\n', "documented as 'nvm_g'"],
  ['/**\n * nvm_f\n */\nvoid nvm_f(void);\n', "documented as ''"],
  [
    '/**\n * typedef nvm_c - is called\n * @b: b\n */\ntypedef int (*nvm_c)(int b);\n',
    'what it returns',
  ],
  [
    '/**\n * typedef nvm_c - is called\n */\ntypedef void (*nvm_c)(int b);\n',
    '@b is not documented',
  ],
  ['/**\n * struct nvm_s - some\n */\nstruct nvm_s {\n  int x;\n};\n', '@x is not documented'],
  ['/**\n * enum nvm_e - some\n */\nenum nvm_e { NVM_A };\n', '@NVM_A is not documented'],
])('what is not is named: %j', (text, problem) => {
  expect(problems(text)).toEqual([expect.stringContaining(problem)])
})

test('a header says what it is for', () => {
  expect(documentationProblems('x.h', parseHeader('x.h', ''))).toEqual(['x.h: no DOC: comment'])
})
