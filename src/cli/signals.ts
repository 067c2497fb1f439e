// SPDX-License-Identifier: MIT
// Programs that run until a signal asks them to end: Ctrl-C, `kill`, or a terminal that closes.

const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Does `work`, which is given the end that a signal asks for. `patience`: what is said of further
 * signals, which change nothing until the process ends; without it a second one of a kind ends it.
 */
export async function untilSignal(
  work: (end: Promise<void>) => Promise<void>,
  patience?: string,
): Promise<void> {
  const signal = firstSignal(patience)
  try {
    await work(signal.came)
  } finally {
    signal.forget()
  }
}

interface FirstSignal {
  readonly came: Promise<void>
  readonly forget: () => void
}

/** Keeps the process alive until a signal asks to end, or until it is forgotten. */
function firstSignal(patience: string | undefined): FirstSignal {
  const keepAlive = setInterval(() => {}, 2 ** 30)
  let end = () => {}
  const came = new Promise<void>((resolve) => {
    end = resolve
  })
  let hasEnded = false
  const heard = (name: NodeJS.Signals): void => {
    if (patience === undefined) process.off(name, heard)
    else if (hasEnded) console.error(`peernvm: ${patience}`)
    hasEnded = true
    end()
  }
  for (const name of endSignals) process.on(name, heard)
  return {
    came,
    forget: () => {
      if (patience === undefined) for (const name of endSignals) process.off(name, heard)
      clearInterval(keepAlive)
    },
  }
}
