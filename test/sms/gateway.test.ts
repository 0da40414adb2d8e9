import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGuardedFetch } from '../../src/http/outgoing/guarded-fetch.ts'
import { NO_PRIVATE_HOSTS } from '../../src/http/outgoing/private-hosts.ts'
import { createSmsGateway, type GatewaySettings } from '../../src/sms/gateway.ts'
import {
  type FakeGateway,
  startTwilioLike,
  startVonageLike,
  TWILIO_SECRET,
  twilioSettings,
  VONAGE_SECRET,
  vonageSettings,
} from '../support/sms-gateway.ts'

const NUMBER = '+4915112345678'
const message = {
  to: NUMBER,
  text: 'naïve & "quoted" code 123456\n\n@id.example.com #123456',
  code: '123456',
}

const settingsOf = (rows: {
  sms_url: string
  sms_headers?: string
  sms_body?: string
  sms_success?: string
}) => ({
  smsUrl: rows.sms_url,
  smsHeaders: rows.sms_headers ?? '',
  smsBody: rows.sms_body ?? '',
  smsSuccess: rows.sms_success ?? '',
})
const gatewayOf = (settings: GatewaySettings, secret: string | undefined, issuer = 'http://localhost:3000') =>
  createSmsGateway({
    settings,
    secret,
    secretHost: new URL(settings.smsUrl).hostname,
    fetch: createGuardedFetch(issuer, NO_PRIVATE_HOSTS),
  })

describe('a Twilio-like gateway: a form, HTTP Basic, 201', () => {
  let fake: FakeGateway
  beforeAll(async () => {
    fake = await startTwilioLike()
  })
  afterEach(() => {
    fake.next = undefined
  })
  const gateway = (secret: string | undefined = TWILIO_SECRET) =>
    gatewayOf(settingsOf(twilioSettings(fake)), secret)

  test('gets the message as it is', async () => {
    expect(await gateway().send(message)).toEqual({ kind: 'sent' })
    expect(fake.messages.at(-1)).toEqual({ to: NUMBER, text: message.text })
    expect(fake.requests.at(-1)).toMatchObject({
      method: 'POST',
      url: '/2010-04-01/Accounts/ACfake/Messages.json',
    })
  })

  test('a number that it refuses (21211), wrong credentials, too many requests: the reason, and no secret', async () => {
    const refused = await gateway().send({ ...message, to: '+4915110000000' })
    expect(refused).toEqual({ kind: 'failed', reason: 'status 400', answerCode: '21211' })
    const strange = await gateway('ACfake:wrong').send(message)
    expect(strange).toEqual({ kind: 'failed', reason: 'status 401', answerCode: '20003' })
    fake.next = { status: 429, body: '{"code": 20429, "message": "Too Many Requests"}' }
    expect(await gateway().send(message)).toEqual({
      kind: 'failed',
      reason: 'status 429',
      answerCode: '20429',
    })
  })

  test('no certain answer is told apart from a refusal: the message may have been taken', async () => {
    for (const status of [500, 502, 504]) {
      fake.next = { status, body: '' }
      expect(await gateway().send(message)).toEqual({
        ...{ kind: 'failed', reason: `status ${status}`, maybeSent: true },
      })
    }
    const failing = (error: Error) =>
      createSmsGateway({
        settings: settingsOf(twilioSettings(fake)),
        secret: TWILIO_SECRET,
        secretHost: '127.0.0.1',
        fetch: () => Promise.reject(error),
      })
    const late = new DOMException('The operation timed out.', 'TimeoutError')
    expect(await failing(late).send(message)).toMatchObject({ kind: 'failed', maybeSent: true })
    const caused = (code: string) =>
      new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) })
    expect(await failing(caused('ECONNRESET')).send(message)).toMatchObject({ maybeSent: true })
    expect(await failing(caused('ECONNREFUSED')).send(message)).not.toHaveProperty('maybeSent')
  })

  test('the secret goes to no other host than SMS_HOST', async () => {
    const before = fake.requests.length
    const [to, fetch] = [
      `${fake.url}/?to={to}&text={text}`,
      createGuardedFetch('http://localhost:3000', NO_PRIVATE_HOSTS),
    ]
    for (const rows of [
      { sms_url: `${to}&s={secret}` },
      { sms_url: to, sms_headers: 'X-Key: {secret}' },
      { sms_url: to, sms_body: 'key={secret_base64}' },
    ])
      for (const secretHost of ['api.twilio.com', undefined]) {
        const gateway = createSmsGateway({
          settings: settingsOf(rows),
          secret: TWILIO_SECRET,
          secretHost,
          fetch,
        })
        const reason = 'sms_url leads to another host than SMS_HOST'
        expect(await gateway.send(message)).toEqual({ kind: 'failed', reason })
      }
    expect(fake.requests.length).toBe(before)
  })

  test('without SMS_SECRET nothing is asked', async () => {
    const before = fake.requests.length
    expect(await gateway('').send(message)).toEqual({ kind: 'failed', reason: 'SMS_SECRET is not set' })
    expect(fake.requests).toHaveLength(before)
  })

  test('no redirect is followed, and no long answer read', async () => {
    fake.next = { status: 302, body: '', headers: { location: `${fake.url}/stolen` } }
    expect(await gateway().send(message)).toEqual({
      kind: 'failed',
      reason: 'it answered with a redirect',
    })
    expect(fake.requests.filter(({ url }) => url === '/stolen')).toEqual([])
    fake.next = { status: 200, body: 'x'.repeat(70_000) }
    expect(await gateway().send(message)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('65536'),
    })
  })

  test('a code that comes back in an answer is no reason', async () => {
    fake.next = { status: 400, body: '{"code": "123456"}' }
    expect(await gateway().send(message)).toEqual({ kind: 'failed', reason: 'status 400' })
  })
})

