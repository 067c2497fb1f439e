// SPDX-License-Identifier: MIT
// Loads nothing, so that --help is quick.

/** Names of `peernvm log`; views.ts has their rows. */
export const logNames = [
  'smart',
  'error',
  'firmware',
  'changed-namespaces',
  'effects',
  'self-test',
  'features',
  'pages',
  'sanitize',
] as const
