import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findingsOf } from '../../src/admin/console/setup/address.ts'
import { createSetupProgress } from '../../src/settings/setup-progress.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { startMailbox } from '../support/mailbox.ts'
import { signedIn } from './console.ts'

const stored = async ({ services }: Latchkey) =>
  JSON.parse(
    (await services.db.prisma.storedSettings.findUnique({ where: { id: 'setup' } }))?.document ?? '{}',
  )

describe.each(engines)('setting up, on %s', (engine) => {
  let latchkey: Latchkey
  let mailbox: Awaited<ReturnType<typeof startMailbox>>
  let refusal: number | undefined
  beforeAll(async () => {
    mailbox = await startMailbox({ answer: () => refusal })
    latchkey = await startLatchkey({
      engine,
      env: { SMTP_URL: mailbox.smtpUrl.replace('//', '//post:quite-secret@') },
    })
  })
  afterAll(async () => {
    await latchkey.stop()
    await mailbox.stop()
  })

  test('the first administrator is led through the steps, leaves one, and takes it up again', async () => {
    const token = await latchkey.services.accounts.setup.open()
    const browser = createHttpBrowser()
    const home = await browser.open(latchkey.issuer)
    expect(home.text).toContain('This server has no administrator yet')
    const form = await browser.open(`${latchkey.issuer}/setup?token=${token}`)
    const wrong = await browser.submit(form, { Username: 'a b', Email: 'first', Password: '' })
    expect(wrong.text).toContain('Use only letters from a to z')
    expect(wrong.text).toContain('Enter an email address')
    expect(wrong.text).toContain('Enter a password.')
    const begun = await browser.submit(form, {
      Username: 'first',
      Email: 'first@example.com',
      Password: PASSWORD,
    })
    expect(begun.url.pathname).toBe('/admin/setup')
    expect((await browser.open(latchkey.issuer)).text).not.toContain('no administrator')
    expect(begun.text.match(/To do/g)?.length).toBeGreaterThanOrEqual(4)

    // Mail: a refusal of the server is said, and is not done; the message that arrives is.
    const mail = await browser.follow(begun, 'Continue with “Mail”')
    expect(mail.text).toContain('With a user name and a password')
    expect(mail.body).not.toContain('quite-secret')
    refusal = 550
    const failed = await browser.submit(mail, {}, { button: 'Send a test message to me' })
    expect([failed.status, failed.url.pathname]).toEqual([422, '/admin/setup/mail'])
    expect(failed.text).toContain('was not sent. The mail server says')
    expect((await stored(latchkey)).steps?.mail).toBeUndefined()
    refusal = undefined

    const skipped = await browser.submit(mail, {}, { button: 'Leave for later Mail' })
    expect([skipped.url.pathname, skipped.url.search]).toEqual(['/admin/setup/address', '?done=skipped'])
    expect(skipped.text).toContain('Step 2 of 4')

    const overview = await browser.open(`${latchkey.issuer}/admin`)
    expect(overview.text).toContain('Finish setting up')
    expect(overview.text).toContain('1 of 4 steps')
    const onward = await browser.follow(overview, 'Continue setting up')
    expect(onward.url.pathname).toBe('/admin/setup/address')

    // This server is on this machine only: that is no public address.
    const unconfirmed = await browser.submit(onward, {}, { button: 'Check again' })
    expect(unconfirmed.status).toBe(422)
    expect(unconfirmed.text).toContain('Step 2 of 4')
    expect((await stored(latchkey)).steps).toEqual({ mail: 'skipped' })

    await latchkey.services.branding.set({ kind: 'server' }, { name: 'Harbour' })
    await latchkey.createClient()
    const later = await browser.submit(unconfirmed, {}, { button: 'Leave for later Public address' })
    // What is there already is done: nothing is left.
    expect(later.url.pathname).toBe('/admin/setup')
    expect(later.text).toContain('Nothing is left open')
    expect((await browser.open(`${latchkey.issuer}/admin`)).text).not.toContain('Finish setting up')
  })

  test('dismissed and shown again; of two browsers at once, neither loses what the other says', async () => {
    await latchkey.services.db.prisma.storedSettings.deleteMany({ where: { id: 'setup' } })
    const { setup } = latchkey.services
    await Promise.all([
      setup.mark('mail', 'done'),
      setup.mark('mail', 'skipped'),
      setup.mark('look', 'skipped'),
      setup.dismiss(true),
    ])
    expect(await stored(latchkey)).toEqual({
      steps: { mail: 'done', look: 'skipped' },
      dismissed: true,
    })
    const { browser } = await signedIn(latchkey)
    expect((await browser.open(`${latchkey.issuer}/admin`)).text).not.toContain('Finish setting up')
    const page = await browser.open(`${latchkey.issuer}/admin/setup`)
    const shown = await browser.submit(page, {}, { button: 'Show on the overview again' })
    expect(shown.text).toContain('The overview leads here')
    const overview = await browser.open(`${latchkey.issuer}/admin`)
    expect(overview.text).toContain('Finish setting up')
    const gone = await browser.submit(overview, {}, { button: 'Dismiss' })
    expect(gone.text).toContain('does not lead here any more')
  })

  test('an auditor looks, and changes nothing; no step by another name', async () => {
    const { browser } = await signedIn(latchkey, 'auditor')
    for (const step of ['', '/mail', '/address', '/look', '/app']) {
      const page = await browser.open(`${latchkey.issuer}/admin/setup${step}`)
      expect([step, page.status, page.forms.length]).toEqual([step, 200, 0])
    }
    expect((await browser.open(`${latchkey.issuer}/admin/setup/constructor`)).status).toBe(404)
  })
})

