import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { threadFile } from '../../../shared/thread-file.ts'
import type { StorageLogger } from '../../logger.ts'
import type { Answer, Task } from './thread.ts'

/**
 * Checkpoints (https://www.sqlite.org/wal.html#ckpt) beside the event loop. SQLite makes one within the commit that fills the log, and waits for the disk
 * twice: 0.2 to 0.4 s on a busy one, in which nobody is answered. A thread with connections of its own makes them sooner; it is started by
 * a server that writes much, and ends when that is over.
 */
export interface Checkpoints {
  /** Counts the rows of a file that were written. */
  wrote(path: string, rows: number): void
  /** Ends the thread. Before the connections are closed: the last of them makes the last checkpoint, and removes the log. */
  close(): Promise<void>
}

/** Rows between two: each changes some pages, as keys are hashes; together as many as SQLite would wait for by itself (1,000 pages). */
export const ROWS = 400
/** Milliseconds that the thread is kept without work. */
const KEPT = 30_000

/** Of V8 in the thread, in MiB. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 }

const file = threadFile(import.meta.filename, 'checkpoint-thread')

/** @param source of the thread; another one for a test */
export function createCheckpoints(
  logger: Pick<StorageLogger, 'info' | 'warn'> | undefined,
  source = file,
): Checkpoints {
  const written = new Map<string, number>()
  const underWay = new Set<string>()
  let worker: Worker | undefined
  let ending: NodeJS.Timeout | undefined
  let closed = false

  function start(): Worker {
    const started = new Worker(source, {
      name: 'checkpoints',
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits,
    })
    started.unref()
    started.on('message', (answer: Answer) => {
      underWay.delete(answer.path)
      if ('error' in answer)
        logger?.warn({ file: answer.path, error: answer.error }, 'no checkpoint was made')
      clearTimeout(ending)
      ending = setTimeout(() => void end(), KEPT).unref()
    })
    // Without it SQLite makes them, in a commit. The next one starts another thread.
    started.on('error', (error) =>
      logger?.warn({ error: error.message }, 'the thread that makes checkpoints ended'),
    )
    started.on('exit', () => {
      if (worker !== started) return
      worker = undefined
      underWay.clear()
    })
    return started
  }

  async function end(): Promise<void> {
    clearTimeout(ending)
    const ended = worker
    worker = undefined
    underWay.clear()
    if (ended === undefined) return
    // Where nothing else is left to do, the process would end before it.
    ended.ref()
    const gone = once(ended, 'exit')
    ended.postMessage('end' satisfies Task)
    await gone
  }

  return {
    wrote(path, rows) {
      const count = (written.get(path) ?? 0) + rows
      written.set(path, count)
      if (count < ROWS || closed || underWay.has(path)) return
      written.set(path, 0)
      underWay.add(path)
      worker ??= start()
      worker.postMessage({ path } satisfies Task)
    },
    async close() {
      closed = true
      await end()
    },
  }
}
