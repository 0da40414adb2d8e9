import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { machine, person } from '../admin/rest/support.ts'
import { createInstallation } from '../cli/harness.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Mailbox, startMailbox } from '../support/mailbox.ts'

const BUTTON = { button: 'Send a test message to me' }

describe.each(engines)('a test message, on %s', (engine) => {
  let latchkey: Latchkey
  let box: Mailbox
  let answer: number | undefined
  beforeAll(async () => {
    box = await startMailbox({ answer: () => answer })
    latchkey = await startLatchkey({ engine, env: { SMTP_URL: box.smtpUrl } })
  })
  afterAll(async () => {
    await latchkey?.stop()
    await box?.stop()
  })
  beforeEach(() => {
    answer = undefined
    box.messages.length = 0
  })
  const url = () => `${latchkey.issuer}/admin/settings`

  test('goes from the console to the administrator who asks, and to nobody else', async () => {
    const { browser, username } = await signedIn(latchkey)
    const page = await browser.submit(await browser.open(url()), {}, BUTTON)
    expect(page.text).toContain('The test message is sent.')
    expect(box.messages.map(({ to, subject }) => [to, subject])).toEqual([
      [`${username}@example.com`, expect.stringMatching(/^A test message from /)],
    ])
  })

  test('that the mail server refuses says what it said, in the console and by REST', async () => {
    const { browser } = await signedIn(latchkey)
    answer = 550
    const page = await browser.submit(await browser.open(url()), {}, BUTTON)
    expect(page.status).toBe(422)
    expect(page.text).toMatch(/was not sent\. The mail server says: .*550.*refused by the test/)
    const { rest } = await person(latchkey, 'admin')
    expect(await rest.post('/settings/test-mail')).toMatchObject({
      status: 200,
      json: { sent: false, problem: expect.stringContaining('refused by the test') },
    })
    // It is not tried again.
    expect(await latchkey.services.mailer.load()).toEqual({ running: 0, waiting: 0 })
  })

  test('by REST goes to the person of the token; a client for itself has no address, an auditor may not', async () => {
    const { rest, username } = await person(latchkey, 'admin')
    const to = `${username}@example.com`
    expect(await rest.post('/settings/test-mail')).toMatchObject({
      status: 200,
      json: { sent: true, to, problem: null },
    })
    expect(box.messages.map((mail) => mail.to)).toEqual([to])
    const { rest: ofMachine } = await machine(latchkey)
    expect(await ofMachine.post('/settings/test-mail')).toMatchObject({
      status: 409,
      json: { code: 'no_address' },
    })
    const { rest: ofAuditor } = await person(latchkey, 'auditor')
    expect((await ofAuditor.post('/settings/test-mail')).status).toBe(403)
    expect(box.messages).toHaveLength(1)
  })

  test('is not offered to an auditor, whose form is refused', async () => {
    const { browser } = await signedIn(latchkey, 'auditor')
    expect((await browser.open(url())).text).not.toContain('Send a test message')
  })
})

describe('on the command line', () => {
  const stops: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })

  test('it goes to a user, and says where it lies without a mail server', async () => {
    const installation = await createInstallation()
    stops.push(() => installation.remove())
    const run = (...argv: string[]) => installation.run(argv)
    await installation.run(
      [
        'users',
        'create',
        '--username',
        'ada',
        '--email',
        'ada@example.com',
        '--verified',
        '--password-stdin',
      ],
      { stdin: PASSWORD },
    )
    const sent = await run('settings', 'test-mail', 'ada', '--json')
    expect(sent.json()).toEqual({
      sent: true,
      to: 'ada@example.com',
      file: expect.stringMatching(/outbox\/.*-test-.*\.eml$/),
    })
    expect(await run('settings', 'test-mail', 'nobody')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('There is no user nobody.'),
    })
  })
})
