import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createSealedCookies } from '../../src/http/cookies/sealed-cookie.ts'
import { parseForm, parseUrlEncoded } from '../../src/http/forms/forms.ts'
import { safeReturnTo } from '../../src/http/return-to.ts'

const issuer = new URL('https://id.example')

describe('safeReturnTo', () => {
  test.each([
    ['/account', '/account'],
    ['/', '/'],
    ['/interaction/abc?x=1#y', '/interaction/abc?x=1#y'],
    ['/a/../b', '/b'],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/x?next=https://evil.example', '/x?next=https://evil.example'],
  ])('%j leads to %j', (value, expected) => expect(safeReturnTo(issuer, value)).toBe(expected))

  test.each([
    [undefined],
    [null],
    [''],
    ['account'],
    [['/account']],
    ['https://evil.example'],
    ['https://id.example/account'],
    ['//evil.example'],
    ['///evil.example'],
    ['/\\evil.example'],
    ['\\\\evil.example'],
    ['/\t/evil.example'],
    ['/\n/evil.example'],
    [' /account'],
    ['/.//evil.example'],
    ['/a/..//evil.example'],
    ['/account\r\nset-cookie: a=b'],
    ['/\u0000'],
    ['javascript:alert(1)'],
    ['//id.example@evil.example'],
    [`/${'a'.repeat(3000)}`],
  ])('%j leads to the default', (value) => expect(safeReturnTo(issuer, value, '/home')).toBe('/home'))
})

describe('sealed cookies', () => {
  const schema = z.object({ account: z.string() })
  const key = createSecretKey(Buffer.alloc(32, 1))
  let now = 1_000_000
  const sealed = createSealedCookies(key, () => now)

  test('open what was sealed, for the same purpose, until it expires', () => {
    const value = sealed.seal('flow', { account: 'ada-lovelace' }, 60)
    expect(value).not.toContain('ada-lovelace')
    expect(sealed.open('flow', value, schema)).toEqual({ account: 'ada-lovelace' })
    expect(sealed.open('other', value, schema)).toBeUndefined()
    now += 59_000
    expect(sealed.open('flow', value, schema)).toEqual({ account: 'ada-lovelace' })
    now += 1_000
    expect(sealed.open('flow', value, schema)).toBeUndefined()
  })

  test('two seals of one value differ', () => {
    expect(sealed.seal('flow', { account: 'ada-lovelace' }, 60)).not.toBe(
      sealed.seal('flow', { account: 'ada-lovelace' }, 60),
    )
  })

  test('any changed byte, another key, another shape, rubbish: undefined', () => {
    const value = sealed.seal('flow', { account: 'ada-lovelace' }, 60)
    const bytes = Buffer.from(value, 'base64url')
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(sealed.open('flow', changed.toString('base64url'), schema)).toBeUndefined()
    }
    expect(
      createSealedCookies(createSecretKey(Buffer.alloc(32, 2)), () => now).open('flow', value, schema),
    ).toBeUndefined()
    expect(sealed.open('flow', value, z.object({ account: z.number() }))).toBeUndefined()
    for (const rubbish of [undefined, '', 'x', 'A'.repeat(5000), '%%%']) {
      expect(sealed.open('flow', rubbish, schema)).toBeUndefined()
    }
  })
})

describe('forms', () => {
  const schema = z.object({
    email: z.email('This is not an email address.'),
    password: z.string().min(12, 'Too short.').regex(/x/, 'No x.'),
  })

  test('a good form gives its value', () => {
    const body = { email: 'ada@example.org', password: 'xxxxxxxxxxxx' }
    expect(parseForm(schema, body)).toEqual({ ok: true, value: body })
  })

  test('a bad one gives the first message of each field, and back what is no secret', () => {
    const body = {
      email: 'ada',
      password: 'short',
      code: '123456',
      token: 't',
      csrf_token: 'c',
      given_name: 'Ada',
    }
    expect(parseForm(schema, body)).toEqual({
      ok: false,
      errors: { email: 'This is not an email address.', password: 'Too short.' },
      values: { email: 'ada', given_name: 'Ada' },
    })
  })

  test('no body is a form without fields', () => {
    expect(parseForm(schema, undefined)).toMatchObject({ ok: false, values: {} })
  })

  test('parsing keeps plus, space, umlauts and empty values apart', () => {
    expect(parseUrlEncoded('a=1+2&b=1%2B2&c=%C3%BC&d=&e&f=x%3Dy=z')).toEqual({
      a: '1 2',
      b: '1+2',
      c: 'ü',
      d: '',
      e: '',
      f: 'x=y=z',
    })
  })

  test('__proto__ is a field like any other and changes no prototype', () => {
    const fields = parseUrlEncoded('__proto__=1')
    expect(Object.entries(fields)).toEqual([['__proto__', '1']])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})
