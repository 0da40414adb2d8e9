import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { limits } from '../../src/shared/limits.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'

const [perAddress, perAccount] = limits.signIn

describe.each(engines)('ASVS 6.1.1: limits do not punish success, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, env: { RATE_LIMIT: 'on', TRUST_PROXY: 'loopback' } })
  })
  afterAll(() => latchkey.stop())

  let hosts = 0
  const elsewhere = () => `198.51.100.${++hosts}`
  const login = (from: string, email: string, password = PASSWORD) =>
    fetch(`${latchkey.issuer}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': from },
      body: JSON.stringify({ email, password }),
    })

  test('31 people behind one address sign in within a minute: one after the other, and all at once', async () => {
    const from = elsewhere()
    const people: string[] = []
    for (let n = 0; n <= perAddress.max; n++) people.push((await latchkey.createUser()).email)
    for (const email of people) expect((await login(from, email)).status).toBe(200)
    const answers = await Promise.all(people.map((email) => login(from, email)))
    expect(answers.map(({ status }) => status)).toEqual(people.map(() => 200))
    // Wrong ones count as ever, each once.
    const statuses: number[] = []
    for (let n = 0; n < perAddress.max + 2; n++)
      statuses.push((await login(from, `nobody-${n}@example.com`, 'wrong')).status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(perAddress.max)
    expect(statuses.slice(-2)).toEqual([429, 429])
  })

  test('one account signs in with the right password as often as it likes, also many times at once', async () => {
    const { email } = await latchkey.createUser()
    for (let n = 0; n < perAccount.max + 5; n++) expect((await login(elsewhere(), email)).status).toBe(200)
    const from = elsewhere()
    const answers = await Promise.all(Array.from({ length: 40 }, () => login(from, email)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  })

  test('right passwords give back what they took and nothing else: wrong ones in between stay counted', async () => {
    const { email } = await latchkey.createUser()
    const from = elsewhere()
    let wrong = 0
    let status = 401
    for (let n = 0; status === 401 && n < 60; n++) {
      status = (await login(from, `nobody-${n}@example.com`, 'wrong')).status
      if (status === 401) wrong++
      if (status === 401 && n % 5 === 0 && wrong < perAddress.max)
        expect((await login(from, email)).status).toBe(200)
    }
    expect(wrong).toBe(perAddress.max)
  })

  test('wrong passwords at once are no more than the limit, and none waits for ever', async () => {
    const from = elsewhere()
    const answers = await Promise.all(
      Array.from({ length: 150 }, (_, n) => login(from, `crowd-${n}@example.com`, 'wrong')),
    )
    const count = (status: number) => answers.filter((answer) => answer.status === status).length
    expect(count(401)).toBeLessThanOrEqual(perAddress.max)
    expect(count(401) + count(429) + count(503)).toBe(150)
  })

  test('an app signs people in by the pages for longer than the limit of an account, as a certification run does', async () => {
    const { email } = await latchkey.createUser()
    const client = await latchkey.createClient({ first_party: true })
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
      redirectUri: client.redirect_uri,
    })
    const headers = { 'x-forwarded-for': elsewhere() }
    for (let n = 0; n < perAccount.max + 2; n++) {
      const browser = createHttpBrowser({ headers, stopAt: [client.redirect_uri] })
      const request = await party.authorize({ parameters: { prompt: 'login' } })
      const page = await browser.open(request.url)
      const back = await browser.signIn(page, { identifier: email, password: PASSWORD })
      expect((await party.callback(back.url, request)).claims()).toMatchObject({ amr: ['pwd'] })
    }
  })

  test('authorization requests that end in a code count for nothing', async () => {
    const { email } = await latchkey.createUser()
    const client = await latchkey.createClient({ first_party: true })
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
      redirectUri: client.redirect_uri,
    })
    const headers = { 'x-forwarded-for': elsewhere() }
    const browser = createHttpBrowser({ headers, stopAt: [client.redirect_uri] })
    await browser.signIn(await browser.open((await party.authorize()).url), {
      identifier: email,
      password: PASSWORD,
    })
    const { url } = await party.authorize()
    for (let n = 0; n < limits.authorization[0].max + 5; n++)
      expect((await browser.open(url)).url.searchParams.get('code')).not.toBeNull()
    const broken = new URL(url)
    broken.searchParams.set('client_id', 'nobody')
    const first = await browser.open(broken)
    expect(first.headers.get('ratelimit-remaining')).toBe(String(limits.authorization[0].max - 1))
  })

  test('HTTP Basic with the right password from a fresh program each time', async () => {
    const { email } = await latchkey.createUser()
    for (let n = 0; n < perAccount.max + 5; n++) {
      // Another spelling is another entry of what is remembered, so each is a check of its own.
      const name = email.replace(/[a-z]/g, (letter, at) =>
        at % 15 === n % 15 ? letter.toUpperCase() : letter,
      )
      const answer = await fetch(`${latchkey.issuer}/api/auth/me`, {
        headers: {
          authorization: `Basic ${btoa(`${name}:${PASSWORD}`)}`,
          'x-forwarded-for': elsewhere(),
          'x-forwarded-proto': 'https',
        },
      })
      expect(answer.status).toBe(200)
    }
  })

  test('opening a link that works, and using it, counts for nothing', async () => {
    const from = elsewhere()
    const { email } = await latchkey.createUser()
    await latchkey.services.accounts.forgot(email)
    const { link } = await latchkey.mailTo(email)
    const open = (url: string | URL) => fetch(url, { headers: { 'x-forwarded-for': from } })
    const most = limits.oneTimeToken[0].max
    for (let n = 0; n < most + 5; n++) expect((await open(link)).status).toBe(200)
    const statuses: number[] = []
    for (let n = 0; n <= most; n++)
      statuses.push((await open(`${latchkey.issuer}/reset-password?token=${n}`)).status)
    expect(statuses.filter((status) => status === 410)).toHaveLength(most)
    expect(statuses.at(-1)).toBe(429)
  })
})
