import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Mailer, MailLog } from './mailer.ts'
import type { Mail, MailTemplate } from './templates.ts'

/** Mails that anybody can cause who types an address into a form. The others tell of what has happened. */
const askedForByAnybody: ReadonlySet<MailTemplate> = new Set([
  'verify-email',
  'already-registered',
  'reset-password',
  'locked',
])

/** How many receivers are remembered; the one that was written to longest ago goes first. */
const remembered = 50_000

/**
 * A mailer that writes to one address so often and no more, whoever asks and from however many addresses: nobody's
 * mailbox is flooded through our forms. Each template counts by itself, so that one cannot be used to hold back
 * another. What is held back is logged; whoever asked sees no difference. Counts are this process's own.
 *
 * @param options.most mails of one template to one address in `window` milliseconds
 */
export function limitRecipients(
  mailer: Mailer,
  options: { most: number; window: number; clock: Clock; logger: MailLog },
): Mailer {
  const { most, window, clock, logger } = options
  /** When mails went out, oldest first, by template and receiver. */
  const sent = new Map<string, number[]>()

  const admit = ({ to, template }: Mail): boolean => {
    if (!askedForByAnybody.has(template)) return true
    const recipient = createHash('sha256').update(to).digest('hex').slice(0, 16)
    const key = `${template} ${recipient}`
    const now = clock()
    const times = (sent.get(key) ?? []).filter((time) => time > now - window)
    const admitted = times.length < most
    if (admitted) times.push(now)
    else logger.info({ template, recipient }, 'mail held back: this address has had enough of them')
    sent.delete(key)
    sent.set(key, times)
    const [oldest] = sent.keys()
    if (sent.size > remembered && oldest !== undefined) sent.delete(oldest)
    return admitted
  }

  return {
    ...mailer,
    send(mail) {
      if (admit(mail)) mailer.send(mail)
    },
    defer: (prepare) =>
      mailer.defer(async () => {
        const mail = await prepare()
        return mail && admit(mail) ? mail : undefined
      }),
  }
}
