// Mail owns: the texts (views/mail), the queue, the way out (SMTP or files). It does not own: who gets what and when,
// and the links in a message; the sending feature decides those.
//
//   send / defer ──> queue (memory) ──> render ──> SMTP   ── refused or down ──> 2 more tries ──> log
//                                                       └──> outbox/*.eml when there is no SMTP server
//
// The queue is in memory: what a killed process had not sent is lost. A person who waits for a link can ask for another
// one (docs/decisions/0002-accounts.md). An orderly end drains the queue.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../shared/clock.ts'
import { createDeliveryQueue } from './queue.ts'
import { createMailTemplates, type Mail } from './templates.ts'
import { createOutbox, createSmtpTransport, type Envelope } from './transport.ts'

export type { Mail } from './templates.ts'

/** The part of a pino logger that mail needs. */
export interface MailLog {
  info(details: object, message: string): void
  error(details: object, message: string): void
}

export interface Mailer {
  /** Queues a mail and returns at once. Delivery failures are logged, never thrown. */
  send(mail: Mail): void
  /**
   * Queues work that ends in a mail, or in none. For what a response must not depend on: whether an address is
   * known, above all. A failure is logged.
   */
  defer(prepare: () => Promise<Mail | undefined>): void
  /** Resolves when everything queued so far is sent or given up. */
  idle(): Promise<void>
  /** Messages being sent, and waiting for it or for another try. */
  load(): { running: number; waiting: number }
  /** Rejects when mail cannot be sent now (`doctor`). */
  check(): Promise<void>
  /** Sends what is queued, for at most ten seconds and without waiting between tries, then closes the connections. */
  close(): Promise<void>
}

/** One address, nothing that a mail header could be broken with. */
const singleAddress = /^[^\s@<>,;:"()[\]\\\p{C}]+@[^\s@<>,;:"()[\]\\\p{C}]+$/u

const maximumQueue = 10_000

/** How long an ending process waits for its queue. */
const drainMilliseconds = 10_000

/**
 * @param options.smtpUrl without one, messages are written to `outboxDir`
 * @param options.from “Name <address>” or an address; default: no-reply at the issuer's host. Read for each message
 * @param options.backoff milliseconds before the second and the third try
 * @param options.ended told what became of each message
 * @throws when `from` holds a line break
 */
export function createMailer(options: {
  smtpUrl?: string | undefined
  readonly from?: string | undefined
  outboxDir: string
  issuer: string
  logger: MailLog
  clock: Clock
  viewsDir?: string
  backoff?: readonly number[]
  ended?: ((result: 'sent' | 'failed' | 'dropped') => void) | undefined
}): Mailer {
  const { smtpUrl, issuer, outboxDir, logger, clock, ended } = options
  const sender = (): string => {
    const from = options.from ?? `Latchkey <no-reply@${new URL(issuer).hostname}>`
    if (/\p{Cc}/u.test(from)) throw new Error('The sender of mails must not hold control characters.')
    return from
  }
  sender()
  const viewsDir = options.viewsDir ?? join(import.meta.dirname, '../../views')
  const render = createMailTemplates({ issuer, viewsDir })
  const transport = smtpUrl ? createSmtpTransport(smtpUrl) : createOutbox(outboxDir, clock)

  const queue = createDeliveryQueue({
    transport,
    width: smtpUrl ? 2 : 1,
    backoff: options.backoff ?? [2_000, 15_000],
    delivered({ template }, file) {
      ended?.('sent')
      logger.info({ template, ...(file && { file }) }, file ? 'mail written to the outbox' : 'mail sent')
    },
    failed({ template, to }, error, tries) {
      ended?.('failed')
      const reason = (error instanceof Error ? error.message : String(error)).replaceAll(to, '(recipient)')
      logger.error({ template, recipient: fingerprint(to), tries, reason }, 'mail could not be sent')
    },
  })

  const compose = (mail: Mail): Envelope => {
    if (!singleAddress.test(mail.to)) throw new Error('a mail needs exactly one address to go to')
    return { from: sender(), to: mail.to, template: mail.template, ...render(mail) }
  }

  const push = (prepare: () => Promise<Mail | undefined>): void => {
    if (queue.length >= maximumQueue) {
      ended?.('dropped')
      logger.error({ queue: queue.length }, 'mail dropped: the queue is full')
      return
    }
    queue.push(async () => {
      try {
        const mail = await prepare()
        return mail && compose(mail)
      } catch (error) {
        ended?.('failed')
        logger.error({ err: error }, 'mail could not be prepared')
        return undefined
      }
    })
  }

  return {
    send: (mail) => push(async () => mail),
    defer: push,
    idle: () => queue.idle(),
    load: () => ({ running: queue.running, waiting: queue.length }),
    check: () => transport.check(),
    async close() {
      queue.hurry()
      const drained = queue.idle().then(() => true)
      let deadline: NodeJS.Timeout | undefined
      const late = new Promise<false>((resolve) => {
        deadline = setTimeout(() => resolve(false), drainMilliseconds)
      })
      if (!(await Promise.race([drained, late]))) {
        logger.error({ queue: queue.length }, 'mail dropped: the server did not take it in time')
        queue.drop()
      }
      clearTimeout(deadline)
      transport.close()
    },
  }
}

/** Lets two log lines be told to concern one receiver, without the address standing in the log. */
const fingerprint = (address: string): string =>
  createHash('sha256').update(address).digest('hex').slice(0, 16)
