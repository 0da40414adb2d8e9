import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createMailer, type Mail, type Mailer } from '../../src/mail/mailer.ts'
import type { Queue } from '../../src/queue/queue.ts'
import {
  type AuditContext,
  currentAuditContext,
  runInAuditContext,
  settled,
} from '../../src/shared/audit-context.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { eventually } from '../support/eventually.ts'
import { codeIn, linkIn, type Mailbox, readOutbox, startMailbox } from '../support/mailbox.ts'
import { openQueue } from '../support/queue.ts'
import { migratedDatabase } from '../support/template.ts'

const issuer = 'https://id.example.com/tenant'
const link = `${issuer}/verify-email?token=${'t'.repeat(43)}`
const verification: Mail = {
  to: 'ada@example.org',
  template: 'verify-email',
  data: { username: 'ada', link, code: '012345', validFor: 86_400 },
}

let dataDir: string
let db: Database
let outboxDir: string
let box: Mailbox
let answer: number | undefined
let refusals: number
let lines: { level: string; facts: object; message: string }[]
const mailers: Mailer[] = []

const logger = {
  info: (facts: object, message: string) => lines.push({ level: 'info', facts, message }),
  error: (facts: object, message: string) => lines.push({ level: 'error', facts, message }),
}
const mailer = (
  options: { smtpUrl?: string; from?: string; backoff?: number[]; queue?: Queue } = {},
): Mailer => {
  const created = createMailer({
    queue: openQueue(db),
    outboxDir,
    issuer,
    logger,
    clock: () => Date.UTC(2026, 10, 22),
    backoff: [1, 1],
    ...options,
  })
  mailers.push(created)
  return created
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'latchkey-mail-queue-'))
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
  await db.prisma.delivery.deleteMany()
  outboxDir = join(await mkdtemp(join(tmpdir(), 'latchkey-mail-')), 'outbox')
  lines = []
  answer = undefined
  refusals = 0
  box = await startMailbox({
    answer: () => {
      if (answer) refusals++
      return answer
    },
  })
})

afterEach(async () => {
  await Promise.all(mailers.splice(0).map((each) => each.close()))
  await box.stop()
  await rm(join(outboxDir, '..'), { recursive: true, force: true })
})

test('a mail arrives over SMTP with the same link, code and words as text and as HTML', async () => {
  mailer({ smtpUrl: box.smtpUrl }).send(verification)
  const mail = await box.waitForMail('ada@example.org', /^Verify your email address for id\.example\.com$/)
  expect(linkIn(mail).href).toBe(link)
  expect(codeIn(mail)).toBe('012345')
  expect(mail.html).toContain(`href="${link}"`)
  expect(mail.html).toContain('012345')
  expect(mail.headers.from).toBe('Latchkey <no-reply@id.example.com>')
  const words = (text: string) =>
    text
      .replaceAll(/<[^>]+>|https?:\/\/\S+|[^a-z0-9]+/gi, ' ')
      .trim()
      .split(/\s+/)
  const shown = new Set(words(mail.html.slice(mail.html.indexOf('<body'))))
  expect(words(mail.text).filter((word) => !shown.has(word))).toEqual([])
})

test('a message in the outbox can be read, and its link copied, as it lies there', async () => {
  const long = `${issuer}/interaction/${'i'.repeat(40)}?flow=${'f'.repeat(60)}&token=${'t'.repeat(43)}`
  const written = mailer()
  written.send({ ...verification, data: { ...verification.data, username: 'Zoë', link: long } })
  await written.idle()
  const [mail] = await readOutbox(outboxDir)
  const lines = mail?.raw.split('\r\n') ?? []
  expect(lines).toContain(long)
  expect(lines.map((line) => line.trim())).toContain('012345')
  expect(mail?.raw).toContain('Zoë')
  expect(mail?.raw).not.toMatch(/quoted-printable|base64|=3D|=\r\n/)
  expect(mail?.html).toContain(`href="${long.replaceAll('&', '&amp;')}"`)
  expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(998)
})