describe('a Vonage-like gateway: JSON, and 200 for whatever happened', () => {
  let fake: FakeGateway
  beforeAll(async () => {
    fake = await startVonageLike()
  })
  const gateway = (secret: string) => gatewayOf(settingsOf(vonageSettings(fake)), secret)

  test('gets the message as it is', async () => {
    expect(await gateway(VONAGE_SECRET).send(message)).toEqual({ kind: 'sent' })
    expect(fake.messages.at(-1)).toEqual({ to: NUMBER, text: message.text })
  })

  test('a failure with status 200 is one', async () => {
    expect(await gateway('wrong').send(message)).toEqual({
      kind: 'failed',
      reason: 'status 200 without the text of sms_success',
      answerCode: '4',
    })
  })
})

test('a gateway that is one address alone is asked by GET', async () => {
  const fake = await startTwilioLike()
  fake.next = { status: 200, body: 'ok' }
  const gateway = gatewayOf(
    settingsOf({ sms_url: `${fake.url}/send?to={to}&text={text}&key={secret}`, sms_success: 'OK ' }),
    's',
  )
  expect(await gateway.send(message)).toMatchObject({ kind: 'failed' })
  fake.next = { status: 200, body: 'OK 17' }
  expect(await gateway.send(message)).toEqual({ kind: 'sent' })
  const { method = '', url = '' } = fake.requests.at(-1) ?? {}
  expect([method, Object.fromEntries(new URL(url, fake.url).searchParams)]).toEqual([
    'GET',
    { to: NUMBER, text: message.text, key: 's' },
  ])
})

test('SSRF: from a public issuer no gateway inside is asked that PRIVATE_HOSTS does not name', async () => {
  const fake = await startTwilioLike()
  const gateway = gatewayOf(settingsOf(twilioSettings(fake)), TWILIO_SECRET, 'https://id.example.com')
  expect(await gateway.send(message)).toEqual({
    kind: 'failed',
    reason: 'not a public address: see PRIVATE_HOSTS',
  })
  expect(fake.requests).toEqual([])
})

test('one that is not there, or whose secret breaks a header, fails without the secret in the reason', async () => {
  const gone = await startTwilioLike()
  const settings = settingsOf(twilioSettings(gone))
  await gone.stop()
  expect(await gatewayOf(settings, TWILIO_SECRET).send(message)).toEqual({
    kind: 'failed',
    reason: 'no answer (ECONNREFUSED)',
  })
  const broken = { ...settings, smsHeaders: 'Authorization: Bearer {secret}' }
  const outcome = await gatewayOf(broken, 'sec\nret').send(message)
  expect(outcome).toMatchObject({ kind: 'failed' })
  expect(JSON.stringify(outcome)).not.toContain('ret')
})

test('without a number or a text in the template nothing is sent', async () => {
  const outcome = await gatewayOf(settingsOf({ sms_url: 'https://sms.example/?to={to}' }), '').send(message)
  expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('{text}') })
})
