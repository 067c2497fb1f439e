// SPDX-License-Identifier: MIT
// Programs that run until SIGINT or SIGTERM.

const endSignals = ['SIGINT', 'SIGTERM']

/** Does `work`, which is given the end that a signal asks for. */
export async function untilSignal(work: (end: Promise<void>) => Promise<void>): Promise<void> {
  const signal = firstSignal()
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
function firstSignal(): FirstSignal {
  const keepAlive = setInterval(() => {}, 2 ** 30)
  let end = () => {}
  const came = new Promise<void>((resolve) => {
    end = resolve
  })
  for (const name of endSignals) process.once(name, end)
  return {
    came,
    forget: () => {
      for (const name of endSignals) process.off(name, end)
      clearInterval(keepAlive)
    },
  }
}
