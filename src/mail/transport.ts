import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../shared/clock.ts'
import type { Sender } from './sender.ts'
import type { MailTemplate, RenderedMail } from './templates.ts'

/** One message on its way to one address. */
export interface Envelope extends RenderedMail {
  from: Sender
  to: string
  template: MailTemplate
}

export interface MailTransport {
  /** Hands a message over. Returns the file it went to, if it is one. Throws what the server answered. */
  deliver(envelope: Envelope): Promise<string | undefined>
  /** Rejects when messages could not be handed over now. */
  check(): Promise<void>
  close(): void
}

/** RFC 3676: a reader may put the lines of a paragraph together again. */
const TEXT = 'text/plain; charset=utf-8; format=flowed; delsp=yes'

/** The receiver as an object: a string would be parsed, and could name more than one. */
const messageOf = ({ from, to, subject, text, html, language }: Envelope) => ({
  from: { name: from.name ?? '', address: from.address },
  to: { name: '', address: to },
  subject,
  alternatives: [
    { contentType: TEXT, content: text },
    { contentType: 'text/html; charset=utf-8', content: html },
  ],
  headers: {
    // RFC 3834 §5: nothing answers by itself.
    'Auto-Submitted': 'auto-generated',
    'Content-Language': language,
  },
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** Loads nodemailer with the first message: 3 MiB, and a server may never send one. */
function atFirstUse<Opened extends { close(): void }>(create: (nodemailer: Nodemailer) => Opened) {
  let opened: Promise<Opened> | undefined
  return {
    open(): Promise<Opened> {
      if (opened !== undefined) return opened
      const opening = import('nodemailer').then(create)
      opened = opening
      // What could not be loaded now is tried again with the next message.
      opening.catch(() => {
        opened = undefined
      })
      return opening
    },
    close: () =>
      void opened?.then(
        (transport) => transport.close(),
        () => undefined,
      ),
  }
}

type Nodemailer = typeof import('nodemailer')

/**
 * @param smtpUrl smtp://user:password@host:port (STARTTLS when the server offers it; `?requireTLS=true` insists)
 *   or smtps://
 */
export function createSmtpTransport(smtpUrl: string): MailTransport {
  const smtp = atFirstUse(({ createTransport }) =>
    createTransport({
      url: smtpUrl,
      pool: true,
      maxConnections: 2,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
    }),
  )
  return {
    async deliver(envelope) {
      await (await smtp.open()).sendMail(messageOf(envelope))
      return undefined
    },
    async check() {
      await (await smtp.open()).verify()
    },
    close: smtp.close,
  }
}

/**
 * The same message in plain lines, for people and scripts that read the file: quoted-printable would cut links and write “=3D”
 * for “=”. A line may have 998 bytes (RFC 5322 §2.1.1); those of the texts keep far below that.
 */
const readable = (envelope: Envelope) => {
  const { alternatives, ...message } = messageOf(envelope)
  const part = ({ contentType, content }: (typeof alternatives)[number]) => ({
    raw: [
      `Content-Type: ${contentType}`,
      'Content-Transfer-Encoding: 8bit',
      '',
      ...content.split(/\r?\n/),
    ].join('\r\n'),
  })
  return { ...message, alternatives: alternatives.map(part) }
}

/** Writes each message to a file of its own, named by time and template; a reader never sees half a file. */
export function createOutbox(outboxDir: string, clock: Clock): MailTransport {
  const composer = atFirstUse(({ createTransport }) =>
    createTransport({ streamTransport: true, buffer: true, newline: 'windows' }),
  )
  let written = 0
  return {
    async deliver(envelope) {
      const { message } = await (await composer.open()).sendMail(readable(envelope))
      const time = new Date(clock()).toISOString().replaceAll(/[-:.]/g, '')
      const order = String(written++).padStart(6, '0')
      const name = `${time}-${order}-${envelope.template}-${randomBytes(4).toString('hex')}.eml`
      const file = join(outboxDir, name)
      await mkdir(outboxDir, { recursive: true, mode: 0o700 })
      await writeFile(`${file}.tmp`, message, { mode: 0o600, flag: 'wx' })
      await rename(`${file}.tmp`, file)
      return file
    },
    async check() {
      await mkdir(outboxDir, { recursive: true, mode: 0o700 })
      await access(outboxDir, constants.W_OK)
    },
    close: composer.close,
  }
}
