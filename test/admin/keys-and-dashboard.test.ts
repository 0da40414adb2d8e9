import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeyRotation } from '../../src/oidc/keys/rotation.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { pastMidnight } from '../support/midnight.ts'
import { discover } from '../support/relying-party.ts'
import { signedIn } from './console.ts'

const DAY = 86_400_000

describe.each(engines)('keys and overview on %s', (engine) => {
  let latchkey: Latchkey
  const ahead = pastMidnight()
  let shift = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + ahead + shift })
  })
  afterAll(() => latchkey?.stop())

  test('the overview counts by day, as a plot and as a table', async () => {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin`)
    expect(page.text).toMatch(/Sign-ins [1-9]\d* people who signed in, last 30 days/)
    expect(page.text).toMatch(/Lockouts 0 accounts that were locked/)
    expect(page.body).toContain('<svg class="plot"')
    expect(page.text).toContain('As a table of lockouts')
  })

  test('the keys page says which clients a key signs for', async () => {
    const client = await latchkey.createClient({ first_party: true, client_name: 'Harbour Notes' })
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
      redirectUri: client.redirect_uri,
    })
    const user = await latchkey.createUser()
    const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
    const request = await party.authorize()
    const back = await browser.signIn(await browser.open(request.url), {
      identifier: user.username,
      password: PASSWORD,
    })
    await party.callback(back.url, request)
    await expect.poll(() => latchkey.services.usage.keyUses()).toMatchObject([{ clientId: client.client_id }])
    const admin = await signedIn(latchkey)
    const page = await admin.browser.open(`${latchkey.issuer}/admin/keys`)
    expect(page.status).toBe(200)
    expect(page.text).toMatch(/RS256rs256-.* signsfrom .*Harbour Notes/)
    // Beside the use of the key, by another statement.
    await latchkey.services.usage.idle()
    const today = new Date(Date.now() + ahead).toISOString().slice(0, 10)
    expect((await latchkey.services.usage.activeClients(today)).get(today)).toBe(1)
  })

  test('rotating: the new key waits its hour; what signs, or is about to, cannot be withdrawn, and what has signed can', async () => {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/keys`)
    const rotated = await browser.submit(page, { Which: 'ES256' }, { button: 'Rotate' })
    expect(rotated.text).toContain('They sign in an hour')
    const keys = await latchkey.services.keys.list()
    const pending = keys.find(({ state }) => state === 'pending')
    expect(pending?.alg).toBe('ES256')
    const signing = keys.find(({ state, alg }) => state === 'signing' && alg === 'ES256')
    const csrf = rotated.forms[0]?.fields.find(({ name }) => name === 'csrf_token')?.value ?? ''
    const retire = (kid: string) =>
      browser.visit({
        url: new URL(`${latchkey.issuer}/admin/keys/retire`),
        method: 'POST',
        body: new URLSearchParams({ kid, csrf_token: csrf }),
        headers: { 'sec-fetch-site': 'same-origin' },
      })
    expect((await retire(signing?.kid ?? '')).status).toBe(409)
    expect((await retire('no-such-key')).status).toBe(404)
    // The one that is about to sign cannot go either: its predecessor is on its way out.
    expect((await retire(pending?.kid ?? '')).status).toBe(409)
    shift = 3_700_000
    try {
      expect((await latchkey.services.keys.list()).find(({ kid }) => kid === signing?.kid)?.state).toBe(
        'published',
      )
      await latchkey.services.keys.retire(signing?.kid ?? '')
      expect((await latchkey.services.keys.list()).find(({ kid }) => kid === signing?.kid)?.state).toBe(
        'withdrawn',
      )
    } finally {
      shift = 0
    }
  })

  test('who is not an administrator sees nothing; an auditor sees, and changes nothing', async () => {
    const stranger = await createHttpBrowser().open(`${latchkey.issuer}/admin/keys`)
    expect(stranger.url.pathname).toBe('/login')
    const user = await signedIn(latchkey, 'user')
    expect((await user.browser.open(`${latchkey.issuer}/admin`)).status).toBe(403)
    const auditor = await signedIn(latchkey, 'auditor')
    const page = await auditor.browser.open(`${latchkey.issuer}/admin/keys`)
    expect([page.status, page.forms.length]).toEqual([200, 0])
  })

  test('ASVS 7.5.3: after fifteen minutes a dangerous act asks to sign in again, and is offered again', async () => {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/keys`)
    shift = 16 * 60_000
    const again = await browser.submit(page, { Which: 'EdDSA' }, { button: 'Rotate' })
    shift = 0
    expect(again.url.pathname).toBe('/login')
    expect(again.url.searchParams.get('return_to')).toMatch(/^\/confirm\//)
    expect(again.text).toContain('Sign in again to confirm')
  })

  test('keys rotate by age, once, whichever process is first', async () => {
    const { services } = latchkey
    const rotate = createKeyRotation({ ...services, days: () => 90 })
    expect(await rotate()).toBe(0)
    shift = 91 * DAY
    const made = await Promise.all(Array.from({ length: 5 }, () => rotate()))
    expect(made.reduce((sum, each) => sum + each, 0)).toBe(4)
    expect((await services.keys.list()).filter(({ state }) => state === 'pending')).toHaveLength(4)
    expect(await rotate()).toBe(0)
    expect(await createKeyRotation({ ...services, days: () => 0 })()).toBe(0)
    shift = 0
  })
})

describe.each(engines)('the overview of a server that needs somebody, on %s', (engine) => {
  let latchkey: Latchkey
  let shift = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + shift })
  })
  afterAll(() => latchkey?.stop())

  /** As somebody sees it who signs in at that moment. */
  const overview = async () => {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin`)
    const [, attention = ''] = page.text.split('Needs attention')
    return { ...page, attention: attention.split('Sign-ins')[0] ?? '' }
  }

  test('nothing needs anybody: nothing is said of it', async () => {
    const page = await overview()
    expect(page.text).not.toContain('Needs attention')
    // What was done lately.
    expect(page.text).toMatch(/Lately .*admin/)
  })

  test('a webhook that fails, a secret in use that ends, a mail that failed, refusals that rise, an old key', async () => {
    const { webhooks, queue, clients, db, clock } = latchkey.services
    const hook = await webhooks.create({ url: 'http://127.0.0.1:9/', events: ['*'] })
    await webhooks.test(hook.id)
    await queue.run()
    const client = await latchkey.createClient({ client_name: 'Nightly' })
    const kept = await latchkey.createClient({ client_name: 'Daily' })
    for (const { client_id } of [client, kept])
      await clients.rotateSecret(client_id, { keepOldSeconds: 3_600 })
    await db.prisma.clientSecret.updateMany({
      where: { clientId: client.client_id },
      data: { lastUsedAt: new Date(clock()) },
    })
    const failed = { kind: 'mail', status: 'failed', due: new Date(clock()), createdAt: new Date(clock()) }
    await db.prisma.delivery.create({ data: { ...failed, id: 'failed-mail', payload: '' } })
    for (let i = 0; i < 12; i++)
      await fetch(`${latchkey.issuer}/authorize?client_id=nobody${i}&response_type=code`)
    await latchkey.services.rejections.flush()
    const { attention } = await overview()
    expect(attention).toContain('Nothing arrives at the webhook 127.0.0.1:9')
    expect(attention).toMatch(/A secret of Nightly that is in use ends in (1 hour|\d+ minutes)/)
    expect(attention).not.toContain('Daily')
    expect(attention).toContain('A message could not be sent')
    expect(attention).toContain('12 requests were refused in the last 24 hours; 0 are usual')
    expect(attention).not.toContain('key has signed')
    shift = 366 * DAY
    await db.prisma.delivery.deleteMany({})
    const keys = await latchkey.services.keys.list()
    expect(keys.some(({ state }) => state === 'signing')).toBe(true)
    const later = await overview()
    expect(later.attention).toMatch(/key has signed for 366 days/)
    expect(later.attention).not.toContain('requests were refused')
    shift = 0
  })

  test('a number is told against the thirty days before', async () => {
    const user = await latchkey.createUser()
    const fail = async (times: number) => {
      for (let i = 0; i < times; i++)
        await latchkey.services.accounts.authenticate({ identifier: user.username, password: 'wrong' })
      await latchkey.services.audit.idle()
    }
    shift = 400 * DAY
    await fail(2)
    shift += 31 * DAY
    expect((await overview()).text).toMatch(/Failed sign-ins 0 [^:]*: −100 % on the 30 days before/)
    await fail(3)
    expect((await overview()).text).toMatch(/Failed sign-ins 3 [^:]*: \+50 % on the 30 days before/)
    shift += 60 * DAY
    expect((await overview()).text).not.toMatch(/Failed sign-ins \d+ [^:]*on the 30 days before/)
    shift = 0
  })
})
