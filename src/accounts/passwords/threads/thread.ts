// A thread that computes argon2, and nothing else: it imports no other file, and knows nothing of the program.
import { type Argon2Parameters, argon2Sync } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'

/** What is asked of a thread. */
export interface Task {
  algorithm: 'argon2d' | 'argon2i' | 'argon2id'
  parameters: Argon2Parameters
}

/** What it answers. */
export type Answer = { derived: Uint8Array } | { error: string }

/** Behind the thread that answers requests, which then hardly waits for it; not last of all, so that sign-ins go on under load. */
const NICE = 10

/**
 * On Linux a priority is a thread's (setpriority(2)), and the folder of this one names its id. Where there is none, the threads
 * compete as equals.
 */
function stepBack(): void {
  try {
    const thread = Number(/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1])
    if (Number.isSafeInteger(thread)) setPriority(thread, NICE)
  } catch {
    // No /proc, or the system allows no such thing.
  }
}

stepBack()
parentPort?.on('message', ({ algorithm, parameters }: Task) => {
  let answer: Answer
  try {
    answer = { derived: new Uint8Array(argon2Sync(algorithm, parameters)) }
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(answer)
})
