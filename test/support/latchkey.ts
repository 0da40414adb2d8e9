import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { createStrengthEstimator, type EstimateStrength } from '../../src/accounts/passwords/strength.ts'
import { type App, buildApp } from '../../src/app.ts'
import { parseConfig } from '../../src/config.ts'
import type { LookUpTxt } from '../../src/organizations/domains/dns.ts'
import type { Clock } from '../../src/shared/clock.ts'
import { afterThisFile } from './cleanup.ts'
import { makeFolder } from './folder.ts'
import { linkIn, readOutbox } from './mailbox.ts'
import { freePort } from './ports.ts'
import { freshDatabase } from './postgres.ts'
import { startedDatabase } from './template.ts'

export const engines = ['sqlite', 'postgresql'] as const
export type Engine = (typeof engines)[number]

export interface LatchkeyOptions {
  engine?: Engine
  env?: Record<string, string>
  /** Unless given: the real one, but for RATE_LIMIT: 'on', where time stands still. No window may end because a machine is slow. */
  clock?: Clock
  /** Whether requests take fast paths at this moment; always unless given. */
  fastPaths?: () => boolean
  /** Whether housekeeping and the look for new signing keys run: not where statements are counted. They do unless given. */
  background?: boolean
  /** How long idle connections stay open when the server closes, in milliseconds; not at all unless given. */
  drainFor?: number
  /** Instead of DNS. */
  lookUpTxt?: LookUpTxt
  /** Hash passwords at their real price. Without it a hash costs a hundredth. */
  realHashes?: boolean
}

const CHEAP = { memoryCost: 1024, timeCost: 1, parallelism: 1 }

export const PASSWORD = 'glass-otter-72-harbour'

const estimate = createStrengthEstimator()

/** That of PASSWORD is known: it would be looked up in all dictionaries for each account that a test makes. */
const estimateStrength: EstimateStrength = async (password, context, enough) =>
  password === PASSWORD ? { guesses: enough, weakness: '' } : estimate(password, context, enough)

/** A whole server as it ships, listening on a port of its own, with a database and a data folder of its own. */
export interface Latchkey extends App {
  issuer: string
  dataDir: string
  env: Record<string, string>
  /** Everything that was logged, one JSON line each. */
  log: string[]
  /** Makes an account whose email address is verified; the password is PASSWORD. */
  createUser(username?: string): Promise<{ id: string; username: string; email: string }>
  /** Registers a client; a confidential web app unless told otherwise. */
  createClient(
    metadata?: Record<string, unknown>,
  ): Promise<{ client_id: string; client_secret?: string; redirect_uri: string }>
  /** The newest message to this address, once every message has been delivered. */
  mailTo(email: string): Promise<{ subject: string; text: string; readonly link: URL }>
  stop(): Promise<void>
}

let users = 0

export async function startLatchkey(options: LatchkeyOptions = {}): Promise<Latchkey> {
  const { clock = options.env?.RATE_LIMIT === 'on' ? stopped() : undefined } = options
  const dataDir = dataFolder()
  const port = await freePort()
  const env = {
    PORT: String(port),
    HOST: '127.0.0.1',
    ISSUER: `http://localhost:${port}`,
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    NEW_DEVICE_MAILS: 'off',
    ...(await prepareData(dataDir, options)),
    ...options.env,
  }
  const log: string[] = []
  const config = parseConfig(env, () => {
    throw new Error('no secret files in tests')
  })
  const { app, services } = await buildApp(config, {
    logStream: { write: (line) => void log.push(line) },
    ...(clock && { clock }),
    // What a process adds itself it does not have to look for.
    lookEvery: 3_600_000,
    ...(options.lookUpTxt && { lookUpTxt: options.lookUpTxt }),
    ...(options.fastPaths && { fastPaths: options.fastPaths }),
    ...(options.background === false && { background: false }),
    ...(options.drainFor !== undefined && { drainFor: options.drainFor }),
    ...(!options.realHashes && { hashingCost: CHEAP }),
    estimateStrength,
  })
  await app.listen({ host: 'localhost', port: config.port })

  return letGoAfterThisFile({
    app,
    services,
    issuer: config.issuer,
    dataDir,
    env,
    log,
    async createUser(username = `user${++users}`) {
      const email = `${username}@example.com`
      const account = await services.accounts.createByAdmin({
        username,
        email,
        password: PASSWORD,
        verified: true,
      })
      return { id: account.id, username, email }
    },
    async createClient(metadata = {}) {
      const redirect_uri = 'http://127.0.0.1:9/callback'
      const created = await services.clients.create({
        client_name: 'Test app',
        redirect_uris: [redirect_uri],
        grant_types: ['authorization_code', 'refresh_token'],
        ...metadata,
      })
      return { ...created, redirect_uri }
    },
    async mailTo(email) {
      await services.mailer.idle()
      const mail = (await readOutbox(join(dataDir, 'outbox')))
        .filter((each) => each.to.includes(email))
        .at(-1)
      if (!mail) throw new Error(`no message to ${email}`)
      return {
        subject: mail.subject,
        text: mail.text,
        get link() {
          return linkIn(mail)
        },
      }
    },
    async stop() {
      await app.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  })
}

/** A function of its own: what is remembered by it holds the name of the folder, and not a server too. */
function dataFolder(): string {
  const folder = makeFolder('data')
  afterThisFile(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * A file's module stays for as long as its process, and with it what its variables hold: a server is 15 MB, which each further
 * collection would go through. So what a variable holds is emptied after the file.
 */
function letGoAfterThisFile(latchkey: Latchkey): Latchkey {
  const held = new WeakRef(latchkey)
  afterThisFile(() => {
    const left: Partial<Latchkey> | undefined = held.deref()
    if (left === undefined) return
    for (const name of Object.keys(left) as (keyof Latchkey)[]) delete left[name]
  })
  return latchkey
}

function stopped(): Clock {
  const now = Date.now()
  return () => now
}

/** How far ahead of the real time a clock may be for data that was made just now to be its own, in milliseconds. */
const SAME_TIME = 3_600_000

/** Fills the data folder from the template, where the server would make just that, and names the database. */
async function prepareData(
  dataDir: string,
  { engine = 'sqlite', env = {}, clock = Date.now }: LatchkeyOptions,
): Promise<{ DATABASE_URL?: string }> {
  // Scripts start a server too, without a run of tests around them.
  const template = process.env.VITEST ? inject('template') : undefined
  if (template === undefined) return {}
  const age = clock() - template.madeAt
  const own = ['DATA_DIR', 'DATABASE_URL', 'SECRET_KEY'].some((name) => name in env)
  const copied = !own && age >= 0 && age < SAME_TIME
  if (engine === 'sqlite') {
    if (copied) await startedDatabase(engine, dataDir)
    return {}
  }
  return {
    DATABASE_URL: copied
      ? await startedDatabase(engine, dataDir)
      : await freshDatabase(inject('postgresUrl')),
  }
}
