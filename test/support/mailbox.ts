import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { PATIENCE } from './patience.ts'

/** A received message, parsed. `to` is the envelope's receiver for SMTP and the header's for the outbox. */
export interface ReceivedMail {
  to: string
  subject: string
  text: string
  html: string
  /** Every header by its lower-case name. */
  headers: Record<string, string>
  raw: string
}

const received = async (raw: Buffer | string, to?: string): Promise<ReceivedMail> => {
  const mail: Email = await PostalMime.parse(raw)
  return {
    to: to ?? mail.to?.[0]?.address ?? '',
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html ?? '',
    headers: Object.fromEntries(mail.headers.map(({ key, value }) => [key, value])),
    raw: raw.toString(),
  }
}

/**
 * A real SMTP server on a free port of the loopback interface.
 *
 * @param options.answer an SMTP status to refuse the next message with (450, 550), or undefined to take it
 */
export async function startMailbox(options: { answer?: () => number | undefined } = {}) {
  const messages: ReceivedMail[] = []
  const listeners = new Set<() => void>()
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const refusal = options.answer?.()
        if (refusal)
          return callback(Object.assign(new Error('refused by the test'), { responseCode: refusal }))
        const raw = Buffer.concat(chunks)
        const receivers = session.envelope.rcptTo.map(({ address }) => address)
        Promise.all(receivers.map((to) => received(raw, to))).then((mails) => {
          messages.push(...mails)
          callback()
          for (const listener of listeners) listener()
        }, callback)
      })
    },
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()
  if (address === null || typeof address === 'string') throw new Error('the mail server has no port')

  /** The first message (also among those already here) to an address whose subject matches. */
  const waitForMail = (to: string, subject: RegExp, milliseconds = PATIENCE): Promise<ReceivedMail> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const mail = messages.find((message) => message.to === to && subject.test(message.subject))
        if (!mail) return
        stop()
        resolve(mail)
      }
      const stop = (): void => {
        clearTimeout(timer)
        listeners.delete(look)
      }
      const timer = setTimeout(() => {
        stop()
        const seen = messages.map((message) => `${message.to}: ${message.subject}`).join('; ')
        reject(new Error(`no mail to ${to} matching ${subject}; seen: ${seen || 'none'}`))
      }, milliseconds)
      listeners.add(look)
      look()
    })

  return {
    smtpUrl: `smtp://127.0.0.1:${address.port}`,
    messages,
    waitForMail,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

export type Mailbox = Awaited<ReturnType<typeof startMailbox>>

/** The messages in an outbox folder, oldest first. A folder that does not exist is empty. */
export async function readOutbox(dir: string): Promise<ReceivedMail[]> {
  const names = await readdir(dir).catch(() => [])
  const files = names.filter((name) => name.endsWith('.eml')).sort()
  return Promise.all(files.map(async (name) => received(await readFile(join(dir, name)))))
}

/** The first link in a mail's text, and the 6-digit code if there is one. */
export function linkIn(mail: Pick<ReceivedMail, 'text'>): URL {
  const link = /https?:\/\/\S+/.exec(mail.text)?.[0]
  if (!link) throw new Error('this mail holds no link')
  return new URL(link)
}

export function codeIn(mail: Pick<ReceivedMail, 'text'>): string {
  const code = /^\s*(\d{6})\s*$/m.exec(mail.text)?.[1]
  if (!code) throw new Error('this mail holds no code')
  return code
}
