import { createHmac, createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCookieSigner } from '../../src/oidc/sessions/cookie-signer.ts'

const bytes = Buffer.alloc(32, 7)
const signer = createCookieSigner(createSecretKey(bytes))

// What keygrip signs with, and how it writes it.
const byKeygrip = (data: string) =>
  createHmac('sha1', bytes.toString('base64url'))
    .update(data)
    .digest('base64')
    .replaceAll('/', '_')
    .replaceAll('+', '-')
    .replaceAll('=', '')

test('cookies that keygrip has signed stay good', () => {
  for (let count = 0; count < 50; count++) {
    const data = `_session=${count}`
    expect(signer.sign(data)).toBe(byKeygrip(data))
    expect(signer.index(data, byKeygrip(data))).toBe(0)
  }
})

test.each([
  ['another text', (right: string) => `${right.startsWith('A') ? 'B' : 'A'}${right.slice(1)}`],
  ['a shorter one', (right: string) => right.slice(0, -2)],
  ['a longer one', (right: string) => `${right}AAAA`],
  ['nothing', () => ''],
  ['the same bytes written otherwise', (right: string) => `${right}=`],
  [
    'the same bytes with other bits at the end',
    (right: string) => right.slice(0, -1) + after(right.slice(-1)),
  ],
  ['characters outside of the alphabet', () => '\u0000 !é'.repeat(9)],
])('%s is no signature', (_, forged) => {
  const right = signer.sign('_session=1')
  expect(signer.verify('_session=1', forged(right))).toBe(false)
  expect(signer.index('_session=1', forged(right))).toBe(-1)
})

/** The next character of the alphabet: of the last one of 27, two bits are not used. */
function after(character: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return alphabet[alphabet.indexOf(character) + 1] ?? 'A'
}
