import { Worker } from 'node:worker_threads'
import { AppError } from '../../../shared/errors.ts'
import { message } from '../../../shared/locales/texts.ts'
import { threadFile } from '../../../shared/thread-file.ts'
import type { Answer, Task } from './thread.ts'

/** Threads that compute argon2, each one hash at a time. They end with the process. */
export interface HashingThreads {
  /**
   * The caller bounds how many at once: what finds no thread free starts another.
   * @throws AppError `overloaded` (503, with Retry-After) when the thread dies over it
   */
  derive(task: Task): Promise<Uint8Array>
}

const file = threadFile(import.meta.filename, 'hashing-thread')

/** Its memory beside what argon2 fills, which is none of V8's; in MiB. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16, stackSizeMb: 1 }

interface Thread {
  worker: Worker
  job: { resolve(derived: Uint8Array): void; reject(error: unknown): void } | undefined
}

/** A thread is started when the first password asks for one, and kept. One that waits for work keeps no process alive. */
export function createHashingThreads(source = file): HashingThreads {
  const threads = new Set<Thread>()

  function start(): Thread {
    // Nothing of the process is theirs: no environment, no options.
    const worker = new Worker(source, { name: 'password', env: {}, argv: [], execArgv: [], resourceLimits })
    const thread: Thread = { worker, job: undefined }
    threads.add(thread)
    const settle = (how: (job: NonNullable<Thread['job']>) => void): void => {
      const { job } = thread
      thread.job = undefined
      worker.unref()
      if (job) how(job)
    }
    worker.on('message', (answer: Answer) =>
      settle((job) =>
        'derived' in answer ? job.resolve(answer.derived) : job.reject(new Error(answer.error)),
      ),
    )
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    // After an error too. The next job starts another.
    worker.on('exit', () => {
      threads.delete(thread)
      settle((job) => job.reject(died(cause)))
    })
    return thread
  }

  return {
    derive: (task) =>
      new Promise((resolve, reject) => {
        const thread = [...threads].find(({ job }) => job === undefined) ?? start()
        thread.job = { resolve, reject }
        thread.worker.ref()
        thread.worker.postMessage(task)
      }),
  }
}

const died = (cause: unknown): AppError =>
  new AppError('overloaded', 503, message('error.busy'), {
    detail: `the thread that computed a password's hash ended${cause instanceof Error ? `: ${cause.message}` : ''}`,
    retryAfter: 1,
    cause,
  })
