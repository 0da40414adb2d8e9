// A thread that copies what the write-ahead logs of SQLite hold into their files, and nothing else: it imports nothing of the program.
import { parentPort } from 'node:worker_threads'
import BetterSqlite3 from 'better-sqlite3'

/** What is asked of it: the path of a file, or its end. */
export type Task = { path: string } | 'end'

/** What it answers. `left`: pages of the log that are not in the file, as a reader still needs what is there. */
export type Answer = { path: string; left: number } | { path: string; error: string }

/** A connection's own, which reads no pages but through the log. In KiB. */
const SETTINGS = 'PRAGMA busy_timeout = 0; PRAGMA synchronous = FULL; PRAGMA cache_size = -64'

const connections = new Map<string, BetterSqlite3.Database>()

function connectionOf(path: string): BetterSqlite3.Database {
  const open = connections.get(path)
  if (open !== undefined) return open
  const connection = new BetterSqlite3(path, { fileMustExist: true })
  connection.exec(SETTINGS)
  connections.set(path, connection)
  return connection
}

parentPort?.on('message', (task: Task) => {
  if (task === 'end') {
    for (const connection of connections.values()) connection.close()
    parentPort?.close()
    return
  }
  const { path } = task
  let answer: Answer
  try {
    // PASSIVE waits for nobody, and nobody waits for it: others read and write on.
    const [done] = connectionOf(path).pragma('wal_checkpoint(PASSIVE)') as {
      log: number
      checkpointed: number
    }[]
    answer = { path, left: done === undefined ? 0 : done.log - done.checkpointed }
  } catch (error) {
    answer = { path, error: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(answer)
})
