// SPDX-License-Identifier: MIT
// What bench:peers measures: every path of the library at every size and depth, and the ratio to
// the C++ client of the same run that is the goal, where there is one.

export const blockSizes = [512, 4096] as const
export const depths = [1, 32, 128] as const
export const paths = ['bare', 'sync', 'batch', 'await', 'readMany', 'pump'] as const

export type Path = (typeof paths)[number]

export interface Cell {
  path: Path
  blockSize: number
  depth: number
  /** Least ratio to the C++ client; undefined where none was set. */
  goal: number | undefined
}

/** What each path is, for the reader of the table. */
export const pathTitles: Record<Path, string> = {
  bare: 'C++ bare loop',
  sync: 'TypeScript, typed arrays',
  batch: 'one native call a batch',
  await: 'await',
  readMany: 'readMany',
  pump: 'inline pump, one core',
}

function goalOf(path: Path, blockSize: number, depth: number): number | undefined {
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
    case 'bare':
      return undefined // the other way round: the C++ client must reach 0.9 of it
  }
}

export const cells: readonly Cell[] = blockSizes.flatMap((blockSize) =>
  depths.flatMap((depth) =>
    paths.map((path) => ({ path, blockSize, depth, goal: goalOf(path, blockSize, depth) })),
  ),
)

/** Least ratio of the library's C++ client to the bare loop. */
export const libraryToBareGoal = 0.9