test('a message that the mail server takes makes the step done; a file does not', async () => {
  const mailbox = await startMailbox()
  const sends = await startLatchkey({ env: { SMTP_URL: mailbox.smtpUrl } })
  const writes = await startLatchkey()
  try {
    for (const [latchkey, words, done] of [
      [sends, 'The test message is sent', { mail: 'done' }],
      [writes, 'There is no mail server yet', undefined],
    ] as const) {
      const { browser } = await signedIn(latchkey)
      const page = await browser.open(`${latchkey.issuer}/admin/setup/mail`)
      if (latchkey === writes)
        expect(page.text).toContain('SMTP_URL=smtps://user:password@mail.example.com:465')
      const sent = await browser.submit(page, {}, { button: 'Send a test message to me' })
      expect(sent.text).toContain(words)
      expect((await stored(latchkey)).steps).toEqual(done)
    }
    expect(mailbox.messages).toHaveLength(1)
  } finally {
    await sends.stop()
    await writes.stop()
    await mailbox.stop()
  }
})

test('a stored document of another version is read as far as it is known', async () => {
  const document = {
    current: () => ({ version: 3, document: '{"steps":{"mail":"done","moon":"done"},"dismissed":"yes"}' }),
    read: async () => document.current(),
    replace: async () => true,
  }
  expect(createSetupProgress(document).current().dismissed).toBe(false)
})

describe('the public address, by the request of a browser', () => {
  const issuer = new URL('https://id.example.com')
  const of = (headers: Record<string, string>, trustsProxy = false) =>
    findingsOf(issuer, trustsProxy, { headers: new Headers(headers), ip: '192.0.2.7' }).map(
      ({ status }) => status,
    )

  test.each([
    ['as it should be', { host: 'id.example.com' }, false, ['ok', 'ok', 'ok']],
    ['with the port of its scheme', { host: 'id.example.com:443' }, false, ['ok', 'ok', 'ok']],
    ['at another host', { host: '10.0.0.4:3000' }, false, ['fail', 'ok', 'ok']],
    ['at another port', { host: 'id.example.com:8443' }, false, ['fail', 'ok', 'ok']],
    [
      'through a proxy that says everything',
      {
        host: 'app:3000',
        'x-forwarded-host': 'id.example.com',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '192.0.2.7',
      },
      true,
      ['ok', 'ok', 'ok'],
    ],
    [
      'through one that lets http in',
      { host: 'id.example.com', 'x-forwarded-proto': 'http', 'x-forwarded-for': '192.0.2.7' },
      true,
      ['ok', 'fail', 'ok'],
    ],
    [
      'through one that is not trusted',
      { host: 'id.example.com', 'x-forwarded-for': '192.0.2.7' },
      false,
      ['ok', 'ok', 'fail'],
    ],
    ['past one that is', { host: 'id.example.com' }, true, ['ok', 'ok', 'warn']],
    ['with a host that is none', { host: ':::' }, false, ['fail', 'ok', 'ok']],
    ['with none', {}, false, ['fail', 'ok', 'ok']],
  ] as const)('%s', (_title, headers, trustsProxy, expected) => {
    expect(of(headers, trustsProxy)).toEqual(expected)
  })

  test('the branding leads back to the wizard for as long as that is not finished', async () => {
    const latchkey = await startLatchkey()
    try {
      const { browser } = await signedIn(latchkey)
      const back = async () =>
        (await browser.open(`${latchkey.issuer}/admin/branding`)).body.includes('href="/admin/setup"')
      expect(await back()).toBe(true)
      await latchkey.services.setup.dismiss(true)
      expect(await back()).toBe(false)
      await latchkey.services.setup.dismiss(false)
      for (const step of ['mail', 'address', 'look', 'app'] as const)
        await latchkey.services.setup.mark(step, 'skipped')
      expect(await back()).toBe(false)
    } finally {
      await latchkey.stop()
    }
  })

  test('what is compared is what came, not what the protocol library is shown', async () => {
    const latchkey = await startLatchkey()
    try {
      const { browser } = await signedIn(latchkey)
      const { port } = new URL(latchkey.issuer)
      const at = (headers: Record<string, string>) =>
        latchkey.app.inject({
          url: '/admin/setup/address',
          headers: { cookie: browser.cookies.header(new URL(latchkey.issuer)), ...headers },
        })
      const direct = await at({ host: `localhost:${port}` })
      expect(direct.body).toContain('No proxy stands before the server')
      const elsewhere = await at({ host: 'other.example', 'x-forwarded-for': '192.0.2.9' })
      expect(elsewhere.body).toContain('Your browser came to other.example')
      expect(elsewhere.body).toContain('A proxy stands before the server')
      const hostile = await at({ host: 'a', 'x-forwarded-host': '<b>x</b>' })
      expect(hostile.body).not.toContain('<b>x</b>')
    } finally {
      await latchkey.stop()
    }
  })

  test('a server on this machine works there, and is no public one', () => {
    const found = findingsOf(new URL('http://localhost:3000'), false, {
      headers: new Headers({ host: 'localhost:3000' }),
      ip: '127.0.0.1',
    })
    expect(found.map(({ status }) => status)).toEqual(['warn', 'warn', 'ok'])
  })
})