test('without an SMTP server messages are private files, and the log names file and template but no token', async () => {
  const post = mailer()
  post.send(verification)
  await post.idle()
  const [name = ''] = await readdir(outboxDir)
  expect(name).toMatch(/^20261122T000000000Z-000000-verify-email-[0-9a-f]{8}\.eml$/)
  expect((await stat(join(outboxDir, name))).mode & 0o777).toBe(0o600)
  expect((await stat(outboxDir)).mode & 0o777).toBe(0o700)
  expect(lines).toEqual([
    {
      level: 'info',
      facts: { template: 'verify-email', file: join(outboxDir, name) },
      message: 'mail written to the outbox',
    },
  ])
  expect(JSON.stringify(lines)).not.toMatch(/tttt|012345|ada@/)
})

test.each([
  ['a line break in the receiver', 'ada@example.org\r\nBcc: eve@evil.example'],
  ['two receivers', 'ada@example.org, eve@evil.example'],
  ['a receiver with a name', 'Ada <eve@evil.example>'],
  ['a group of receivers', 'group:eve@evil.example;'],
])('%s is refused before anything is sent', async (_, to) => {
  const post = mailer({ smtpUrl: box.smtpUrl })
  post.send({ ...verification, to })
  await post.idle()
  expect(box.messages).toEqual([])
  expect(lines).toMatchObject([{ level: 'error', message: 'mail could not be prepared' }])
})

test('a name cannot add headers, lines or HTML to a mail', async () => {
  const username = 'x\r\nBcc: eve@evil.example\r\n\r\n<img src=x>\u2028<b>'
  const post = mailer({ smtpUrl: box.smtpUrl })
  post.send({ ...verification, data: { ...verification.data, username } })
  await post.idle()
  expect(box.messages.map(({ to }) => to)).toEqual(['ada@example.org'])
  const [mail] = box.messages
  expect(Object.keys(mail?.headers ?? {})).not.toContain('bcc')
  expect(mail?.html).not.toContain('<img')
  expect(mail?.text).toContain('x Bcc: eve@evil.example <img src=x> <b>')
})

test('a sender with a line break is refused at start', () => {
  expect(() => mailer({ from: 'a@b.example\r\nBcc: c@d.example' })).toThrow(/control characters/)
})

test('a passing refusal is tried again, up to three times in all', async () => {
  answer = 451
  const post = mailer({ smtpUrl: box.smtpUrl })
  post.send(verification)
  await post.idle()
  expect(refusals).toBe(3)
  expect(lines).toMatchObject([
    { level: 'error', facts: { template: 'verify-email', tries: 3 }, message: 'mail could not be sent' },
  ])
  expect(JSON.stringify(lines)).not.toMatch(/tttt|012345|ada@example/)

  answer = undefined
  post.send(verification)
  await box.waitForMail('ada@example.org', /Verify/)
})

test('receivers whose server says “not now” hold nobody else up', async () => {
  const picky = await startMailbox({ answer: () => (refusals++ < 4 ? 450 : undefined) })
  const post = mailer({ smtpUrl: picky.smtpUrl, backoff: [3_600_000] })
  for (let slow = 0; slow < 4; slow++) post.send({ ...verification, to: `slow${slow}@example.org` })
  post.send(verification)
  await picky.waitForMail('ada@example.org', /Verify/)
  await post.close()
  expect(picky.messages.map(({ to }) => to).sort()).toEqual(
    ['ada@example.org', ...[0, 1, 2, 3].map((slow) => `slow${slow}@example.org`)].sort(),
  )
  await picky.stop()
})

test('a final refusal (5yz) is not tried again', async () => {
  answer = 550
  const post = mailer({ smtpUrl: box.smtpUrl })
  post.send(verification)
  await post.idle()
  expect(refusals).toBe(1)
})

test('a mail server that is down fails nobody but the mail', async () => {
  const gone = await startMailbox()
  await gone.stop()
  const post = mailer({ smtpUrl: gone.smtpUrl })
  expect(() => post.send(verification)).not.toThrow()
  await post.idle()
  expect(lines).toMatchObject([{ level: 'error', facts: { tries: 3 } }])
  await expect(post.check()).rejects.toThrow()
})

