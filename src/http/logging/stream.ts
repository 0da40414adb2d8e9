import { fstatSync, writeSync } from 'node:fs'
import { logText } from './text.ts'

/** Where log lines go, and how to wait for them at the end. */
export interface LogStream {
  write(line: string): void
  /** Resolves when every line is out, or when the reader has not taken them in this time, in milliseconds. */
  drained(patience: number): Promise<void>
}

/** What a reader may be behind, in bytes; then lines are lost, and counted. */
const LARGEST_BACKLOG = 4 * 1024 * 1024

/** A place to write to that never makes the process wait. */
interface Sink {
  write(text: string): void
  /** Bytes that are not out yet. */
  backlog(): number
}

/** Pipes, sockets and terminals: Node keeps what the reader has not taken. */
function streamSink(stream: NodeJS.WriteStream): Sink {
  let broken = false
  // The reader is gone. Without a listener this would end the process.
  stream.on('error', () => {
    broken = true
  })
  return {
    write: (text) => void (broken || stream.write(text)),
    backlog: () => (broken ? 0 : stream.writableLength),
  }
}

/** Files and devices: what does not fit on the disk now is lost. */
const fileSink = (fd: number): Sink => ({
  write(text) {
    try {
      const bytes = Buffer.from(text)
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
    } catch {
      // There is nowhere to say it: the log itself is what fails.
    }
  },
  backlog: () => 0,
})

function isFile(fd: number): boolean {
  try {
    const stat = fstatSync(fd)
    return stat.isFile() || stat.isCharacterDevice()
  } catch {
    // Closed from the start: every write fails, and says nothing.
    return true
  }
}

/**
 * The log on standard output: JSON lines, or text for people at a terminal. Lines of one turn of the event loop are written
 * together. Nothing here ever waits or throws: a reader that is gone or does not read, and a full disk, cost lines and no more.
 */
function createLogStream(stream: NodeJS.WriteStream, fd: number): LogStream {
  const sink = !stream.isTTY && isFile(fd) ? fileSink(fd) : streamSink(stream)
  const format = stream.isTTY ? logText : (line: string) => line
  let waiting = ''
  let lost = 0

  const flush = (): void => {
    const text = waiting
    waiting = ''
    if (text === '') return
    if (sink.backlog() > LARGEST_BACKLOG) {
      lost += text.split('\n').length - 1
      return
    }
    if (lost > 0) sink.write(format(lostLine(lost)))
    lost = 0
    sink.write(text)
  }
  process.once('exit', flush)

  return {
    write(line) {
      if (waiting === '') setImmediate(flush)
      waiting += format(line)
    },
    async drained(patience) {
      flush()
      const deadline = performance.now() + patience
      while (sink.backlog() > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10))
    },
  }
}

const lostLine = (count: number): string =>
  `${JSON.stringify({ level: 40, time: Date.now(), msg: 'log lines were lost: their reader was too slow', count })}\n`

let standard: LogStream | undefined

/** The one log of the process. */
export function standardLog(): LogStream {
  standard ??= createLogStream(process.stdout, 1)
  return standard
}
