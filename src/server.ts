import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { buildApp } from './app.ts'
import { type Config, ConfigError, parseConfig } from './config.ts'
import { AppError } from './errors.ts'
import { openSetup, welcome } from './welcome.ts'

/** How long requests under way may take after SIGTERM, in milliseconds. */
const GRACE = 10_000

/** A port that is free now. PORT=0 needs it before listening, because the issuer is part of everything. */
async function freePort(host: string): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, host, resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port could be had')
  return address.port
}

async function readConfig(): Promise<Config> {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const config = parseConfig(process.env, readFile)
  if (config.port !== 0) return config
  const port = String(await freePort(config.host))
  return parseConfig({ ...process.env, PORT: port }, readFile)
}

function refuse(error: unknown): never {
  if (error instanceof ConfigError) {
    console.error('Latchkey cannot start with this configuration:')
    for (const problem of error.problems) console.error(`  - ${problem}`)
  } else if (error instanceof AppError) {
    console.error(`Latchkey cannot start: ${error.message}`)
    if (error.cause instanceof Error) console.error(`  cause: ${error.cause.message}`)
  } else if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    console.error(
      `Latchkey cannot start: ${(error as Error).message}. Set PORT to another port, for example PORT=3001.`,
    )
  } else {
    console.error(error)
  }
  process.exit(1)
}

try {
  const config = await readConfig()
  const { app, services } = await buildApp(config)

  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) return
    stopping = true
    app.log.info({ signal }, 'stopping')
    setTimeout(() => {
      app.log.warn('requests under way did not end in time')
      process.exit(1)
    }, GRACE).unref()
    await app.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)

  const address = await app.listen({
    host: config.host,
    port: config.port,
    listenTextResolver: () => 'bound',
  })
  app.log.info({ issuer: config.issuer, address }, 'listening')
  const setupUrl = await openSetup(services)
  if (process.stdout.isTTY || setupUrl !== undefined) process.stderr.write(welcome(config, setupUrl))
} catch (error) {
  refuse(error)
}
