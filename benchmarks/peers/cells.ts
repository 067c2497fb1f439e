// SPDX-License-Identifier: MIT
// What bench:peers measures: every path of the library under every load, and the ratio to the C++
// client of the same run that is the goal, where there is one.

export const blockSizes = [512, 4096] as const
export const paths = ['bare', 'sync', 'batch', 'await', 'promise', 'readMany', 'pump'] as const
const readDepths = [1, 32, 128] as const
const writePercents = [50, 100] as const
const writeDepth = 32
const writePaths: readonly Path[] = ['bare', 'sync', 'batch', 'await']

export type Path = (typeof paths)[number]

/** Commands at random places. */
export interface Load {
  blockSize: number
  /** Commands outstanding. */
  depth: number
  /** How many of a hundred commands write; the others read. */
  writePercent: number
}

/** What each path is, for the reader of the table. */
export const pathTitles: Record<Path, string> = {
  bare: 'C++ bare loop',
  sync: 'TypeScript, typed arrays',
  batch: 'one native call a batch',
  await: 'await',
  promise: 'a bare promise each',
  readMany: 'readMany',
  pump: 'inline pump, one core',
}

export const loads: readonly Load[] = [
  ...blockSizes.flatMap((blockSize) =>
    readDepths.map((depth) => ({ blockSize, depth, writePercent: 0 })),
  ),
  ...blockSizes.flatMap((blockSize) =>
    writePercents.map((writePercent) => ({ blockSize, depth: writeDepth, writePercent })),
  ),
]

/** The paths that are measured under a load, besides the C++ client. */
export function pathsUnder({ depth, writePercent }: Load): readonly Path[] {
  if (writePercent !== 0) return writePaths
  return depth === 1 ? paths : paths.filter((path) => path !== 'promise')
}

/** Least ratio of a path to the C++ client; undefined where none was set. */
export function goalOf(path: Path, { blockSize, depth }: Load): number | undefined {
  switch (path) {
    case 'sync':
      return 0.95
    case 'batch':
      return 0.97
    case 'await':
      if (blockSize === 512) return depth === 1 ? 0.7 : 0.65
      return depth === 1 ? 0.87 : 0.95
    case 'readMany':
      return blockSize === 512 && depth === 128 ? 0.8 : undefined
    case 'pump':
      return depth === 1 ? 1 : undefined
    case 'bare': // the other way round: the C++ client must reach 0.9 of it
    case 'promise': // what await is compared with
      return undefined
  }
}

/** Least ratio of the library's C++ client to the bare loop. */
export const libraryToBareGoal = 0.9
