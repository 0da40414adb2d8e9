import { createServer } from 'node:net'

/** Ports that Linux gives to nobody by itself: neither a connection nor a server on port 0 has one of them. */
const FIRST = 11_000
const SIZE = 500
const BLOCKS = 42

/** The first port of a block is listened on for as long as the process runs: the system gives a block to one process alone. */
async function claimBlock(): Promise<number> {
  for (let tries = 0; tries < BLOCKS; tries++) {
    const first = FIRST + ((process.pid + tries) % BLOCKS) * SIZE
    const held = await listen(first)
    if (held === undefined) continue
    held.unref()
    return first
  }
  throw new Error(`all ${BLOCKS} blocks of ports are taken by other processes`)
}

const listen = (port: number) =>
  new Promise<ReturnType<typeof createServer> | undefined>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => resolve(server))
  })

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port)
  if (server === undefined) return false
  await new Promise((resolve) => server.close(resolve))
  return true
}

let block: Promise<number> | undefined
let next = 0

/**
 * A free loopback port, for what must know its own address before it listens. It is of this process's block and is not
 * handed out again before all others of the block were: no other test takes it in between, nor does another run.
 */
export async function freePort(): Promise<number> {
  block ??= claimBlock()
  const first = await block
  for (let tries = 1; tries < SIZE; tries++) {
    const port = first + 1 + (next++ % (SIZE - 1))
    if (await isFree(port)) return port
  }
  throw new Error(`no port from ${first} is free`)
}