test('closing sends what is queued and does not wait for the next try', async () => {
  const post = createMailer({
    queue: openQueue(db),
    outboxDir,
    issuer,
    logger,
    clock: Date.now,
    smtpUrl: box.smtpUrl,
    backoff: [3_600_000, 3_600_000, 3_600_000],
  })
  answer = 451
  post.send(verification)
  for (let more = 0; more < 10; more++) post.send({ ...verification, to: `user${more}@example.org` })
  await post.close()
  expect(refusals).toBe(33)
  // Whoever starts next has them.
  expect(await db.prisma.delivery.count({ where: { kind: 'mail', status: 'waiting' } })).toBe(11)
})

test('deferred work that fails or finds nothing to send is no mail and no crash', async () => {
  const post = mailer()
  post.defer(async () => undefined)
  post.defer(async () => {
    throw new Error('database gone')
  })
  post.defer(async () => verification)
  await post.idle()
  expect(await readOutbox(outboxDir)).toHaveLength(1)
  expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('a mail is in the database, sealed, before the answer to what caused it; and the next process sends it', async () => {
  answer = 451
  const secrets = createSecrets('k'.repeat(40))
  const first = mailer({ smtpUrl: box.smtpUrl, queue: openQueue(db, { secrets }), backoff: [60_000] })
  const context: AuditContext = { actor: { kind: 'anonymous' }, settling: [] }
  runInAuditContext(context, () => first.send(verification))
  await settled(context)
  const [row] = await db.prisma.delivery.findMany()
  expect(row).toMatchObject({ kind: 'mail', status: 'waiting' })
  expect(JSON.stringify(row)).not.toMatch(/t{8}|\b012345\b|ada@/)

  await eventually(() => expect(refusals).toBe(1))
  answer = undefined
  // As after a kill: nobody gives anything back.
  const next = openQueue(db, { secrets, clock: () => Date.now() + 120_000 })
  mailer({ smtpUrl: box.smtpUrl, queue: next })
  await eventually(async () => {
    await next.run()
    expect(box.messages.map(({ to }) => to)).toEqual(['ada@example.org'])
  })
  await eventually(async () => expect(await db.prisma.delivery.count()).toBe(0))
})

test('what a request has asked for is prepared as its actor, again if it fails, and once only if it does not', async () => {
  const actors: (AuditContext | undefined)[] = []
  let fails = 1
  const post = mailer({ smtpUrl: box.smtpUrl, backoff: Array.from({ length: 100 }, () => 5) })
  const ask = post.deferred<{ name: string }>('test', async ({ name }) => {
    actors.push(currentAuditContext())
    if (fails-- > 0) throw new Error('database gone')
    return { ...verification, data: { ...verification.data, username: name } }
  })
  const actor = { kind: 'account' as const, id: 'a1' }
  const context: AuditContext = { actor, address: '192.0.2.1', requestId: 'r1', settling: [] }
  runInAuditContext(context, () => ask({ name: 'grace' }))
  await settled(context)
  answer = 451
  await eventually(() => expect(refusals).toBeGreaterThan(0))
  answer = undefined
  await post.idle()
  expect(actors).toMatchObject(
    Array.from({ length: 2 }, () => ({ actor, address: '192.0.2.1', requestId: 'r1' })),
  )
  expect(box.messages).toHaveLength(1)
  expect(box.messages[0]?.text).toContain('grace')
})

test('a mail that cannot be stored is an answer that is not given', async () => {
  const broken = openQueue({
    ...db,
    writes: { run: () => Promise.reject(new Error('disk full')) } as never,
  })
  const post = mailer({ queue: broken })
  const context: AuditContext = { actor: { kind: 'anonymous' }, settling: [] }
  runInAuditContext(context, () => post.send(verification))
  await expect(settled(context)).rejects.toThrow('disk full')
  expect(lines).toMatchObject([{ level: 'error', message: 'mail dropped: it could not be stored' }])
  // Without a request to tell, it is told to the log alone.
  post.send(verification)
  await post.idle()
  expect(lines).toHaveLength(2)
})
