import { readFileSync } from 'node:fs'
import { buildApp } from './app.ts'
import { watchRest } from './collect-at-rest.ts'
import { ConfigError } from './config.ts'
import { boundMessage } from './http/logging/requests.ts'
import { standardLog } from './http/logging/stream.ts'
import { AppError } from './shared/errors.ts'
import { readStart } from './start-problems.ts'
import { placeOf, rememberLocation } from './storage/location.ts'
import { openSetup, welcome } from './welcome.ts'

/** How long requests under way, and then the mail that is queued (10 s at most), may take after SIGTERM, in milliseconds. */
const GRACE = 14_000

/** How long connections that are idle at SIGTERM stay open for one request more, in milliseconds. */
const LAST_REQUESTS = 500

/** How long the reader of the log may take for its last lines, in milliseconds. */
const LAST_LINES = 2_000

/** How long after a start it is over, in milliseconds: requests that waited for it are answered. */
const SETTLED = 1_000

/** Which program runs: what `npm ci` compiled, or src/ (bin/compiled.mjs). */
const PROGRAM = import.meta.filename.endsWith('.ts') ? 'source' : 'compiled'

/**
 * Gives back what only the start took, 5 to 10 MiB, and later what a load did: 0.1 s each. Only the last resort of V8 gives pages back to the system,
 * too. `npm start` and the image give the function.
 */
function letGo(gc = globalThis.gc): void {
  if (gc === undefined) return
  const collect = () => void gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  collect()
  watchRest(collect)
}

/** What to do about what the operating system refuses, by its error code. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  EADDRINUSE: 'The port is in use. Set PORT to another port, for example PORT=3001.',
  EACCES: 'See whether the user that runs Latchkey may use DATA_DIR, and whether PORT is above 1023.',
  EPERM: 'See whether the user that runs Latchkey may use DATA_DIR.',
  EROFS: 'Set DATA_DIR to a folder that can be written to.',
  ENOSPC: 'Make room on the disk of DATA_DIR.',
  ENOENT: 'See whether DATA_DIR can be made there.',
  EEXIST: 'Set DATA_DIR to a folder.',
  ENOTDIR: 'Set DATA_DIR to a folder.',
}

/** Says in one line why there is no server. Only what nobody foresaw comes with its stack. */
function refuse(error: unknown): never {
  const code =
    error instanceof Error && 'syscall' in error ? (error as NodeJS.ErrnoException).code : undefined
  if (error instanceof ConfigError) {
    console.error('Latchkey cannot start with this configuration:')
    for (const problem of error.problems) console.error(`  - ${problem}`)
  } else if (error instanceof AppError) {
    console.error(`Latchkey cannot start: ${error.message}`)
  } else if (error instanceof Error && code !== undefined) {
    console.error(`Latchkey cannot start: ${error.message}. ${WAYS_OUT[code] ?? ''}`.trimEnd())
  } else {
    console.error('Latchkey cannot start:', error)
  }
  process.exit(1)
}

/** Starts listening; ends the process when that is not possible, or when it is told to stop. */
export async function serve(): Promise<void> {
  // The process that reads stderr may end before this one; without a listener the error (EPIPE) would end this one too.
  process.stderr.on('error', () => undefined)
  try {
    const config = await readStart(process.env, (path) => readFileSync(path, 'utf8'))
    // Under `node --watch`, as `npm run dev` runs it, templates are read anew for each page.
    const { app, services } = await buildApp(config, {
      cacheViews: process.env.WATCH_REPORT_DEPENDENCIES === undefined,
      drainFor: LAST_REQUESTS,
    })

    let stopping = false
    const stop = async (signal: string) => {
      if (stopping) return
      stopping = true
      app.log.info({ signal }, 'stopping')
      setTimeout(() => {
        app.log.warn('what was under way did not end in time')
        process.exit(1)
      }, GRACE).unref()
      const status = await app.close().then(
        () => 0,
        (err: unknown) => {
          app.log.error({ err }, 'the server could not be closed in order')
          return 1
        },
      )
      await standardLog().drained(LAST_LINES)
      process.exit(status)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)

    const setupUrl = await openSetup(services)
    const address = await app.listen({
      host: config.host,
      port: config.port,
      listenTextResolver: () => boundMessage,
    })
    rememberLocation(config.dataDir, config.databaseUrl)
    const database = placeOf(config.databaseUrl, config.dataDir)
    app.log.info({ issuer: config.issuer, address, program: PROGRAM }, 'listening')
    if (config.workers !== 'auto' && config.workers > 1)
      app.log.warn(
        { workers: config.workers },
        'WORKERS asks for several processes, and this version serves with one: start as many servers on one PostgreSQL, behind a proxy',
      )
    setTimeout(letGo, SETTLED).unref()
    // The banner comes behind the lines of the log.
    await standardLog().drained(0)
    if (process.stdout.isTTY || process.stderr.isTTY || setupUrl !== undefined)
      process.stderr.write(welcome(config, { setupUrl, database, env: process.env }))
  } catch (error) {
    refuse(error)
  }
}

if (import.meta.main) await serve()
