// SPDX-License-Identifier: MIT
// Makes dist/index.js, which `import 'peernvm'` loads: one file in the place of a hundred, since
// Node takes a quarter of a millisecond for each, without white space, which takes time too. After
// tsc.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './run.mjs'

/** Node's own modules as objects: to import one, Node makes all that it exports, streams too. */
const builtIns = {
  name: 'built-ins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'built-in' }))
    onLoad({ filter: /^/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}')`,
    }))
  },
}

const outfile = join(root, 'dist', 'index.js')
await build({
  entryPoints: [join(root, 'dist', 'src', 'index.js')],
  outfile,
  bundle: true,
  packages: 'external',
  plugins: [builtIns],
  minifyWhitespace: true,
  lineLimit: 120, // Node prints the whole line in which an error was not caught
  platform: 'node',
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
  sourcesContent: false,
})

// The built-in modules have no source file that anybody could look for.
const map = JSON.parse(readFileSync(`${outfile}.map`, 'utf8'))
map.sourcesContent = map.sources.map((source) => (source.startsWith('built-in:') ? '' : null))
writeFileSync(`${outfile}.map`, JSON.stringify(map))
