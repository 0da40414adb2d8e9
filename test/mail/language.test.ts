import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMailer, type Mail, type MailLanguage } from '../../src/mail/mailer.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Mailbox, readOutbox, startMailbox } from '../support/mailbox.ts'
import { openQueue } from '../support/queue.ts'
import { migratedDatabase } from '../support/template.ts'

const mail: Mail = {
  to: 'ada@example.org',
  template: 'factor-locked',
  data: { username: 'ada', resetLink: 'https://id.example.com/forgot-password' },
}
const GERMAN = /^Zu viele falsche Codes/
const ENGLISH = /^Too many wrong codes/

describe('a mailer', () => {
  let dataDir: string
  let db: Database
  let box: Mailbox
  let locales: Record<string, string | null>
  let asked: string[]
  let refusals: number
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'latchkey-mail-language-'))
    db = await openDatabase({
      databaseUrl: await migratedDatabase('sqlite', dataDir),
      dataDir,
      clock: Date.now,
    })
  })
  afterAll(async () => {
    await db.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  beforeEach(async () => {
    ;[locales, asked, refusals] = [{}, [], 0]
    await db.prisma.delivery.deleteMany()
    box = await startMailbox({ answer: () => (refusals-- > 0 ? 451 : undefined) })
    return () => box.stop()
  })
  const language = (fallback: string): MailLanguage => ({
    async ofAccount(login) {
      asked.push(login)
      return locales[login]
    },
    fallback: () => fallback,
  })
  const mailer = (fallback = 'en', backoff = [1]) =>
    createMailer({
      ...{ queue: openQueue(db), smtpUrl: box.smtpUrl, outboxDir: join(dataDir, 'outbox'), backoff },
      ...{ issuer: 'https://id.example.com', clock: Date.now, language: language(fallback) },
      logger: { info: () => undefined, error: () => undefined },
    })

  async function sent(fallback: string, send: (to: ReturnType<typeof mailer>) => void) {
    const post = mailer(fallback)
    send(post)
    await post.idle()
    await post.close()
    expect(box.messages).toHaveLength(1)
    const [message] = box.messages
    return { subject: message?.subject ?? '', language: message?.headers['content-language'], message }
  }

  test('writes in the language of the account, whatever request caused the mail', async () => {
    locales = { ada: 'de-AT' }
    const { subject, language, message } = await sent('en', (post) => inLocale('en', () => post.send(mail)))
    expect(subject).toMatch(GERMAN)
    expect(language).toBe('de')
    expect(message?.html).toContain('<html lang="de" dir="ltr">')
    expect(message?.text).toContain('Wenn Sie das waren, warten Sie, und versuchen Sie es noch einmal.')
    expect(message?.headers['auto-submitted']).toBe('auto-generated')
    expect(Object.keys(message?.headers ?? {}).filter((name) => name.startsWith('list-'))).toEqual([])
    expect(asked).toEqual(['ada'])
  })

  test('looks for an account by the address where the mail names none', async () => {
    locales = { 'ada@example.org': 'de' }
    const { subject } = await sent('en', (post) =>
      post.send({
        to: mail.to,
        template: 'already-registered',
        data: { signInLink: 'https://x.example/login' },
      }),
    )
    expect(subject).toMatch(/^Sie haben schon ein Konto/)
  })

  test.each([null, 'tlh', '../../de'])('else in that of the request (the account says %s)', async (said) => {
    locales = { ada: said }
    expect((await sent('en', (post) => inLocale('de', () => post.send(mail)))).subject).toMatch(GERMAN)
  })

  test.each(['deferred', 'defer'] as const)('also where it is prepared later (%s)', async (how) => {
    const { subject } = await sent('en', (post) => {
      const ask = post.deferred('test', async () => mail)
      inLocale('de', () => (how === 'defer' ? post.defer(async () => mail) : ask({})))
    })
    expect(subject).toMatch(GERMAN)
  })

  test('and also at the second try', async () => {
    refusals = 1
    const post = mailer()
    const ask = post.deferred('again', async () => mail)
    inLocale('de', () => ask({}))
    await post.idle()
    await post.close()
    expect(refusals).toBe(-1)
    expect(box.messages[0]?.subject).toMatch(GERMAN)
  })

  test('else in the one for everybody', async () => {
    expect((await sent('de', (post) => post.send(mail))).subject).toMatch(GERMAN)
    box.messages.length = 0
    // A request in English is not one that says nothing.
    expect((await sent('de', (post) => inLocale('en', () => post.send(mail)))).subject).toMatch(ENGLISH)
  })
})

describe.each(engines)('a server on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())
  const lastTo = async (email: string) => {
    await latchkey.services.mailer.idle()
    return (await readOutbox(join(latchkey.dataDir, 'outbox'))).filter(({ to }) => to === email).at(-1)
  }
  const forgot = async (email: string, language: string) => {
    const browser = createHttpBrowser({ headers: { 'accept-language': language } })
    const page = await browser.open(`${latchkey.issuer}/forgot-password`)
    await browser.submit(page, { email })
    return lastTo(email)
  }

  test('a person who says no language gets the one of their request', async () => {
    const { email } = await latchkey.createUser()
    expect(await forgot(email, 'de')).toMatchObject({ subject: expect.stringMatching(/^Neues Passwort/) })
    expect((await lastTo(email))?.headers['content-language']).toBe('de')
  })

  test('a person who has chosen one gets that, also by the JSON API', async () => {
    const account = await latchkey.services.accounts.createByAdmin({
      ...{
        username: 'frieda',
        email: 'frieda@example.com',
        password: PASSWORD,
        verified: true,
        locale: 'de-CH',
      },
    })
    await latchkey.services.accounts.sendReset(account.id)
    expect(await lastTo('frieda@example.com')).toMatchObject({
      subject: expect.stringMatching(/^Neues Passwort/),
    })
    expect((await forgot('frieda@example.com', 'en'))?.subject).toMatch(/^Neues Passwort/)
  })
})
