// SPDX-License-Identifier: MIT
// `using` and `await using` need these two symbols, which early releases of Node 20 lack. Imported
// first by every file that defines a method of that name.

for (const name of ['dispose', 'asyncDispose'] as const) {
  if (Symbol[name] === undefined) {
    Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) })
  }
}

export {}
