// Mail owns: what each message says (messages, texts of locales/), how it looks (views/mail), its language, and the way out (SMTP or files). It does not own: who gets what and when, and the links in a
// message, which the sending feature decides; when a message is tried again, which is the queue's.
//
//   send, deferred ──> queue (database, sealed) ──> prepare ──> render ──> SMTP ── refused or down ──> again, for a day and a half
//   defer ──> memory ──> send                                         └──> outbox/*.eml when there is no SMTP server
//
// What was promised in an answer is in the database before that answer is sent. Only `defer` is in memory: work that nobody was
// promised, and that may end in a mail.
import { createHash } from 'node:crypto'
import {
  type AuditContext,
  currentAuditContext,
  runInAuditContext,
  settled,
} from '../shared/audit-context.ts'
import { type BrandedBy, currentBrand } from '../shared/branded-by.ts'
import type { Clock } from '../shared/clock.ts'
import { withDeadline } from '../shared/deadline.ts'
import { type Delivery, type DeliveryQueue, type Outcome, RETRIES } from '../shared/delivery.ts'
import type { Overrides } from '../shared/locales/catalogue.ts'
import { ENGLISH, firstMatching } from '../shared/locales/locales.ts'
import { inLocale, spokenLocale, withOverrides } from '../shared/locales/texts.ts'
import { createBackground } from './background.ts'
import { AWAITED } from './data.ts'
import { AS_IT_SHIPS, type MailLook } from './look.ts'
import { senderOf } from './sender.ts'
import { createMailTemplates, type Mail } from './templates.ts'
import { createOutbox, createSmtpTransport, type Envelope } from './transport.ts'

export type { Mail } from './templates.ts'

/** The part of a pino logger that mail needs. */
export interface MailLog {
  info(details: object, message: string): void
  error(details: object, message: string): void
}

export interface Mailer {
  /** Stores a mail for the queue, and holds the answer back until it is. Delivery failures are logged, never thrown. */
  send(mail: Mail): void
  /**
   * What has to be looked up to know whether there is a mail at all, behind an answer that does not depend on it: whether an
   * address is known, above all. The request itself is stored before that answer, whatever comes of it.
   * @param name of this kind of request, for good: rows of an earlier version have it
   * @param prepare may run twice for one request; data is what was given, through JSON
   * @returns stores one request
   */
  deferred<Data extends object>(
    name: string,
    prepare: (data: Data) => Promise<Mail | undefined>,
  ): (data: Data) => void
  /** Work behind the answer, in memory, that ends in a mail or in none. What was not done when a process is killed is lost. */
  defer(prepare: () => Promise<Mail | undefined>): void
  /**
   * Sends a mail past the queue, once. @returns the file that it was written to, if there is no SMTP server
   * @throws what the mail server said
   */
  deliver(mail: Mail): Promise<string | undefined>
  /** Resolves when everything of this process is sent or given up. */
  idle(): Promise<void>
  /** Messages being sent, and waiting for it or for another try, as far as this process knows. */
  load(): { running: number; waiting: number }
  /** Rejects when mail cannot be sent now (`doctor`). */
  check(): Promise<void>
  /** Tries what is queued, for at most ten seconds and without waiting between tries, then closes the connections. The rest stays queued. */
  close(): Promise<void>
}

/** Which language a mail is written in: that of the account, else of the request that caused it, else `fallback`. English where this is not given. */
export interface MailLanguage {
  /** What the account with this username or address speaks, as its profile says it. It goes before all others. */
  ofAccount(login: string): Promise<string | null | undefined>
  /** Where nobody says one: a tag of LOCALES. Read for each mail. */
  fallback(): string
  /** What an owner says instead of texts. */
  overrides?: Overrides
}

/** One address, nothing that a mail header could be broken with. */
const singleAddress = /^[^\s@<>,;:"()[\]\\\p{C}]+@[^\s@<>,;:"()[\]\\\p{C}]+$/u

const maximumQueue = 10_000

/** How long an ending process waits for its queue. */
const drainMilliseconds = 10_000

/** What a row of the queue holds. `locale` and `brand`: the language of the request that caused it, if it spoke one, and whose page it was. */
type Stored = { locale?: string | undefined; brand?: BrandedBy | undefined } & (
  | { mail: Mail }
  | { deferred: string; data: object; context?: Omit<AuditContext, 'settling'> | undefined }
)

