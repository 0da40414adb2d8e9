import { createServer } from 'node:net'

/** Ports that Linux gives to nobody by itself: neither a connection nor a server on port 0 has one of them. */
const FIRST = 11_000
const SIZE = 1000
const BLOCKS = 20

/** A block for each worker of a run; runs that happen at the same time have others, as far as there are. */
const block = (process.ppid * 7 + Number(process.env.VITEST_POOL_ID ?? process.pid)) % BLOCKS

let next = 0

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/**
 * A free loopback port, for what must know its own address before it listens. It is of this worker's block and is not
 * handed out again before all others of the block were: no other test takes it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < SIZE; tries++) {
    const port = FIRST + block * SIZE + (next++ % SIZE)
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${FIRST + block * SIZE} is free`)
}
