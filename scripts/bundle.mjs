// SPDX-License-Identifier: MIT
// Makes dist/index.js, which `import 'peernvm'` loads, with what it imports, queues.js and base.js:
// three files in the place of a hundred, since Node takes a quarter of a millisecond for each.
// After tsc.
//
// The compiler of V8 takes a constant of a module for what it is only where the bundler has left it
// a `const`. What a module declares beyond its first 250 names or so takes a longer instruction, so
// that less is compiled into one function. Therefore the queues have a file of their own.
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { root } from './run.mjs'

/** What runs for each command. */
const ofQueues = /\/(queue\/[\w-]+|dma|namespace-changes|clock|wake|spec\/control-block)\.js$/

/** Whether it is none of those, and one of them imports it, or what one of them imports. */
function isBase(id, graph) {
  const importers = new Set([id])
  for (const each of importers) {
    if (ofQueues.test(each)) return each !== id
    for (const importer of graph.getModuleInfo(each).importers) importers.add(importer)
  }
  return false
}

/** Node's own modules as objects: to import one, Node makes all that it exports, streams too. */
const builtIns = {
  name: 'built-ins',
  renderChunk(code) {
    const statement = /^import (\w+|\{[^}]*\}) from "(node:\w+)";$/gm
    const asObject = (_, names, path) =>
      `const ${names.replaceAll(' as ', ': ')} = process.getBuiltinModule("${path}");`
    return { code: code.replace(statement, asObject), map: null } // no line moves
  },
}

const bundle = await rolldown({
  input: join(root, 'dist', 'src', 'index.js'),
  external: /^[^./]/,
  platform: 'node',
  plugins: [builtIns],
})
await bundle.write({
  dir: join(root, 'dist'),
  entryFileNames: 'index.js',
  chunkFileNames: '[name].js',
  codeSplitting: {
    groups: [
      {
        debugName: 'base',
        name: (id, graph) => (isBase(id, graph) ? 'base' : null),
        priority: 2,
      },
      { name: 'queues', test: ofQueues, priority: 1 },
    ],
  },
  comments: false,
  sourcemap: true,
  sourcemapExcludeSources: true,
})
await bundle.close()