/**
 * @param options.smtpUrl without one, messages are written to `outboxDir`
 * @param options.from “Name <address>” or an address, as of `senderOf`. Read for each message
 * @param options.language of each mail
 * @param options.backoff milliseconds before the second try, the third and so on; then it is given up
 * @param options.ended told what became of each message
 * @throws when `from` holds a line break
 */
export function createMailer(options: {
  queue: DeliveryQueue
  smtpUrl?: string | undefined
  readonly from?: string | undefined
  outboxDir: string
  issuer: string
  logger: MailLog
  clock: Clock
  /** What messages wear. Read for each of them. @param by what it belongs to; undefined: the server */
  look?: (by?: BrandedBy) => MailLook
  /** Reads the layout; the one that ships unless given. */
  readView?: ((path: string) => string) | undefined
  language?: MailLanguage | undefined
  backoff?: readonly number[]
  ended?: ((result: 'sent' | 'failed' | 'dropped') => void) | undefined
}): Mailer {
  const { smtpUrl, issuer, outboxDir, logger, clock, ended, backoff = RETRIES } = options
  const look = options.look ?? (() => AS_IT_SHIPS)
  const sender = (name: string | undefined) => senderOf(options.from, { issuer, name })
  sender(undefined)
  const render = createMailTemplates({ issuer, look, readView: options.readView })
  const transport = smtpUrl ? createSmtpTransport(smtpUrl) : createOutbox(outboxDir, clock)
  const prepared = new Map<string, (data: object) => Promise<Mail | undefined>>()
  const background = createBackground(smtpUrl ? 2 : 1)

  const compose = (mail: Mail, language: string): Envelope => {
    if (!singleAddress.test(mail.to)) throw new Error('a mail needs exactly one address to go to')
    const { overrides = () => undefined } = options.language ?? {}
    const worn = look(mail.brand)
    const rendered = withOverrides(overrides, () => inLocale(language, () => render(mail, worn)))
    return { from: sender(worn.name), to: mail.to, template: mail.template, ...rendered }
  }

  /** The account's, else that of the request, else the one for everybody. */
  const languageOf = async ({ to, data }: Mail, locale: string | undefined): Promise<string> => {
    const account = await options.language?.ofAccount('username' in data ? data.username : to)
    return firstMatching([account, locale, options.language?.fallback()].filter(isSaid)) ?? ENGLISH
  }

  /** The mail of a row; undefined: there is none. Throws what may work another time. */
  const mailOf = async (stored: Stored): Promise<Mail | undefined> => {
    if ('mail' in stored) return stored.mail
    const prepare = prepared.get(stored.deferred)
    if (prepare === undefined) throw new Error(`nothing prepares ${stored.deferred}`)
    const context: AuditContext = { actor: { kind: 'anonymous' }, ...stored.context, settling: [] }
    const mail = await runInAuditContext(context, () => prepare(stored.data))
    await settled(context)
    return mail
  }

  const deliver = async ({ payload, tries }: Delivery): Promise<Outcome> => {
    let mail: Mail | undefined
    let language = ENGLISH
    const stored = JSON.parse(payload) as Stored
    try {
      mail = wearing(await mailOf(stored), stored.brand)
      if (mail !== undefined) language = await languageOf(mail, stored.locale)
    } catch (err) {
      logger.error({ err, tries }, 'mail could not be prepared')
      return retry(tries, { error: 'could not be prepared' })
    }
    if (mail === undefined) return { kind: 'done' }
    let envelope: Envelope
    try {
      envelope = compose(mail, language)
    } catch (err) {
      ended?.('failed')
      logger.error({ err }, 'mail could not be prepared')
      return { kind: 'failed', result: { error: 'could not be prepared' } }
    }
    const { template, to } = envelope
    try {
      const file = await transport.deliver(envelope)
      ended?.('sent')
      logger.info({ template, ...(file && { file }) }, file ? 'mail written to the outbox' : 'mail sent')
      return { kind: 'done' }
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).replaceAll(to, '(recipient)')
      const outcome = retry(tries, { template, reason }, error)
      if (outcome.kind === 'failed') {
        ended?.('failed')
        logger.error({ template, recipient: fingerprint(to), tries, reason }, 'mail could not be sent')
      }
      // Prepared once: its link stays the one that was issued.
      return outcome.kind === 'again'
        ? { ...outcome, payload: JSON.stringify({ mail, locale: stored.locale }) }
        : outcome
    }
  }

  const retry = (tries: number, result: object, error?: unknown): Exclude<Outcome, { kind: 'done' }> => {
    const after = isPermanent(error) ? undefined : backoff[tries - 1]
    return after === undefined ? { kind: 'failed', result } : { kind: 'again', after, result }
  }

  const lane = options.queue.open({
    kind: 'mail',
    // One after the other keeps the order of files.
    width: smtpUrl ? 2 : 1,
    secret: true,
    keepsDone: false,
    hurries: true,
    deliver,
  })

  const store = (stored: Stored): void => {
    const { waiting } = lane.load()
    if (waiting >= maximumQueue) {
      ended?.('dropped')
      logger.error({ queue: waiting }, 'mail dropped: the queue is full')
      return
    }
    const storing = lane.add([{ payload: JSON.stringify(stored) }])
    storing.catch((err: unknown) => {
      ended?.('dropped')
      logger.error({ err }, 'mail dropped: it could not be stored')
    })
    currentAuditContext()?.settling.push(storing)
  }

  return {
    send: (mail) => store({ mail: wearing(mail, currentBrand()), locale: spokenLocale() }),

    deferred(name, prepare) {
      prepared.set(name, prepare as (data: object) => Promise<Mail | undefined>)
      return (data) => {
        const { settling: _, ...context } = currentAuditContext() ?? { actor: { kind: 'server' as const } }
        store({ deferred: name, data, context, locale: spokenLocale(), brand: currentBrand() })
      }
    },

    defer(prepare) {
      const { waiting } = background.load()
      const [locale, brand] = [spokenLocale(), currentBrand()]
      if (waiting >= maximumQueue) logger.error({ queue: waiting }, 'mail dropped: the queue is full')
      else
        background.push(async () => {
          try {
            const mail = await prepare()
            if (mail !== undefined) store({ mail: wearing(mail, brand), locale })
          } catch (error) {
            ended?.('failed')
            logger.error({ err: error }, 'mail could not be prepared')
          }
        })
    },

    async deliver(mail) {
      const { template } = mail
      const envelope = compose(mail, await languageOf(mail, spokenLocale()))
      try {
        const file = await transport.deliver(envelope)
        ended?.('sent')
        logger.info({ template, ...(file && { file }) }, file ? 'mail written to the outbox' : 'mail sent')
        return file
      } catch (error) {
        ended?.('failed')
        const reason = (error instanceof Error ? error.message : String(error)).replaceAll(
          mail.to,
          '(recipient)',
        )
        logger.error(
          { template, recipient: fingerprint(mail.to), tries: 1, reason },
          'mail could not be sent',
        )
        throw error
      }
    },

    async idle() {
      await background.idle()
      await lane.idle()
    },

    load() {
      const [here, queued] = [background.load(), lane.load()]
      return { running: here.running + queued.running, waiting: here.waiting + queued.waiting }
    },

    check: () => transport.check(),

    async close() {
      await withDeadline(drainMilliseconds, async (late) => {
        await Promise.race([
          background.idle(),
          new Promise((resolve) => late.addEventListener('abort', resolve)),
        ])
        await lane.close(late)
        if (late.aborted)
          logger.error({}, 'the mail server did not take all mail in time: it stays in the queue')
      })
      transport.close()
    },
  }
}

/** With the brand of the page that it was asked for on, where it belongs to one. */
const wearing = <Given extends Mail | undefined>(mail: Given, brand: BrandedBy | undefined): Given =>
  mail === undefined || mail.brand !== undefined || brand === undefined || !AWAITED.has(mail.template)
    ? mail
    : { ...mail, brand }

const isSaid = (tag: string | null | undefined): tag is string => typeof tag === 'string'

/** RFC 5321 §4.2.1: a 5yz answer stays the same however often one asks. */
const isPermanent = (error: unknown): boolean => {
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  return typeof code === 'number' && code >= 500
}

/** Lets two log lines be told to concern one receiver, without the address standing in the log. */
const fingerprint = (address: string): string =>
  createHash('sha256').update(address).digest('hex').slice(0, 16)
